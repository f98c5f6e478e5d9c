#include "wire/text.h"

#include <stdint.h>
#include <string.h>

#include "base/block.h"
#include "base/utf8.h"

// The length of the character at `s`, 0 if there is none: NUL is none of a text.
static size_t sequence(const unsigned char *s, size_t left) {
    uint32_t code;
    return s[0] == '\0' ? 0 : rf_utf8_decode((const char *)s, left, &code);
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

static rf_block suspects_at(const unsigned char *s) {
    rf_block bytes = rf_block_at(s);
    return (bytes - 1) | bytes;
}

// At least a block: the last may overlap the one before it.
static bool are_blocks_plain(const unsigned char *s, size_t size) {
    rf_block suspects = suspects_at(s + size - sizeof(rf_block));
    for (size_t i = 0; i + sizeof(rf_block) < size; i += sizeof(rf_block))
        suspects |= suspects_at(s + i);
    uint64_t halves[2];
    memcpy(halves, &suspects, sizeof halves);
    return ((halves[0] | halves[1]) & EACH_BYTE * 0x80) == 0;
}

// Whether all are 0x01 to 0x7F, as they are in most texts.
static bool all_plain(const unsigned char *s, size_t size) {
    if (size >= sizeof(rf_block))
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
