// A1 notation: columns are letters (A to Z, then AA), rows numbers from 1.

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "grid.h"

#define NUMBER_MOST 10000000

// Reads "B", "3" or "B3" at *text. What is missing is left as it is.
static bool parse_cell(const char **text, size_t *row, size_t *column) {
    const char *c = *text;
    size_t letters = 0, digits = 0;
    while (*c >= 'A' && *c <= 'Z' && letters < NUMBER_MOST)
        letters = letters * 26 + (size_t)(*c++ - 'A' + 1);
    while (*c >= '0' && *c <= '9' && digits < NUMBER_MOST)
        digits = digits * 10 + (size_t)(*c++ - '0');
    if (c == *text || (digits == 0 && c[-1] == '0'))
        return false;
    if (letters > 0)
        *column = letters - 1;
    if (digits > 0)
        *row = digits - 1;
    *text = c;
    return true;
}

// The tab's name, with or without single quotes, up to '!'. Returns what follows, NULL if it is
// malformed.
static const char *parse_tab(const char *text, struct sim_range *range) {
    const char *end = strrchr(text, '!');
    const char *rest = end == NULL ? "" : end + 1;
    size_t length = end == NULL ? strlen(text) : (size_t)(end - text);
    if (length >= 2 && text[0] == '\'' && text[length - 1] == '\'') {
        text++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof range->tab)
        return NULL;
    memcpy(range->tab, text, length);
    range->tab[length] = '\0';
    return rest;
}

bool sim_range_parse(const char *text, struct sim_range *range) {
    *range = (struct sim_range){.last_row = SIZE_MAX, .last_column = SIZE_MAX};
    bool has_cells = strchr(text, '!') != NULL;
    const char *rest = parse_tab(text, range);
    if (rest == NULL)
        return false;
    if (!has_cells)
        return true;
    if (!parse_cell(&rest, &range->first_row, &range->first_column))
        return false;
    if (*rest == '\0') { // one cell
        range->last_row = range->first_row;
        range->last_column = range->first_column;
        return true;
    }
    if (*rest++ != ':' || !parse_cell(&rest, &range->last_row, &range->last_column))
        return false;
    return *rest == '\0' && range->last_row >= range->first_row &&
           range->last_column >= range->first_column;
}

static void column_name(size_t column, char out[8]) {
    char reversed[8];
    size_t length = 0;
    for (size_t n = column + 1; n > 0 && length < 7; n = (n - 1) / 26)
        reversed[length++] = (char)('A' + (n - 1) % 26);
    for (size_t i = 0; i < length; i++)
        out[i] = reversed[length - 1 - i];
    out[length] = '\0';
}

void sim_range_name(const char *tab, size_t row, size_t column, size_t rows, size_t columns,
                    char out[200]) {
    char first[8], last[8];
    column_name(column, first);
    column_name(column + (columns == 0 ? 0 : columns - 1), last);
    const char *quote = strchr(tab, ' ') != NULL ? "'" : "";
    if (rows <= 1 && columns <= 1)
        snprintf(out, 200, "%s%.100s%s!%s%zu", quote, tab, quote, first, row + 1);
    else
        snprintf(out, 200, "%s%.100s%s!%s%zu:%s%zu", quote, tab, quote, first, row + 1, last,
                 row + (rows == 0 ? 1 : rows));
}
