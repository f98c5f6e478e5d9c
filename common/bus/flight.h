// How much of what waits for its acknowledgement is under way at once. Pure.
//
// More than the line carries in time would all be taken for lost, and be sent again behind itself.
#ifndef RF_BUS_FLIGHT_H
#define RF_BUS_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus/portion.h"

struct rf_flight {
    struct rf_portion portion;   // what may be under way
    struct rf_duration patience; // with another side that acknowledges nothing
    size_t under_way;            // bytes
    uint64_t resent;             // up to this number all was under way once, and is sent again
    uint64_t timed;              // whose acknowledgement shows the line; 0: none is awaited
    size_t timed_bytes;          // under way when it was sent
    struct rf_instant timed_at;
};

// rf_flight_init: nothing is under way, and never over `most` bytes.
void rf_flight_init(struct rf_flight *flight, size_t most);

// rf_flight_has_room: for `more` bytes, with `bytes` that are about to be sent. One thing alone
// always has.
bool rf_flight_has_room(const struct rf_flight *flight, size_t bytes, size_t more);

// rf_flight_sent: `bytes`, the last of them of the thing with this number.
void rf_flight_sent(struct rf_flight *flight, uint64_t number, size_t bytes, struct rf_instant now);

// rf_flight_acknowledged: all up to this number, which were `bytes` of what is under way.
void rf_flight_acknowledged(struct rf_flight *flight, uint64_t number, size_t bytes,
                            struct rf_instant now);

// rf_flight_rewound: all up to `last` was sent once, and is sent again but for what is `under_way`
// still. An acknowledgement of these shows nothing of the line: it may be of the first time.
void rf_flight_rewound(struct rf_flight *flight, uint64_t last, size_t under_way);

// rf_flight_missed: no acknowledgement came within `patience`, which is doubled up to 20 s until
// one comes.
void rf_flight_missed(struct rf_flight *flight);

#endif
