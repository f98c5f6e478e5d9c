// Sixteen bytes at once, for scans of text in hot paths: the compiler's own vectors, which every
// processor that we build for has in some form.
#ifndef RF_BASE_BLOCK_H
#define RF_BASE_BLOCK_H

#include <endian.h>
#include <stdbool.h>
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

// rf_block_head: one whose first `count` bytes, at most all, are 0xFF and whose others are 0.
static inline rf_block rf_block_head(size_t count) {
    static const unsigned char bytes[2 * sizeof(rf_block)] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                              0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                                              0xFF, 0xFF, 0xFF, 0xFF};
    return rf_block_at(bytes + sizeof(rf_block) - count);
}

// rf_block_first: the first byte of `marks` that is not 0, 16 if all are.
static inline size_t rf_block_first(rf_block marks) {
    uint64_t halves[2];
    memcpy(halves, &marks, sizeof halves);
    if (htole64(halves[0]) != 0)
        return (size_t)__builtin_ctzll(htole64(halves[0])) / 8;
    return 8 + (halves[1] == 0 ? 8 : (size_t)__builtin_ctzll(htole64(halves[1])) / 8);
}

// rf_block_any: whether any byte of `marks` is not 0.
static inline bool rf_block_any(rf_block marks) {
    uint64_t halves[2];
    memcpy(halves, &marks, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

// rf_block_of_few: the bytes of a text of 1 to 15, some of them several times, in no order: for
// whether there is one of a kind.
static inline rf_block rf_block_of_few(const void *text, size_t size) {
    const unsigned char *at = text;
    uint64_t halves[2];
    rf_block bytes;
    if (size >= 8) {
        memcpy(&halves[0], at, 8);
        memcpy(&halves[1], at + size - 8, 8);
    } else if (size >= 4) {
        uint32_t quarters[2];
        memcpy(&quarters[0], at, 4);
        memcpy(&quarters[1], at + size - 4, 4);
        halves[0] = halves[1] = (uint64_t)quarters[0] << 32 | quarters[1];
    } else {
        halves[0] = at[0] * UINT64_C(0x0101010101010101);
        halves[1] =
            at[size / 2] * UINT64_C(0x0101010100000000) | at[size - 1] * UINT64_C(0x01010101);
    }
    memcpy(&bytes, halves, sizeof bytes);
    return bytes;
}

#endif
