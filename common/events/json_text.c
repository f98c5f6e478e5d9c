#include "events/json_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// A letter that stands for the character behind a backslash; 0: it needs none.
static char letter_of(char c) {
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void add_quoted(struct rf_text *text, const char *value) {
    rf_text_add_bytes(text, "\"", 1);
    for (const char *plain = value;;) {
        const char *end = plain;
        while ((unsigned char)*end >= 0x20 && *end != '"' && *end != '\\')
            end++;
        rf_text_add_bytes(text, plain, (size_t)(end - plain));
        if (*end == '\0')
            break;
        char letter = letter_of(*end);
        if (letter != 0)
            rf_text_add_bytes(text, (const char[]){'\\', letter}, 2);
        else
            rf_text_add(text, "\\u%04X", (unsigned)*end);
        plain = end + 1;
    }
    rf_text_add_bytes(text, "\"", 1);
}

// What stands before a value. A text ends in a quote, so that a bracket or a colon at the end is
// one of the structure.
static void begin(struct rf_text *text, const char *name) {
    const char *last = text->size > 0 ? &text->data[text->size - 1] : "{";
    if (*last != '{' && *last != '[' && *last != ':')
        rf_text_add_bytes(text, ",", 1);
    if (name != NULL) {
        add_quoted(text, name);
        rf_text_add_bytes(text, ":", 1);
    }
}

void rf_json_open(struct rf_text *text, const char *name, char bracket) {
    begin(text, name);
    rf_text_add_bytes(text, &bracket, 1);
}

void rf_json_close(struct rf_text *text, char bracket) {
    rf_text_add_bytes(text, &bracket, 1);
}

void rf_json_add_text(struct rf_text *text, const char *name, const char *value) {
    begin(text, name);
    add_quoted(text, value);
}

void rf_json_add_integer(struct rf_text *text, const char *name, int64_t value) {
    char digits[24];
    begin(text, name);
    int length = snprintf(digits, sizeof digits, "%" PRId64, value);
    rf_text_add_bytes(text, digits, (size_t)length);
}

void rf_json_add_json(struct rf_text *text, const char *name, const char *json) {
    begin(text, name);
    rf_text_add_bytes(text, json, strlen(json));
}
