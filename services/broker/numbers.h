// Numbers that ascend without reuse, also over kill -9: they are reserved in blocks, and a block is
// used only after its end stands in a file. What a killed broker had left of its block is skipped.
#ifndef RF_BROKER_NUMBERS_H
#define RF_BROKER_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

// At 300,000 events a second a block lasts 3 s: a disk may stall for half of that unnoticed.
#define RF_NUMBERS_BLOCK INT64_C(1000000)

struct rf_numbers {
    int64_t next;  // given next
    int64_t limit; // reserved up to here, exclusive
    bool asked;    // a reservation is under way
};

// rf_numbers_init: numbers from `first` on, reserved up to `limit` (exclusive).
void rf_numbers_init(struct rf_numbers *numbers, int64_t first, int64_t limit);

// rf_numbers_take: the next number, or 0 when the reservation is used up.
int64_t rf_numbers_take(struct rf_numbers *numbers);

// rf_numbers_low: true once when half of a block is used up: time to reserve the next one.
bool rf_numbers_low(struct rf_numbers *numbers);

// rf_numbers_extend: a reservation up to `limit` (exclusive) stands on disk. A lower one than known
// (a failed attempt to reserve) only lets rf_numbers_low ask again.
void rf_numbers_extend(struct rf_numbers *numbers, int64_t limit);

#endif
