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

// The next byte that may have to be escaped: in most texts there is none.
static const unsigned char *next_special(const unsigned char *at, const unsigned char *end) {
    for (; (size_t)(end - at) >= sizeof(rf_block); at += sizeof(rf_block)) {
        rf_block bytes = rf_block_at(at);
        size_t run = rf_block_first((rf_block)((bytes < 0x20) | (bytes == '"') | (bytes == '\\') |
                                               (bytes == 0xC2) | (bytes == 0xE2)));
        if (run < sizeof(rf_block))
            return at + run;
    }
    while (at < end && !special[*at])
        at++;
    return at;
}

void rf_json_line_add(struct rf_text *out, const char *text, size_t size) {
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
