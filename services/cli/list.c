#include "list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/slips.h"

static char separator_of(const char *word) {
    static const struct {
        const char *word;
        char sign;
    } signs[] = {{"comma", ','}, {",", ','},   {"semicolon", ';'}, {";", ';'},
                 {"tab", '\t'},  {"\t", '\t'}, {"bar", '|'},       {"|", '|'}};
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcmp(signs[i].word, word) == 0)
            return signs[i].sign;
    return '\0';
}

// A column of a name of its own may be used in a prompt; one that is nearly phone, name or
// time_zone and stands in no prompt would be used nowhere, and its contacts would lack what was
// meant.
static enum rf_err check_map(const char *map, const struct rf_config *config,
                             struct rf_error *error) {
    static const char *const names[] = {"phone", "name", "time_zone"};
    const char *equals = strchr(map, '='), *prompt = config->orchestrator.prompt;
    char name[RF_SLIPS_MOST + 1], used[RF_SLIPS_MOST + 3];
    if (equals == NULL || equals == map || equals[1] == '\0')
        return rf_error_set(error, RF_ERR_INVALID,
                            "--map: \"%.60s\": expected NAME=COLUMN, such as phone=Telefon", map);
    size_t length = (size_t)(equals - map);
    snprintf(name, sizeof name, "%.*s", (int)(length < RF_SLIPS_MOST ? length : RF_SLIPS_MOST),
             map);
    snprintf(used, sizeof used, "{%s}", name);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (rf_slips(map, length, names[i], strlen(names[i])) == 1 &&
            !rf_contacts_is_time_zone(name) && (prompt == NULL || strstr(prompt, used) == NULL))
            return rf_error_set(error, RF_ERR_INVALID,
                                "--map: \"%.*s\" is a column that nothing uses; did you mean %s?",
                                (int)length, map, names[i]);
    return RF_OK;
}

static enum rf_err read_format(const struct cli_options *options, const struct rf_config *config,
                               struct rf_contacts_format *format, struct rf_error *error) {
    const char *country = options->own[CLI_COUNTRY], *separator = options->own[CLI_SEPARATOR];
    country = country != NULL ? country : config->contacts.default_country;
    format->country = country != NULL ? rf_country_find(country) : NULL;
    if (country != NULL && format->country == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "--country: \"%s\" is not a country; expected two letters such as DE",
                            country);
    format->separator = separator_of(separator != NULL ? separator : config->contacts.separator);
    if (format->separator == '\0')
        return rf_error_set(error, RF_ERR_INVALID,
                            "--separator: expected comma, semicolon, tab, bar, or the sign itself");
    for (size_t i = 0; i < options->mapped_count; i++) {
        enum rf_err err = check_map(options->mapped[i], config, error);
        if (err != RF_OK)
            return err;
    }
    // What the command line maps counts alone: it may be another list than the usual one.
    format->columns = options->mapped;
    format->column_count = options->mapped_count;
    if (options->mapped_count == 0 && config->contacts.columns.count > 0) {
        format->columns = config->contacts.columns.items;
        format->column_count = config->contacts.columns.count;
    }
    return RF_OK;
}

// Beside the list: contacts.csv has contacts.rejects.csv.
static char *rejects_path(const struct cli_options *options, const char *file) {
    char *path = NULL;
    if (options->own[CLI_REJECTS] != NULL)
        return strdup(options->own[CLI_REJECTS]);
    size_t length = strlen(file);
    if (length > 4 && strcasecmp(file + length - 4, ".csv") == 0)
        length -= 4;
    return asprintf(&path, "%.*s.rejects.csv", (int)length, file) < 0 ? NULL : path;
}

static bool same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static enum rf_err open_rejects(const struct cli_options *options, const char *file,
                                struct cli_list *list, struct rf_error *error) {
    size_t count;
    const char *const *header = rf_contacts_header(list->contacts, &count);
    list->rejects_path = rejects_path(options, file);
    if (list->rejects_path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (same_file(list->rejects_path, file))
        return rf_error_set(error, RF_ERR_INVALID, "--rejects: %s is the list itself",
                            list->rejects_path);
    list->rejects = rf_rejects_new(list->rejects_path, header, count);
    return list->rejects != NULL ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}

int cli_list_format(const struct cli_options *options, struct cli_list *list,
                    struct rf_contacts_format *format) {
    struct rf_error error = {0};
    memset(list, 0, sizeof *list);
    memset(format, 0, sizeof *format);
    enum rf_err err = rf_config_load(options->config, &list->config, &error);
    int code = err == RF_OK ? CLI_OK : err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    if (err == RF_OK && read_format(options, list->config, format, &error) != RF_OK)
        code = CLI_USAGE;
    if (code != CLI_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
    return code;
}

int cli_list_open(const struct cli_options *options, const char *file, struct cli_list *list) {
    struct rf_error error = {0};
    struct rf_contacts_format format;
    int code = cli_list_format(options, list, &format);
    if (code == CLI_OK) {
        enum rf_err err = rf_contacts_open(file, &format, &list->contacts, &error);
        code = err == RF_OK ? CLI_OK : CLI_FAILED;
        if (err == RF_OK && (err = open_rejects(options, file, list, &error)) != RF_OK)
            code = err == RF_ERR_INVALID ? CLI_USAGE : CLI_FAILED;
        if (err != RF_OK)
            rf_log(RF_LOG_ERROR, "%s", error.message);
    }
    if (code != CLI_OK)
        cli_list_close(list);
    return code;
}

void cli_list_read(const struct cli_list *list) {
    struct rf_error warning;
    if (rf_contacts_cut(list->contacts, &warning))
        rf_log(RF_LOG_WARNING, "%s", warning.message);
}

static enum rf_err with_mend(enum rf_err err, const struct rf_error *cause,
                             struct rf_error *error) {
    return err != RF_ERR_IO
               ? rf_error_set(error, err, "%s", cause->message)
               : rf_error_set(error, err, "%s; --rejects FILE puts the refused lines elsewhere",
                              cause->message);
}

enum rf_err cli_list_refuse(struct cli_list *list, size_t line, const char *reason,
                            const char *const *fields, size_t count, struct rf_error *error) {
    struct rf_error cause;
    enum rf_err err = rf_rejects_add(list->rejects, line, reason, fields, count, &cause);
    return err == RF_OK ? RF_OK : with_mend(err, &cause, error);
}

enum rf_err cli_list_finish(struct cli_list *list, struct rf_error *error) {
    struct rf_error cause;
    enum rf_err err = rf_rejects_close(&list->rejects, &cause);
    if (err == RF_ERR_CONFLICT)
        rf_log(RF_LOG_WARNING, "%s; no line was refused this time", cause.message);
    return err == RF_OK || err == RF_ERR_CONFLICT ? RF_OK : with_mend(err, &cause, error);
}

void cli_list_close(struct cli_list *list) {
    rf_rejects_abandon(&list->rejects);
    rf_contacts_destroy(&list->contacts);
    rf_config_destroy(&list->config);
    json_decref(list->written);
    free(list->rejects_path);
    memset(list, 0, sizeof *list);
}
