// Rows of texts in aligned columns. Zero it before use.
#ifndef RF_CLI_TABLE_H
#define RF_CLI_TABLE_H

#include "events/text.h"

#define CLI_TABLE_COLUMNS 8

struct cli_table {
    size_t columns;
    char **cells; // row by row
    size_t count, capacity;
    bool failed; // out of memory: nothing is added any more
};

// cli_table_add: the next cell, from left to right and row by row; text from outside is made safe
// and cut at `limit_bytes`. NULL or "": "-".
void cli_table_add(struct cli_table *table, const char *outside, size_t limit_bytes);

// cli_table_addf: the same as printf does, at most 63 bytes.
void cli_table_addf(struct cli_table *table, const char *format, ...) RF_PRINTF(2, 3);

// cli_table_text: appends all rows, each behind two spaces, and frees the cells. The last column is
// not padded, so that no line ends in spaces.
void cli_table_text(struct cli_table *table, struct rf_text *text);

#endif
