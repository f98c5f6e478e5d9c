#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool grow(struct cli_table *table) {
    if (table->count < table->capacity)
        return true;
    size_t capacity = table->capacity == 0 ? 64 : 2 * table->capacity;
    char **cells = realloc(table->cells, capacity * sizeof *cells);
    if (cells == NULL)
        return false;
    table->cells = cells;
    table->capacity = capacity;
    return true;
}

void cli_table_add(struct cli_table *table, const char *outside, size_t limit_bytes) {
    struct rf_text cell = {0};
    if (table->failed)
        return;
    rf_text_add_clean(&cell, outside != NULL && *outside != '\0' ? outside : "-", limit_bytes);
    char *text = rf_text_take(&cell);
    if (text == NULL || !grow(table)) {
        free(text);
        table->failed = true;
        return;
    }
    table->cells[table->count++] = text;
}

void cli_table_addf(struct cli_table *table, const char *format, ...) {
    char cell[64];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    cli_table_add(table, cell, sizeof cell);
}

// Characters, not bytes: a name with an umlaut is no wider than one without.
static size_t width_of(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void add_row(const struct cli_table *table, size_t first, const size_t *widths,
                    struct rf_text *text) {
    rf_text_add(text, "  ");
    for (size_t i = 0; i < table->columns; i++) {
        const char *cell = table->cells[first + i];
        rf_text_add_bytes(text, cell, strlen(cell));
        if (i + 1 < table->columns)
            rf_text_add(text, "%*s", (int)(widths[i] - width_of(cell) + 2), "");
    }
    rf_text_add(text, "\n");
}

void cli_table_text(struct cli_table *table, struct rf_text *text) {
    size_t widths[CLI_TABLE_COLUMNS] = {0};
    for (size_t i = 0; i < table->count; i++) {
        size_t width = width_of(table->cells[i]), *widest = &widths[i % table->columns];
        *widest = width > *widest ? width : *widest;
    }
    for (size_t i = 0; i + table->columns <= table->count; i += table->columns)
        add_row(table, i, widths, text);
    for (size_t i = 0; i < table->count; i++)
        free(table->cells[i]);
    free(table->cells);
    text->failed = text->failed || table->failed;
    *table = (struct cli_table){.columns = table->columns};
}
