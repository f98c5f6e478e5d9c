// Identifiers: ULIDs, which sort by time (specification: github.com/ulid/spec).
#ifndef RINGFENCE_ID_H
#define RINGFENCE_ID_H

#include <stdint.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

#define RF_ULID_SIZE 27 // 26 characters and the NUL

// rf_ulid_new: a new ULID of time `now`, its 80 random bits from getrandom(2). Thread-safe, and
// safe in a child of fork(2). Returns out.
char *rf_ulid_new(struct rf_utc now, char out[RF_ULID_SIZE]);

// rf_random_u64: 64 bits from getrandom(2), for seeding the generators that cores are given.
uint64_t rf_random_u64(void);

#pragma GCC visibility pop

#endif
