// A short text as two words: its first eight bytes and its last eight, which may be the same ones.
// Texts of the same length up to 16 are the same if both are. Private to common/redact.
#ifndef RF_REDACT_TEXT_PLACE_H
#define RF_REDACT_TEXT_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct rf_text_words {
    uint64_t first, last;
};

// rf_text_words: of a text of 1 byte at least.
static inline struct rf_text_words rf_text_words(const char *text, size_t size) {
    struct rf_text_words words = {0};
    uint32_t half[2];
    if (size >= 8) {
        memcpy(&words.first, text, 8);
        memcpy(&words.last, text + size - 8, 8);
    } else if (size >= 4) {
        memcpy(&half[0], text, 4);
        memcpy(&half[1], text + size - 4, 4);
        words.first = (uint64_t)half[0] << 32 | half[1];
    } else {
        words.first = (uint64_t)(unsigned char)text[0] << 16 |
                      (uint64_t)(unsigned char)text[size / 2] << 8 | (unsigned char)text[size - 1];
    }
    return words;
}

// rf_text_place: where such a text belongs in a table of `places`, a power of two.
static inline size_t rf_text_place(const struct rf_text_words *words, size_t size, size_t places) {
    uint64_t mixed = (words->first ^ words->last * UINT64_C(0x9E3779B97F4A7C15) ^ size) *
                     UINT64_C(0xD6E8FEB86659FD93);
    return (size_t)(mixed >> 40) & (places - 1);
}

// rf_text_is: whether `text` is the one of `size` bytes at `other` with the words `of`.
static inline bool rf_text_is(const struct rf_text_words *words, const char *text, size_t size,
                              const struct rf_text_words *of, const char *other) {
    return words->first == of->first && words->last == of->last &&
           (size <= 16 || memcmp(text + 8, other + 8, size - 16) == 0);
}

#endif
