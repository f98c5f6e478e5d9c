#include "base/utf8.h"

#include <string.h>

// How many bytes a lead byte announces, the bits that it holds itself, and the least code point
// that needs so many bytes (a smaller one is an overlong form).
static size_t announced(unsigned char lead, uint32_t *bits, uint32_t *least) {
    if (lead < 0x80) {
        *bits = lead;
        *least = 0;
        return 1;
    }
    if (lead >= 0xC2 && lead <= 0xDF) {
        *bits = lead & 0x1FU;
        *least = 0x80;
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *bits = lead & 0x0FU;
        *least = 0x800;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *bits = lead & 0x07U;
        *least = 0x10000;
        return 4;
    }
    return 0;
}

size_t rf_utf8_decode(const char *text, size_t size, uint32_t *code) {
    uint32_t bits = 0, least = 0;
    size_t length = size == 0 ? 0 : announced((unsigned char)text[0], &bits, &least);
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)text[i];
        if ((next & 0xC0U) != 0x80U)
            return 0;
        bits = (bits << 6) | (next & 0x3FU);
    }
    if (bits < least || bits > 0x10FFFF || (bits >= 0xD800 && bits <= 0xDFFF))
        return 0;
    *code = bits;
    return length;
}

size_t rf_utf8_encode(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0U | (code >> 6));
        out[1] = (char)(0x80U | (code & 0x3FU));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0U | (code >> 12));
        out[1] = (char)(0x80U | ((code >> 6) & 0x3FU));
        out[2] = (char)(0x80U | (code & 0x3FU));
        return 3;
    }
    out[0] = (char)(0xF0U | (code >> 18));
    out[1] = (char)(0x80U | ((code >> 12) & 0x3FU));
    out[2] = (char)(0x80U | ((code >> 6) & 0x3FU));
    out[3] = (char)(0x80U | (code & 0x3FU));
    return 4;
}

bool rf_utf8_is_control(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200E && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

size_t rf_utf8_cut(const char *text, size_t size, size_t limit_bytes) {
    size_t taken = 0;
    while (taken < size) {
        uint32_t code;
        size_t length = rf_utf8_decode(text + taken, size - taken, &code);
        if (length == 0)
            length = 1;
        if (taken + length > limit_bytes)
            break;
        taken += length;
    }
    return taken;
}

bool rf_utf8_is_text(const char *text) {
    size_t size = strlen(text), length = 1;
    uint32_t code;
    for (size_t at = 0; at < size && length > 0; at += length)
        length = rf_utf8_decode(text + at, size - at, &code);
    return length > 0;
}

void rf_utf8_mend(const char *text, size_t size, char *out, size_t room) {
    size_t used = 0;
    for (size_t i = 0; i < size;) {
        uint32_t code;
        char bytes[4];
        size_t length = rf_utf8_decode(text + i, size - i, &code);
        if (length == 0)
            code = (unsigned char)text[i];
        i += length > 0 ? length : 1;
        if (rf_utf8_is_control(code))
            code = ' ';
        size_t needed = rf_utf8_encode(code, bytes);
        if (used + needed >= room)
            break;
        for (size_t b = 0; b < needed; b++)
            out[used++] = bytes[b];
    }
    out[used] = '\0';
}
