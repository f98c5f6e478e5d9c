// The files that a configuration names.
#include "config/config.h"

#include <limits.h>
#include <string.h>

#include "config/rows.h"
#include "curve/endpoint.h"

struct telling {
    const struct rf_config *config;
    rf_config_file_fn *fn;
    void *arg;
};

// What the set itself fills: the folders, and the logs.
static bool is_own(const char *key) {
    static const char *const own[] = {"run_dir",   "state_dir",        "log_dir",
                                      "media_dir", "logger.json_file", "logger.text_file"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(own[i], key) == 0)
            return true;
    return false;
}

// One for each process that has a key.
static void tell_keys(const struct telling *telling, const char *key, const char *pattern) {
    char path[PATH_MAX];
    struct rf_error untold;
    const char *name = "broker";
    unsigned roles;
    size_t index = 0;
    do {
        if (rf_curve_path(pattern, name, path, sizeof path, &untold) == RF_OK)
            telling->fn(telling->arg, key, path);
    } while (rf_config_bus_process(telling->config, index++, &name, &roles));
}

static void tell_value(const struct telling *telling, const struct rf_config_row *row,
                       const void *value);

static void tell_list(const struct telling *telling, const struct rf_config_items *items,
                      const struct rf_config_list *list) {
    for (size_t i = 0; i < list->count; i++)
        for (size_t r = 0; r < items->row_count; r++)
            tell_value(telling, &items->rows[r],
                       (const char *)list->items + i * items->size + items->rows[r].offset);
}

// Recursive, as deep as lists are in lists: the table has none.
static void tell_value(const struct telling *telling, const struct rf_config_row *row,
                       const void *value) {
    const char *path = NULL;
    if (row->type == RF_CONFIG_LIST)
        tell_list(telling, row->items, value);
    else if (row->type == RF_CONFIG_SECRET)
        path = ((const struct rf_secret *)value)->file;
    else if (row->type == RF_CONFIG_PATH)
        path = *(char *const *)value;
    if (path == NULL || is_own(row->key))
        return;
    if (value == (const void *)&telling->config->bus.curve.secret_file)
        tell_keys(telling, row->key, path);
    else
        telling->fn(telling->arg, row->key, path);
}

void rf_config_files(const struct rf_config *config, rf_config_file_fn *fn, void *arg) {
    const struct telling telling = {config, fn, arg};
    for (size_t i = 0; i < rf_config_row_count; i++)
        if (rf_config_rows[i].offset != RF_CONFIG_NOWHERE)
            tell_value(&telling, &rf_config_rows[i],
                       (const char *)config + rf_config_rows[i].offset);
}
