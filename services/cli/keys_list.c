// ringfence keys list: the keys that the broker lets in.
#include <stdio.h>

#include "key_list.h"
#include "session.h"
#include "table.h"

static void print_json(const struct rf_known *known) {
    json_t *all = json_array();
    for (size_t i = 0; i < known->count; i++)
        json_array_append_new(all, cli_key_json(&known->items[i]));
    cli_print_json(all);
}

static void print_text(const struct rf_known *known) {
    char roles[RF_ROLES_TEXT_SIZE];
    struct cli_table table = {.columns = 3};
    struct rf_text text = {0};
    for (size_t i = 0; i < known->count; i++) {
        cli_table_add(&table, known->items[i].name, RF_CURVE_NAME_SIZE);
        cli_table_add(&table, rf_roles_text(known->items[i].roles, roles), sizeof roles);
        cli_table_add(&table, known->items[i].key, RF_CURVE_KEY_SIZE);
    }
    cli_table_text(&table, &text);
    cli_print_text(&text);
}

int cli_keys_list(const struct cli_options *options) {
    struct cli_key_list list;
    int code = cli_key_list_open(&list, options, false);
    if (code == CLI_OK && options->json)
        print_json(&list.known);
    else if (code == CLI_OK && list.known.count > 0)
        print_text(&list.known);
    else if (code == CLI_OK)
        printf("no key is known: %s has none\n", list.file);
    cli_key_list_close(&list);
    return code;
}
