// ringfence campaign export: what came of each contact, as CSV or JSON lines, page by page.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "export_row.h"
#include "session.h"

#define PAGE      1000
#define ASK_AGAIN rf_ms(500)

struct exporting {
    const char *path; // NULL: standard output
    char *temporary;  // until all is written
    FILE *out;
    bool json;
    json_t *states;  // NULL: all
    json_t *columns; // NULL: no page has come yet
    int64_t last;    // line up to which it is written
    int64_t count;
    struct rf_timer timer;
    struct rf_instant until; // how long nobody may answer
};

static void ask(void *arg);

static void patience(struct cli_session *session) {
    struct exporting *exporting = session->arg;
    exporting->until = rf_instant_add(rf_loop_now(session->loop), session->options->timeout);
}

// Whole or not at all: the file has its name when all is in it.
static void finish(struct cli_session *session) {
    const struct exporting *exporting = session->arg;
    if (exporting->path == NULL) {
        if (cli_flush(session))
            cli_session_end(session, CLI_OK);
        return;
    }
    if (fflush(exporting->out) != 0 || ferror(exporting->out) ||
        fsync(fileno(exporting->out)) != 0 || rename(exporting->temporary, exporting->path) != 0) {
        cli_session_fail(session, "%s: cannot be written: %s", exporting->path, strerror(errno));
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
    if (exporting->path == NULL)
        return cli_flush(session);
    if (!ferror(exporting->out))
        return true;
    cli_session_fail(session, "%s: cannot be written: %s", exporting->path, strerror(errno));
    return false;
}

// A page that nobody answers is asked for again: the orchestrator may be restarted meanwhile.
static void on_page(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct exporting *exporting = session->arg;
    bool passing = strcmp(reply->class, "local") == 0 || strcmp(reply->class, "transient") == 0;
    if (!reply->ok && passing && rf_instant_before(rf_loop_now(session->loop), exporting->until)) {
        rf_timer_after(&exporting->timer, ASK_AGAIN);
        return;
    }
    if (!reply->ok) {
        cli_session_fail(
            session, "campaign export: %s%s%s", reply->code != NULL ? reply->code : reply->class,
            reply->message != NULL ? ": " : "", reply->message != NULL ? reply->message : "");
        return;
    }
    patience(session);
    write_page(exporting, reply->result);
    if (!is_written(session))
        return;
    int64_t last = json_integer_value(json_object_get(reply->result, "last"));
    bool more = json_is_true(json_object_get(reply->result, "more")) && last > exporting->last;
    exporting->last = last;
    if (more)
        ask(session);
    else
        finish(session);
}

static void ask(void *arg) {
    struct cli_session *session = arg;
    struct exporting *exporting = session->arg;
    json_t *params =
        json_pack("{s:s, s:I, s:i, s:O*}", "campaign", session->options->arguments[0], "after",
                  (json_int_t)exporting->last, "limit", PAGE, "states", exporting->states);
    cli_session_call(session, "export", params, session->options->timeout, on_page);
}

static void begin(struct cli_session *session) {
    struct exporting *exporting = session->arg;
    rf_timer_init(&exporting->timer, session->loop, ask, session);
    patience(session);
    ask(session);
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
    exporting->out = stdout;
    if (exporting->path == NULL)
        return RF_OK;
    if (asprintf(&exporting->temporary, "%s.%ld.tmp", exporting->path, (long)getpid()) < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    exporting->out = fopen(exporting->temporary, "wex");
    if (exporting->out == NULL)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot be written: %s", exporting->path,
                            strerror(errno));
    return RF_OK;
}

int cli_campaign_export(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
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
    if (exporting.path != NULL && exporting.out != NULL) {
        (void)fclose(exporting.out);
        unlink(exporting.temporary); // it has another name if all is in it
    }
    free(exporting.temporary);
    json_decref(exporting.states);
    json_decref(exporting.columns);
    return code;
}
