// Seeded random damage, the same in every run.
#ifndef RF_TEST_MUTATE_H
#define RF_TEST_MUTATE_H

#include "wire/wire.h"

uint64_t rf_random_next(void);
size_t rf_random_below(size_t bound);

// rf_random_byte: bytes that mean much in msgpack are likelier than others.
unsigned char rf_random_byte(void);

// rf_mutate: `frame` with some bytes replaced, removed or doubled, in a new buffer of exactly the
// right size, so that reading on is seen; the caller frees it.
unsigned char *rf_mutate(const struct rf_frame *frame, size_t *size);

#endif
