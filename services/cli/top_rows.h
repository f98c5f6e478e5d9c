// The rows of a section of `ringfence top`: which are shown, and in which order. Pure.
#ifndef RF_CLI_TOP_ROWS_H
#define RF_CLI_TOP_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "events/text.h"

#define CLI_TOP_FILTER_SIZE 64

// By what rows stand below each other. Where a section has no such figure its rows stand as they
// were told.
enum cli_top_order {
    CLI_TOP_AS_TOLD,
    CLI_TOP_BY_NAME,
    CLI_TOP_BY_STATE,  // the worst first
    CLI_TOP_BY_LOAD,   // the busiest first
    CLI_TOP_BY_MEMORY, // the largest first
    CLI_TOP_BY_TIME,   // what changed last first
    CLI_TOP_ORDERS
};

// cli_top_order_name: "as told", "name", "state", "load", "memory", "time".
const char *cli_top_order_name(enum cli_top_order order);

// What a person wants to see.
struct cli_top_view {
    enum cli_top_order order;
    bool inverted;                    // the last first
    char filter[CLI_TOP_FILTER_SIZE]; // rows in which it stands, in letters of any case; "": all
};

struct cli_top_row {
    struct rf_text text;           // the line, without its end
    const char *name;              // borrowed until the section is told
    double figure[CLI_TOP_ORDERS]; // by order: the largest first; CLI_TOP_BY_NAME has the name
    size_t place;                  // as it was told
};

struct cli_top_rows {
    const struct cli_top_view *view; // borrowed
    struct cli_top_row *items;
    size_t count, capacity;
    bool failed; // out of memory
};

// cli_top_rows_add: a further row, all of it empty; the caller fills it before the next one is
// added. NULL: out of memory, which cli_top_rows_tell hands on.
struct cli_top_row *cli_top_rows_add(struct cli_top_rows *rows, const char *name);

// cli_top_rows_tell: appends the title with the number of rows ("2 of 5" with a filter), and those
// that the view wants in its order, and frees them.
void cli_top_rows_tell(struct cli_top_rows *rows, const char *title, struct rf_text *text);

// cli_top_fits: whether the filter stands in a line.
bool cli_top_fits(const struct cli_top_view *view, const char *line);

#endif
