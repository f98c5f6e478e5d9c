// ringfence campaign export: what came of each contact, as CSV or JSON lines, page by page.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/log.h"
#include "base/pending_file.h"
#include "export_row.h"

#define PAGE 1000

struct exporting {
    struct cli_ask ask; // first: ask.h
    const char *path;   // NULL: standard output
    struct rf_pending_file file;
    FILE *out; // one or the other
    bool json;
    json_t *states;  // NULL: all
    json_t *columns; // NULL: no page has come yet
    int64_t last;    // line up to which it is written
    int64_t count;
};

static void ask(struct cli_session *session);

// Whole or not at all: the file has its name when all is in it.
static void finish(struct cli_session *session) {
    struct exporting *exporting = session->arg;
    struct rf_error error;
    if (exporting->path == NULL) {
        if (cli_flush(session))
            cli_session_end(session, CLI_OK);
        return;
    }
    if (rf_pending_file_commit(&exporting->file, &error) != RF_OK) {
        cli_session_fail(session, "%s", error.message);
        return;
    }
    if (session->options->json)
        cli_print_json(json_pack("{s:I, s:s}", "contacts", (json_int_t)exporting->count, "out",
                                 exporting->path));
    else
        printf("campaign %s: %" PRId64 " contacts exported to %s\n", session->options->arguments[0],
               exporting->count, exporting->path);
    cli_session_end(session, CLI_OK);
}

static void write_page(struct exporting *exporting, const json_t *result) {
    size_t i;
    json_t *contact;
    if (exporting->columns == NULL) {
        exporting->columns = json_incref(json_object_get(result, "columns"));
        if (!exporting->json)
            cli_export_header(exporting->out, exporting->columns);
    }
    json_array_foreach(json_object_get(result, "contacts"), i, contact) {
        if (exporting->json)
            cli_export_json(exporting->out, contact);
        else
            cli_export_csv(exporting->out, exporting->columns, contact);
        exporting->count++;
    }
}

static bool is_written(struct cli_session *session) {
    const struct exporting *exporting = session->arg;
    struct rf_error error;
    if (exporting->path == NULL)
        return cli_flush(session);
    if (rf_pending_file_check(&exporting->file, &error) == RF_OK)
        return true;
    cli_session_fail(session, "%s", error.message);
    return false;
}

static void told(struct cli_session *session, json_t *result) {
    struct exporting *exporting = session->arg;
    write_page(exporting, result);
    if (!is_written(session))
        return;
    int64_t last = json_integer_value(json_object_get(result, "last"));
    bool more = json_is_true(json_object_get(result, "more")) && last > exporting->last;
    exporting->last = last;
    if (more)
        ask(session);
    else
        finish(session);
}

static void ask(struct cli_session *session) {
    struct exporting *exporting = session->arg;
    json_t *params =
        json_pack("{s:s, s:I, s:i, s:O*}", "campaign", session->options->arguments[0], "after",
                  (json_int_t)exporting->last, "limit", PAGE, "states", exporting->states);
    cli_ask(&exporting->ask, session, "export", params, told);
}

// ---- the command line ----

static json_t *states_of(const char *list) {
    char *copy = strdup(list), *rest = NULL;
    json_t *states = json_array();
    for (char *word = strtok_r(copy, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest))
        (void)json_array_append_new(states, json_string(word));
    free(copy);
    return states;
}

static enum rf_err read_options(const struct cli_options *options, struct exporting *exporting,
                                struct rf_error *error) {
    const char *format = options->own[CLI_FORMAT], *states = options->own[CLI_STATE];
    exporting->path = options->own[CLI_OUT];
    if (exporting->path != NULL && strcmp(exporting->path, "-") == 0)
        exporting->path = NULL;
    // Without a file --json is what is told, which are the contacts.
    exporting->json =
        format != NULL ? strcmp(format, "jsonl") == 0 : options->json && exporting->path == NULL;
    if (format != NULL && !exporting->json && strcmp(format, "csv") != 0)
        return rf_error_set(error, RF_ERR_INVALID, "--format: expected csv or jsonl");
    if (states != NULL)
        exporting->states = states_of(states);
    return RF_OK;
}

static enum rf_err open_file(struct exporting *exporting, struct rf_error *error) {
    enum rf_err err = RF_OK;
    if (exporting->path != NULL)
        err = rf_pending_file_open(&exporting->file, exporting->path, error);
    exporting->out = exporting->path != NULL ? exporting->file.out : stdout;
    return err;
}

int cli_campaign_export(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = ask};
    struct exporting exporting = {0};
    struct rf_error error;
    int code = CLI_USAGE;
    if (read_options(options, &exporting, &error) != RF_OK) {
        code = cli_usage(&error);
    } else if (open_file(&exporting, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        code = CLI_FAILED;
    } else {
        code = cli_session_run(options, &handlers, &exporting);
    }
    rf_pending_file_discard(&exporting.file); // unless it has its name
    cli_ask_end(&exporting.ask);
    json_decref(exporting.states);
    json_decref(exporting.columns);
    return code;
}
