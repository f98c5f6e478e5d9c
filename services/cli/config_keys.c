// ringfence config keys: the documentation of the configuration, from the rows that the parser
// reads by.
#include <jansson.h>
#include <stdio.h>

#include "command.h"
#include "config/rows.h"
#include "session.h"

static const char *default_of(const struct rf_config_row *row, char *room, size_t size) {
    if (row->fallback != NULL)
        return rf_config_row_written(row, room, size);
    if (row->inherits != NULL)
        return row->inherits;
    return row->derived != NULL ? row->derived : "not set";
}

static void print_text(const struct rf_config_row *row) {
    char expected[256], room[256];
    printf("%s\n    %s\n    %s\n    default: %s\n    %s\n\n", row->key, row->help,
           rf_config_row_expected(row, expected, sizeof expected),
           default_of(row, room, sizeof room),
           row->reloadable ? "takes effect by SIGHUP" : "needs a restart");
}

static void print_json(const struct rf_config_row *row) {
    char expected[256], room[256];
    cli_print_json(json_pack("{s:s, s:s, s:s, s:s, s:b}", "key", row->key, "help", row->help,
                             "expected", rf_config_row_expected(row, expected, sizeof expected),
                             "default", default_of(row, room, sizeof room), "reloadable",
                             row->reloadable ? 1 : 0));
}

int cli_config_keys(const struct cli_options *options) {
    for (size_t i = 0; i < rf_config_row_count; i++) {
        if (options->json)
            print_json(&rf_config_rows[i]);
        else
            print_text(&rf_config_rows[i]);
    }
    return CLI_OK;
}
