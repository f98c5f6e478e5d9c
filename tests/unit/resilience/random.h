// The random events of the model tests: a generator of their own (xorshift64*), so that nothing is
// shared with what is tested.
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <stdint.h>

struct test_random {
    uint64_t state; // not 0
};

// test_random_below: 0 to most - 1.
static inline int64_t test_random_below(struct test_random *random, int64_t most) {
    random->state ^= random->state >> 12;
    random->state ^= random->state << 25;
    random->state ^= random->state >> 27;
    return (int64_t)((random->state * UINT64_C(2685821657736338717) >> 1) % (uint64_t)most);
}

#endif
