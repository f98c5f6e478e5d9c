#include "events/json_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"

// What may have to be escaped: all below a space, quote, backslash, and the first bytes of U+0085
// and U+2028.
static const unsigned char special[256] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,         1,          1,          1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ['"'] = 1, ['\\'] = 1, [0xC2] = 1, [0xE2] = 1,
};

// Writes the escape of what stands at `at` into `out`. Returns how many bytes it stands for, 0 for
// none.
static size_t escape(const unsigned char *at, size_t left, char out[8]) {
    static const char letters[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                   ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    if (*at < 0x20 || *at == '"' || *at == '\\') {
        if (letters[*at] != 0)
            snprintf(out, 8, "\\%c", letters[*at]);
        else
            snprintf(out, 8, "\\u%04X", *at);
        return 1;
    }
    if (left >= 2 && at[0] == 0xC2 && at[1] == 0x85) {
        memcpy(out, "\\u0085", 7);
        return 2;
    }
    if (left >= 3 && at[0] == 0xE2 && at[1] == 0x80 && (at[2] == 0xA8 || at[2] == 0xA9)) {
        memcpy(out, at[2] == 0xA8 ? "\\u2028" : "\\u2029", 7);
        return 3;
    }
    return 0;
}

static rf_block specials(rf_block bytes) {
    return (rf_block)((bytes < 0x20) | (bytes == '"') | (bytes == '\\') | (bytes == 0xC2) |
                      (bytes == 0xE2));
}

// Those and all beyond ASCII, in fewer steps.
static rf_block others(rf_block bytes) {
    typedef signed char signs __attribute__((vector_size(sizeof(rf_block))));
    return (rf_block)(((signs)bytes < ' ') | (signs)(bytes == '"') | (signs)(bytes == '\\'));
}

// Most texts are of letters, digits and signs of ASCII that stand for themselves.
bool rf_json_line_is_plain(const char *text, size_t size) {
    if (size < sizeof(rf_block))
        return size == 0 || !rf_block_any(others(rf_block_of_few(text, size)));
    // The last block may overlap the one before it.
    rf_block any = others(rf_block_at(text + size - sizeof(rf_block)));
    for (size_t i = 0; i + sizeof(rf_block) < size; i += sizeof(rf_block))
        any |= others(rf_block_at(text + i));
    return !rf_block_any(any);
}

bool rf_json_line_add_plain(struct rf_text *out, const char *text, size_t size) {
    char *room = rf_json_line_is_plain(text, size) ? rf_text_room(out, size + 2) : NULL;
    if (room == NULL)
        return false;
    room[0] = '"';
    memcpy(room + 1, text, size);
    room[size + 1] = '"';
    rf_text_take_room(out, size + 2);
    return true;
}

// The next byte that may have to be escaped.
static const unsigned char *next_special(const unsigned char *at, const unsigned char *end) {
    for (; (size_t)(end - at) >= sizeof(rf_block); at += sizeof(rf_block)) {
        size_t run = rf_block_first(specials(rf_block_at(at)));
        if (run < sizeof(rf_block))
            return at + run;
    }
    while (at < end && !special[*at])
        at++;
    return at;
}

void rf_json_line_add_other(struct rf_text *out, const char *text, size_t size) {
    const unsigned char *at = (const unsigned char *)text, *end = at + size, *plain = at;
    rf_text_add_bytes(out, "\"", 1);
    while ((at = next_special(at, end)) < end) {
        char escaped[8];
        size_t length = escape(at, (size_t)(end - at), escaped);
        if (length == 0) {
            at++;
            continue;
        }
        rf_text_add_bytes(out, plain, (size_t)(at - plain));
        rf_text_add_bytes(out, escaped, strlen(escaped));
        plain = at += length;
    }
    rf_text_add_bytes(out, plain, (size_t)(end - plain));
    rf_text_add_bytes(out, "\"", 1);
}

void rf_json_line_tree(struct rf_text *out, const json_t *json) {
    char *dumped = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    if (dumped == NULL) {
        out->failed = true;
        return;
    }
    // jansson escapes the controls of ASCII; the other line ends can only stand within texts.
    const unsigned char *at = (unsigned char *)dumped, *end = at + strlen(dumped), *plain = at;
    while (at < end) {
        char escaped[8];
        size_t length = *at >= 0x80 && special[*at] ? escape(at, (size_t)(end - at), escaped) : 0;
        if (length > 0) {
            rf_text_add_bytes(out, plain, (size_t)(at - plain));
            rf_text_add_bytes(out, escaped, strlen(escaped));
            plain = at + length;
        }
        at += length == 0 ? 1 : length;
    }
    rf_text_add_bytes(out, plain, (size_t)(end - plain));
    free(dumped);
}
