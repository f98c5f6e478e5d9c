// A small seeded generator (splitmix64), so that a run can be repeated.
#ifndef RINGFENCE_RNG_H
#define RINGFENCE_RNG_H

#include <stdint.h>

#pragma GCC visibility push(default)

struct rf_rng {
    uint64_t state; // the seed; any value will do
};

uint64_t rf_rng_next(struct rf_rng *rng);

// rf_rng_unit: uniform in [0, 1).
double rf_rng_unit(struct rf_rng *rng);

#pragma GCC visibility pop

#endif
