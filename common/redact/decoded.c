#include "redact/decoded.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define LAYERS 4 // of encodings one in the other

// What stands at a place: so many bytes of the text read as so many of `bytes`.
struct piece {
    size_t length;
    char bytes[4];
    size_t size;
};

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The value of `count` hexadecimal digits, or -1.
static long hex_value(const char *text, size_t size, size_t count) {
    long value = 0;
    if (size < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool reads_as(struct piece *piece, size_t length, uint32_t code) {
    piece->length = length;
    piece->size = code < 0x80 ? 1 : rf_utf8_encode(code, piece->bytes);
    if (code < 0x80)
        piece->bytes[0] = (char)code;
    return true;
}

// Bytes as they are: together they may be UTF-8.
static bool percent_at(const char *text, size_t size, struct piece *piece) {
    long value = hex_value(text + 1, size - 1, 2);
    if (value < 0)
        return false;
    *piece = (struct piece){.length = 3, .bytes = {(char)value}, .size = 1};
    return true;
}

static bool escape_at(const char *text, size_t size, struct piece *piece) {
    static const char escapes[] = "\"\\/nrt", meanings[] = "\"\\/\n\r\t";
    const char *escape = size < 2 ? NULL : memchr(escapes, text[1], sizeof escapes - 1);
    if (escape != NULL)
        return reads_as(piece, 2, (unsigned char)meanings[escape - escapes]);
    long code = size > 2 && text[1] == 'u' ? hex_value(text + 2, size - 2, 4) : -1;
    return code > 0 && (code < 0xD800 || code > 0xDFFF) && reads_as(piece, 6, (uint32_t)code);
}

static bool entity_at(const char *text, size_t size, struct piece *piece) {
    static const struct {
        const char *text;
        char meaning;
    } names[] = {{"&amp;", '&'}, {"&quot;", '"'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&apos;", '\''}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (size >= strlen(names[i].text) &&
            memcmp(text, names[i].text, strlen(names[i].text)) == 0)
            return reads_as(piece, strlen(names[i].text), (unsigned char)names[i].meaning);
    if (size < 4 || text[1] != '#')
        return false;
    bool hex = (text[2] | 0x20) == 'x';
    uint32_t code = 0;
    size_t at = hex ? 3 : 2, begin = at;
    for (; at < size && at < begin + 6 && hex_digit(text[at]) >= 0; at++) {
        if (!hex && hex_digit(text[at]) > 9)
            return false;
        code = code * (hex ? 16 : 10) + (uint32_t)hex_digit(text[at]);
    }
    return at > begin && at < size && text[at] == ';' && code > 0 && code <= 0x10FFFF &&
           (code < 0xD800 || code > 0xDFFF) && reads_as(piece, at + 1, code);
}

static bool is_unseen(uint32_t code) {
    return code == 0xAD || code == 0xFEFF || code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x202A && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069);
}

// Wide forms of ASCII; digits of Arabic, Persian and Devanagari.
static uint32_t ascii_of(uint32_t code) {
    static const uint32_t zeros[] = {0x0660, 0x06F0, 0x0966};
    if (code >= 0xFF01 && code <= 0xFF5E)
        return code - 0xFF01 + 0x21;
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0]; i++)
        if (code >= zeros[i] && code <= zeros[i] + 9)
            return code - zeros[i] + '0';
    return code;
}

static bool character_at(const char *text, size_t size, struct piece *piece) {
    uint32_t code;
    size_t length = rf_utf8_decode(text, size, &code);
    if (length > 0 && is_unseen(code)) {
        *piece = (struct piece){.length = length};
        return true;
    }
    return length > 0 && ascii_of(code) != code && reads_as(piece, length, ascii_of(code));
}

static bool piece_at(const char *text, size_t size, struct piece *piece) {
    switch (text[0]) {
    case '%':
        return percent_at(text, size, piece);
    case '\\':
        return escape_at(text, size, piece);
    case '&':
        return entity_at(text, size, piece);
    default:
        return (unsigned char)text[0] >= 0x80 && character_at(text, size, piece);
    }
}

bool rf_decoded_at(const char *text, size_t size, size_t at) {
    struct piece piece;
    return piece_at(text + at, size - at, &piece);
}

// One layer, in place: what it reads as is never longer. Whether there was anything.
static bool decode(struct rf_decoded *decoded) {
    size_t to = 0, end = decoded->from[decoded->size];
    bool any = false;
    for (size_t at = 0; at < decoded->size;) {
        struct piece piece = {.length = 1, .bytes = {decoded->text[at]}, .size = 1};
        size_t from = decoded->from[at];
        any = piece_at(decoded->text + at, decoded->size - at, &piece) || any;
        at += piece.length;
        for (size_t i = 0; i < piece.size; i++) {
            decoded->text[to] = piece.bytes[i];
            decoded->from[to++] = from;
        }
    }
    decoded->size = to;
    decoded->from[to] = end;
    return any;
}

bool rf_decoded_make(const char *text, size_t size, struct rf_decoded *decoded) {
    *decoded = (struct rf_decoded){
        .text = malloc(size + 1), .from = calloc(size + 1, sizeof *decoded->from), .size = size};
    if (decoded->text == NULL || decoded->from == NULL) {
        free(decoded->text);
        free(decoded->from);
        return false;
    }
    memcpy(decoded->text, text, size);
    for (size_t i = 0; i <= size; i++)
        decoded->from[i] = i;
    for (unsigned layer = 0; layer < LAYERS && decode(decoded); layer++)
        continue;
    return true;
}

void rf_decoded_fini(struct rf_decoded *decoded) {
    explicit_bzero(decoded->text, decoded->size);
    free(decoded->text);
    free(decoded->from);
}
