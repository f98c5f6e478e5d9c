// ringfence config man: ringfence.yaml(5) in mdoc, from the rows that the parser reads by. The
// build writes it beside the programs.
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "config/config.h"
#include "config/rows.h"

// One line of text: nothing in it may be taken for a macro.
static void put_line(const char *before, const char *text, const char *after) {
    printf("\\&%s", before);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\')
            fputs("\\e", stdout);
        else
            putchar(*at);
    }
    printf("%s\n", after);
}

static void put_default(const struct rf_config_row *row) {
    char written[256];
    if (row->fallback != NULL)
        put_line("Default: ", rf_config_row_written(row, written, sizeof written), ".");
    else if (row->inherits != NULL)
        put_line("Default: the value of ", row->inherits, ".");
    else if (row->derived != NULL)
        put_line("Default: ", row->derived, ".");
    else
        put_line("", "Not set by default.", "");
}

static void put_meaning(const struct rf_config_row *row, const char *macro) {
    char expected[256];
    printf(".It %s %s\n", macro, row->key);
    put_line("", row->help, ".");
    printf(".br\n");
    put_line("Expected: ", rf_config_row_expected(row, expected, sizeof expected), ".");
}

static void put_row(const struct rf_config_row *row) {
    put_meaning(row, "Li");
    printf(".br\n");
    put_default(row);
    put_line("", row->reloadable ? "Takes effect by SIGHUP." : "Needs a restart.", "");
}

// What the items of a list may say, told once for all lists of that kind.
static void put_items(const struct rf_config_row *list) {
    printf(".Ss Items of %s and its like\n.Bl -tag -width Ds\n", list->key);
    for (size_t i = 0; i < list->items->row_count; i++)
        put_meaning(&list->items->rows[i], "Cm");
    printf(".El\n");
}

static bool is_first_of_its_kind(const struct rf_config_row *list) {
    const struct rf_config_row *row = rf_config_rows;
    while (row->items != list->items)
        row++;
    return row == list && list->items->rows[0].key[0] != '\0';
}

// The part of the key before its first dot; the folders and what concerns all have none.
static size_t section_length(const char *key) {
    size_t length = strcspn(key, ".");
    return key[length] == '.' ? length : 0;
}

static void put_warnings(void) {
    printf(".Sh WARNINGS\n"
           ".Cm ringfence config check\nsays these of a configuration that is allowed:\n"
           ".Bl -tag -width Ds\n");
    for (size_t i = 0; i < rf_config_warning_count; i++) {
        printf(".It Li %s\n", rf_config_warnings[i].code);
        put_line("", rf_config_warnings[i].meaning, ".");
    }
    printf(".El\n");
}

int cli_config_man(const struct cli_options *options) {
    const char *section = NULL;
    size_t length = 0;
    (void)options;
    printf(
        ".Dd November 24, 2026\n.Dt RINGFENCE.YAML 5\n.Os\n.Sh NAME\n.Nm ringfence.yaml\n"
        ".Nd configuration of a Ringfence set\n.Sh DESCRIPTION\n"
        "One YAML file serves all processes of the set.\n"
        "Times and sizes need a unit.\n"
        "Relative paths begin at the folder of the file.\n"
        "In every value\n.Li ${NAME}\nis taken from the environment, and\n"
        ".Li ${NAME:-DEFAULT}\nhas a default.\n"
        "A secret is\n.Li file:PATH ,\nwhich can change while the set runs, or the text itself.\n"
        "A key left out has its default.\n"
        "Here the keys are written with dots; in the file they stand one below the other, "
        "indented.\n");
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const char *key = rf_config_rows[i].key;
        size_t own = section_length(key);
        if (section == NULL || own != length || strncmp(section, key, own) != 0) {
            printf("%s.Ss %.*s\n.Bl -tag -width Ds\n", section != NULL ? ".El\n" : "",
                   own > 0 ? (int)own : 7, own > 0 ? key : "The set");
            section = key;
            length = own;
        }
        put_row(&rf_config_rows[i]);
    }
    printf(".El\n");
    for (size_t i = 0; i < rf_config_row_count; i++)
        if (rf_config_rows[i].items != NULL && is_first_of_its_kind(&rf_config_rows[i]))
            put_items(&rf_config_rows[i]);
    put_warnings();
    printf(".Sh SEE ALSO\n.Xr ringfence 1\n");
    return CLI_OK;
}
