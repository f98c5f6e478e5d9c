// Sixteen bytes at once, for scans of text in hot paths: the compiler's own vectors, which every
// processor that we build for has in some form.
#ifndef RF_BASE_BLOCK_H
#define RF_BASE_BLOCK_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef unsigned char rf_block __attribute__((vector_size(16)));

// rf_block_at: the bytes that begin at `at`.
static inline rf_block rf_block_at(const void *at) {
    rf_block bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

// rf_block_first: the first byte of `marks` that is not 0, 16 if all are.
static inline size_t rf_block_first(rf_block marks) {
    uint64_t halves[2];
    memcpy(halves, &marks, sizeof halves);
    if (htole64(halves[0]) != 0)
        return (size_t)__builtin_ctzll(htole64(halves[0])) / 8;
    return 8 + (halves[1] == 0 ? 8 : (size_t)__builtin_ctzll(htole64(halves[1])) / 8);
}

#endif
