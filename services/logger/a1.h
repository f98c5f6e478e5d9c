// Ranges of a sheet in A1 notation, as Sheets writes and reads them. Pure.
#ifndef RF_LOGGER_A1_H
#define RF_LOGGER_A1_H

#include <stdbool.h>
#include <stdint.h>

// Where a block of rows begins.
struct rf_a1_place {
    int64_t row;    // 1-based; 0: unknown
    int64_t column; // 1-based: 1 is A
};

// rf_a1_parse: the first cell of a range such as "events!A5:G14" or "'my tab'!A5". False if it is
// none.
bool rf_a1_parse(const char *range, struct rf_a1_place *place);

// rf_a1_block: the range of `rows` rows and `columns` columns from `place` on in `sheet`, ready for
// a URL's path: the sheet's name in quotes where it needs them, everything escaped that does not
// belong there. A new string, NULL if out of memory.
char *rf_a1_block(const char *sheet, struct rf_a1_place place, int64_t rows, int64_t columns);

// rf_a1_rows: all rows from `row` on of the columns `first` to `last`, likewise.
char *rf_a1_rows(const char *sheet, int64_t row, int64_t first, int64_t last);

// rf_a1_columns: the whole columns `first` to `last`, likewise.
char *rf_a1_columns(const char *sheet, int64_t first, int64_t last);

#endif
