// The ways in which a value becomes plain text for a form's reader.
#include <string.h>

#include "forms/template.h"

void rf_escape_nothing(struct rf_text *out, const char *value) {
    rf_text_add_bytes(out, value, strlen(value));
}

// Appends up to the next of `special`, and goes there.
static const char *add_up_to(struct rf_text *out, const char *value, const char *special) {
    size_t size = strcspn(value, special);
    rf_text_add_bytes(out, value, size);
    return value + size;
}

void rf_escape_html(struct rf_text *out, const char *value) {
    while (*(value = add_up_to(out, value, "&<>\"'")) != '\0') {
        switch (*value++) {
        case '&':
            rf_text_add(out, "&amp;");
            break;
        case '<':
            rf_text_add(out, "&lt;");
            break;
        case '>':
            rf_text_add(out, "&gt;");
            break;
        case '"':
            rf_text_add(out, "&quot;");
            break;
        default:
            rf_text_add(out, "&#39;");
        }
    }
}

// Any ASCII character may stand behind a backslash, and loses its meaning there, in code too
// (core.telegram.org/bots/api, "MarkdownV2 style"; td/telegram/MessageEntity.cpp of
// github.com/tdlib/td, which reads it).
void rf_escape_markdown(struct rf_text *out, const char *value) {
    while (*(value = add_up_to(out, value, "\\_*[]()~`>#+-=|{}.!")) != '\0') {
        const char escaped[] = {'\\', *value++};
        rf_text_add_bytes(out, escaped, sizeof escaped);
    }
}

void rf_escape_json(struct rf_text *out, const char *value) {
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if (c == '"' || c == '\\')
            rf_text_add(out, "\\%c", c);
        else if (c == '\n')
            rf_text_add(out, "\\n");
        else if (c < 0x20 || c == 0x7F)
            rf_text_add(out, "\\u%04x", c);
        else
            rf_text_add_bytes(out, value, 1);
    }
}
