#include "grid.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_grid *sim_grids_find(struct sim_grids *grids, const char *spreadsheet, const char *tab) {
    char name[512];
    snprintf(name, sizeof name, "%s/%s", spreadsheet, tab);
    for (size_t i = 0; i < grids->count; i++)
        if (strcmp(grids->items[i].name, name) == 0)
            return &grids->items[i];
    if (grids->count == SIM_GRIDS_MOST)
        return NULL;
    struct sim_grid *grid = &grids->items[grids->count];
    *grid = (struct sim_grid){
        .name = strdup(name),
        .rows = json_array(),
        .row_bound = grids->row_bound == 0 ? SIM_GRID_ROWS : grids->row_bound,
        .column_bound = grids->column_bound == 0 ? SIM_GRID_COLUMNS : grids->column_bound,
    };
    if (grid->name == NULL || grid->rows == NULL) {
        free(grid->name);
        json_decref(grid->rows);
        return NULL;
    }
    grids->count++;
    return grid;
}

void sim_grids_fini(struct sim_grids *grids) {
    for (size_t i = 0; i < grids->count; i++) {
        free(grids->items[i].name);
        json_decref(grids->items[i].rows);
    }
    *grids = (struct sim_grids){0};
}

static bool cell_empty(const json_t *value) {
    return value == NULL || json_is_null(value) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

// Cells up to the last one with a value.
static size_t row_used(const json_t *row) {
    size_t used = json_array_size(row);
    while (used > 0 && cell_empty(json_array_get(row, used - 1)))
        used--;
    return used;
}

size_t sim_grid_used(const struct sim_grid *grid) {
    size_t used = json_array_size(grid->rows);
    while (used > 0 && row_used(json_array_get(grid->rows, used - 1)) == 0)
        used--;
    return used;
}

static json_t *row_at(struct sim_grid *grid, size_t row) {
    while (json_array_size(grid->rows) <= row)
        if (json_array_append_new(grid->rows, json_array()) != 0)
            return NULL;
    return json_array_get(grid->rows, row);
}

enum rf_err sim_grid_insert(struct sim_grid *grid, size_t row, size_t count) {
    if (count > SIM_GRID_ROWS_MOST - grid->row_bound)
        return RF_ERR_FULL;
    grid->row_bound += count;
    if (row >= json_array_size(grid->rows))
        return RF_OK;
    for (size_t i = 0; i < count; i++)
        if (json_array_insert_new(grid->rows, row, json_array()) != 0)
            return RF_ERR_NOMEM;
    return RF_OK;
}

static bool write_cell(json_t *row, size_t column, json_t *value) {
    while (json_array_size(row) <= column)
        if (json_array_append_new(row, json_string("")) != 0)
            return false;
    return json_array_set(row, column, value) == 0;
}

size_t sim_grid_write(struct sim_grid *grid, size_t row, size_t column, const json_t *values) {
    size_t written = 0, i, k;
    json_t *line, *value;
    json_array_foreach(values, i, line) {
        json_t *target = row_at(grid, row + i);
        json_array_foreach(line, k, value) {
            if (target != NULL && !json_is_null(value) && write_cell(target, column + k, value))
                written++;
        }
    }
    return written;
}

static json_t *as_text(const json_t *value) {
    if (json_is_boolean(value))
        return json_string(json_is_true(value) ? "TRUE" : "FALSE");
    if (!json_is_number(value))
        return json_incref((json_t *)value);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    json_t *string = json_string(text == NULL ? "" : text);
    free(text);
    return string;
}

static json_t *read_row(const json_t *row, const struct sim_range *range, bool formatted) {
    json_t *out = json_array();
    size_t used = row_used(row);
    for (size_t k = range->first_column; k < used && k <= range->last_column; k++) {
        json_t *value = json_array_get(row, k);
        json_array_append_new(out, formatted ? as_text(value) : json_incref(value));
    }
    return out;
}

json_t *sim_grid_read(const struct sim_grid *grid, const struct sim_range *range, bool formatted) {
    json_t *out = json_array();
    size_t used = sim_grid_used(grid);
    for (size_t i = range->first_row; i < used && i <= range->last_row; i++)
        json_array_append_new(out, read_row(json_array_get(grid->rows, i), range, formatted));
    while (json_array_size(out) > 0 &&
           json_array_size(json_array_get(out, json_array_size(out) - 1)) == 0)
        json_array_remove(out, json_array_size(out) - 1);
    return out;
}

json_t *sim_grids_json(const struct sim_grids *grids) {
    json_t *tabs = json_object();
    for (size_t i = 0; i < grids->count; i++)
        json_object_set(tabs, grids->items[i].name, grids->items[i].rows);
    json_t *first = grids->count == 0 ? json_array() : json_incref(grids->items[0].rows);
    return json_pack("{s:o, s:o}", "rows", first, "tabs", tabs);
}
