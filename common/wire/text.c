#include "wire/text.h"

#include <stdint.h>
#include <string.h>

// The length of the valid sequence at `s`, 0 if there is none. RFC 3629, section 4: the second
// byte's range depends on the first.
static size_t sequence(const unsigned char *s, size_t left) {
    unsigned char low = 0x80, high = 0xBF;
    size_t length;
    if (s[0] >= 0x01 && s[0] <= 0x7F)
        return 1;
    if (s[0] >= 0xC2 && s[0] <= 0xDF)
        length = 2;
    else if (s[0] >= 0xE0 && s[0] <= 0xEF)
        length = 3;
    else if (s[0] >= 0xF0 && s[0] <= 0xF4)
        length = 4;
    else
        return 0;
    switch (s[0]) {
    case 0xE0:
        low = 0xA0;
        break;
    case 0xED:
        high = 0x9F;
        break;
    case 0xF0:
        low = 0x90;
        break;
    case 0xF4:
        high = 0x8F;
        break;
    default:
        break;
    }
    if (left < length || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (s[i] < 0x80 || s[i] > 0xBF)
            return 0;
    return length;
}

#define WORD      sizeof(uint64_t)
#define HALF      sizeof(uint32_t)
#define EACH_BYTE UINT64_C(0x0101010101010101)

// Subtracting 1 from each byte sets the top bit of the lowest one that is 0 (no byte below it
// borrows), and of none if all are 0x01 to 0x7F.
static bool is_plain(uint64_t word) {
    return (((word - EACH_BYTE) | word) & EACH_BYTE * 0x80) == 0;
}

static uint64_t word_at(const unsigned char *s) {
    uint64_t word;
    memcpy(&word, s, WORD);
    return word;
}

static uint32_t half_at(const unsigned char *s) {
    uint32_t half;
    memcpy(&half, s, HALF);
    return half;
}

typedef unsigned char block __attribute__((vector_size(2 * WORD)));

static block suspects_at(const unsigned char *s) {
    block bytes;
    memcpy(&bytes, s, sizeof bytes);
    return (bytes - 1) | bytes;
}

// At least a block: the last may overlap the one before it.
static bool are_blocks_plain(const unsigned char *s, size_t size) {
    block suspects = suspects_at(s + size - sizeof(block));
    for (size_t i = 0; i + sizeof(block) < size; i += sizeof(block))
        suspects |= suspects_at(s + i);
    uint64_t halves[2];
    memcpy(halves, &suspects, sizeof halves);
    return ((halves[0] | halves[1]) & EACH_BYTE * 0x80) == 0;
}

// Whether all are 0x01 to 0x7F, as they are in most texts.
static bool all_plain(const unsigned char *s, size_t size) {
    if (size >= sizeof(block))
        return are_blocks_plain(s, size);
    if (size >= WORD)
        return is_plain(word_at(s)) && is_plain(word_at(s + size - WORD));
    if (size >= HALF)
        return is_plain((uint64_t)half_at(s) << 32 | half_at(s + size - HALF));
    uint64_t word = EACH_BYTE; // a few, before what is plain
    for (size_t i = 0; i < size; i++)
        word = word << 8 | s[i];
    return is_plain(word);
}

bool rf_text_valid(const char *text, size_t size) {
    const unsigned char *s = (const unsigned char *)text;
    if (all_plain(s, size))
        return true;
    for (size_t i = 0; i < size;) {
        size_t length = size - i >= WORD && is_plain(word_at(s + i)) ? WORD
                        : s[i] >= 0x01 && s[i] <= 0x7F               ? 1
                                                                     : sequence(s + i, size - i);
        if (length == 0)
            return false;
        i += length;
    }
    return true;
}

char *rf_text_clean(char *text) {
    size_t size = strlen(text);
    for (size_t i = 0; i < size;) {
        size_t length = sequence((const unsigned char *)text + i, size - i);
        if (length == 0) {
            text[i] = '?';
            length = 1;
        }
        i += length;
    }
    return text;
}
