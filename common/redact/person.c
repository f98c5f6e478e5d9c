// What is shown of a person's name.
#include "redact/span.h"

#include <string.h>

#include "base/utf8.h"
#include "redact/hash.h"

#define HASH_DIGITS   8
#define NAME_MOST     256 // bytes of a name that its hash is made of
#define INITIALS_MOST 4

// "#0a1b2c3d" at the end.
static bool ends_in_hash(const char *text, size_t size) {
    if (size < HASH_DIGITS + 2 || text[size - HASH_DIGITS - 1] != '#')
        return false;
    for (size_t i = size - HASH_DIGITS; i < size; i++)
        if (!rf_redact_is_digit(text[i]) && (text[i] < 'a' || text[i] > 'f'))
            return false;
    return true;
}

static bool is_shown(const char *text, size_t size) {
    char before = (char)(size > HASH_DIGITS + 1 ? text[size - HASH_DIGITS - 2] : '\0');
    return ends_in_hash(text, size) &&
           ((before == ']' && text[0] == '[') || (before == '.' && size < 40));
}

// However it is written: in small letters, with one space between its words.
static size_t plain(const char *text, size_t size, char out[NAME_MOST]) {
    size_t length = 0;
    bool gap = false;
    for (size_t i = 0; i < size && length + 1 < NAME_MOST; i++) {
        char c = text[i];
        if ((unsigned char)c <= ' ') {
            gap = length > 0;
            continue;
        }
        if (gap)
            out[length++] = ' ';
        gap = false;
        out[length++] = rf_redact_small(c);
    }
    return length;
}

static void add_initials(const char *text, size_t size, struct rf_text *out) {
    bool begins = true;
    for (size_t i = 0, count = 0, length; i < size && count < INITIALS_MOST; i += length) {
        uint32_t code;
        length = rf_utf8_decode(text + i, size - i, &code);
        bool letter = length > 1 ? !rf_utf8_is_control(code) : rf_redact_is_word(text[i]);
        if (letter && begins && length > 0) {
            rf_text_add_bytes(out, text + i, length);
            rf_text_add_bytes(out, ".", 1);
            count++;
        }
        begins = text[i] == ' ' || text[i] == '-';
        length += length == 0;
    }
}

bool rf_redact_person(const struct rf_redact_rules *rules, const char *text, size_t size,
                      struct rf_text *out) {
    char name[NAME_MOST];
    size_t length = plain(text, size, name), before = out->size;
    if (length == 0 || is_shown(text, size))
        return false;
    uint64_t hash = rf_siphash(rules->key, name, length);
    if (rules->names == RF_REDACT_NAMES_INITIALS)
        add_initials(text, size, out);
    if (out->size == before)
        rf_text_add(out, "[name]");
    rf_text_add(out, "#%08llx", (unsigned long long)(hash >> 32));
    return true;
}
