// The cells of simulated spreadsheets. A new tab has 1,000 rows and 26 columns, as a real one.
#ifndef SIM_GRID_H
#define SIM_GRID_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>

#define SIM_GRIDS_MOST     32
#define SIM_GRID_ROWS      1000
#define SIM_GRID_COLUMNS   26
#define SIM_GRID_ROWS_MOST 200000

struct sim_grid {
    char *name;   // "<spreadsheet>/<tab>"
    json_t *rows; // array of arrays of values; only as many as were written
    size_t row_bound, column_bound;
};

struct sim_grids {
    struct sim_grid items[SIM_GRIDS_MOST];
    size_t count;
    size_t row_bound, column_bound; // of a new tab; 0: the defaults above
};

// A range in A1 notation, from 0; `last` is inclusive, SIZE_MAX: open.
struct sim_range {
    char tab[128];
    size_t first_row, last_row, first_column, last_column;
};

// sim_range_parse: "tab!A2:F10", "tab!A:F", "'my tab'!B3", "tab" (all of it). False: not of that
// form.
bool sim_range_parse(const char *text, struct sim_range *range);

// sim_range_name: the range of `rows` times `columns` cells from (row, column), as "tab!A2:F3".
void sim_range_name(const char *tab, size_t row, size_t column, size_t rows, size_t columns,
                    char out[200]);

// sim_grids_find: the tab of a spreadsheet, made if it is new; NULL if there is no room for it.
struct sim_grid *sim_grids_find(struct sim_grids *grids, const char *spreadsheet, const char *tab);

// sim_grid_used: rows up to the last one with a value.
size_t sim_grid_used(const struct sim_grid *grid);

// sim_grid_insert: room for `count` new rows before `row`; the bound grows with them.
RF_NODISCARD enum rf_err sim_grid_insert(struct sim_grid *grid, size_t row, size_t count);

// sim_grid_write: puts `values` (array of arrays) at (row, column); null leaves a cell as it is.
// The caller has checked the bounds. Returns the number of cells written.
size_t sim_grid_write(struct sim_grid *grid, size_t row, size_t column, const json_t *values);

// sim_grid_read: the values of a range without empty ends; a new reference. `formatted`: as texts.
json_t *sim_grid_read(const struct sim_grid *grid, const struct sim_range *range, bool formatted);

// sim_grids_json: {"rows": [...] of the first tab, "tabs": {"<spreadsheet>/<tab>": [...]}}.
json_t *sim_grids_json(const struct sim_grids *grids);

void sim_grids_fini(struct sim_grids *grids);

#endif
