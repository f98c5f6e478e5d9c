#include "bus/flight.h"

#define PATIENCE      rf_seconds(5)
#define PATIENCE_MOST rf_seconds(20)

void rf_flight_init(struct rf_flight *flight, size_t most) {
    *flight = (struct rf_flight){.patience = PATIENCE};
    rf_portion_init(&flight->portion, most);
}

bool rf_flight_has_room(const struct rf_flight *flight, size_t bytes, size_t more) {
    size_t before = flight->under_way + bytes;
    return before == 0 || before + more <= flight->portion.bytes;
}

void rf_flight_sent(struct rf_flight *flight, uint64_t number, size_t bytes,
                    struct rf_instant now) {
    flight->under_way += bytes;
    if (flight->timed != 0 || number <= flight->resent)
        return;
    flight->timed = number;
    flight->timed_bytes = flight->under_way;
    flight->timed_at = now;
}

void rf_flight_acknowledged(struct rf_flight *flight, uint64_t number, size_t bytes,
                            struct rf_instant now) {
    flight->under_way -= bytes;
    flight->patience = PATIENCE;
    if (flight->timed == 0 || number < flight->timed)
        return;
    rf_portion_came(&flight->portion, flight->timed_bytes, rf_instant_since(now, flight->timed_at));
    flight->timed = 0;
}

void rf_flight_rewound(struct rf_flight *flight, uint64_t last, size_t under_way) {
    flight->timed = 0;
    flight->under_way = under_way;
    if (last > flight->resent)
        flight->resent = last;
}

void rf_flight_missed(struct rf_flight *flight) {
    int64_t longer = flight->patience.ns * 2;
    flight->patience = rf_ns(longer < PATIENCE_MOST.ns ? longer : PATIENCE_MOST.ns);
    rf_portion_missed(&flight->portion);
}
