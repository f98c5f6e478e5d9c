// Messages to test with, filled from the tables of fields: a new message is tested without a new
// test.
#ifndef RF_TEST_SAMPLE_H
#define RF_TEST_SAMPLE_H

#include "wire/shape.h"
#include "wire/wire.h"

// rf_sample_fill: gives every field of `body` a value that differs from field to field (and from
// seed to seed); with `required_only`, optional fields stay absent. Freed by rf_sample_clear.
void rf_sample_fill(const struct rf_shape *shape, void *body, unsigned seed, bool required_only);
void rf_sample_clear(const struct rf_shape *shape, void *body);

// rf_sample_equal: whether both have the same values; prints the first field that differs.
bool rf_sample_equal(const struct rf_shape *shape, const void *a, const void *b);

// rf_sample_body: zeroed memory for a message of the shape; the caller frees it.
void *rf_sample_body(const struct rf_shape *shape);

#endif
