#include <ringfence/rng.h>

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
uint64_t rf_rng_next(struct rf_rng *rng) {
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

double rf_rng_unit(struct rf_rng *rng) {
    return (double)(rf_rng_next(rng) >> 11) * 0x1.0p-53;
}
