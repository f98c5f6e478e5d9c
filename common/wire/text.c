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
#define EACH_BYTE UINT64_C(0x0101010101010101)

// Whether eight bytes are all 0x01 to 0x7F. Subtracting 1 from each sets the top bit of the lowest
// byte that is 0 (no byte below it borrows), and of no byte if all are 0x01 to 0x7F.
static bool is_plain(const unsigned char *s) {
    uint64_t word;
    memcpy(&word, s, WORD);
    return (((word - EACH_BYTE) | word) & EACH_BYTE * 0x80) == 0;
}

// The same for a text of `size` bytes, at least eight: the last word may overlap the one before it.
static bool all_plain(const unsigned char *s, size_t size) {
    for (size_t i = 0; i + WORD < size; i += WORD)
        if (!is_plain(s + i))
            return false;
    return is_plain(s + size - WORD);
}

bool rf_text_valid(const char *text, size_t size) {
    const unsigned char *s = (const unsigned char *)text;
    if (size >= WORD && all_plain(s, size))
        return true;
    for (size_t i = 0; i < size;) {
        size_t length = size - i >= WORD && is_plain(s + i) ? WORD
                        : s[i] >= 0x01 && s[i] <= 0x7F      ? 1
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
