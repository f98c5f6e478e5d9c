#include "a1.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "events/text.h"

#define MOST_ROW    INT64_C(100000000) // a spreadsheet has at most 10 million cells
#define MOST_COLUMN INT64_C(20000)

static bool is_letter(char c) {
    return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool rf_a1_parse(const char *range, struct rf_a1_place *place) {
    const char *mark = strrchr(range, '!');
    const char *c = mark == NULL ? range : mark + 1;
    struct rf_a1_place found = {0};
    for (; is_letter(*c) && found.column < MOST_COLUMN; c++)
        found.column = found.column * 26 + (*c - 'A' + 1);
    for (; is_digit(*c) && found.row < MOST_ROW; c++)
        found.row = found.row * 10 + (*c - '0');
    if (found.column == 0 || found.row == 0 || (*c != ':' && *c != '\0'))
        return false;
    *place = found;
    return true;
}

static void add_column(struct rf_text *text, int64_t column) {
    char letters[16];
    size_t at = sizeof letters;
    for (; column > 0 && at > 0; column = (column - 1) / 26)
        letters[--at] = (char)('A' + (column - 1) % 26);
    rf_text_add_bytes(text, letters + at, sizeof letters - at);
}

// A name that could be read as something else stands in quotes, its own quotes doubled.
static void add_sheet(struct rf_text *text, const char *sheet) {
    bool plain = is_letter((char)toupper((unsigned char)sheet[0]));
    for (const char *c = sheet; *c != '\0'; c++)
        plain = plain && (isalpha((unsigned char)*c) || *c == '_');
    const char *quote = plain ? "" : "'";
    rf_text_add(text, "%s", quote);
    for (const char *c = sheet; *c != '\0'; c++) {
        rf_text_add_bytes(text, c, 1);
        if (*c == '\'' && !plain)
            rf_text_add_bytes(text, c, 1);
    }
    rf_text_add(text, "%s!", quote);
}

// Percent-encodes for one segment of a path (RFC 3986: '!', ''' and ':' may stand there).
static char *encode(struct rf_text *text) {
    struct rf_text out = {.failed = text->failed};
    for (size_t i = 0; i < text->size; i++) {
        unsigned char c = (unsigned char)text->data[i];
        if (isascii(c) && (isalnum(c) || strchr("-._~!':", c) != NULL))
            rf_text_add_bytes(&out, &c, 1);
        else
            rf_text_add(&out, "%%%02X", c);
    }
    rf_text_fini(text);
    return rf_text_take(&out);
}

char *rf_a1_block(const char *sheet, struct rf_a1_place place, int64_t rows, int64_t columns) {
    struct rf_text text = {0};
    add_sheet(&text, sheet);
    add_column(&text, place.column);
    rf_text_add(&text, "%" PRId64 ":", place.row);
    add_column(&text, place.column + columns - 1);
    rf_text_add(&text, "%" PRId64, place.row + rows - 1);
    return encode(&text);
}

char *rf_a1_rows(const char *sheet, int64_t row, int64_t first, int64_t last) {
    struct rf_text text = {0};
    add_sheet(&text, sheet);
    add_column(&text, first);
    rf_text_add(&text, "%" PRId64 ":", row);
    add_column(&text, last);
    return encode(&text);
}

char *rf_a1_columns(const char *sheet, int64_t first, int64_t last) {
    struct rf_text text = {0};
    add_sheet(&text, sheet);
    add_column(&text, first);
    rf_text_add(&text, ":");
    add_column(&text, last);
    return encode(&text);
}
