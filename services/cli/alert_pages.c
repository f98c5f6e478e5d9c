#include "alert_pages.h"

#include "alerts.h"
#include "moment.h"

#define PAGE_ROWS  500
#define LIMIT_MOST 1000000

enum rf_err cli_pages_limit(const struct cli_options *options, int64_t *limit,
                            struct rf_error *error) {
    *limit = CLI_PAGES_LIMIT;
    return options->own[CLI_LIMIT] == NULL
               ? RF_OK
               : cli_number_read("--limit", options->own[CLI_LIMIT], 1, LIMIT_MOST, limit, error);
}

static void ask(struct cli_pages *pages, struct cli_session *session, json_t *after);

static void on_page(struct cli_session *session, json_t *result) {
    struct cli_pages *pages = session->arg;
    json_t *next = json_object_get(result, "next");
    if (pages->result == NULL)
        pages->result = json_incref(result);
    else if (json_array_extend(json_object_get(pages->result, pages->rows),
                               json_object_get(result, pages->rows)) != 0) {
        cli_session_fail(session, "out of memory");
        return;
    }
    int64_t read = (int64_t)json_array_size(json_object_get(pages->result, pages->rows));
    if (next != NULL && read < pages->limit) {
        ask(pages, session, next);
        return;
    }
    json_object_set_new(pages->result, "more", json_boolean(next != NULL));
    json_object_del(pages->result, "next");
    pages->told(session, pages->result);
}

static void ask(struct cli_pages *pages, struct cli_session *session, json_t *after) {
    json_t *params = json_copy(pages->params);
    int64_t left =
        pages->limit - (int64_t)json_array_size(json_object_get(pages->result, pages->rows));
    json_object_set_new(params, "limit",
                        json_integer((json_int_t)(left < PAGE_ROWS ? left : PAGE_ROWS)));
    if (after != NULL)
        json_object_set(params, "after", after);
    session->service = pages->service != NULL ? pages->service : "alerter";
    cli_ask(&pages->ask, session, pages->operation, params, on_page);
}

void cli_pages_ask(struct cli_pages *pages, struct cli_session *session, const char *operation,
                   const char *rows, json_t *params,
                   void (*told)(struct cli_session *session, json_t *result)) {
    json_decref(pages->params);
    pages->operation = operation;
    pages->rows = rows;
    pages->params = params;
    pages->told = told;
    ask(pages, session, NULL);
}

void cli_pages_more(const json_t *result, struct rf_text *text) {
    if (json_is_true(json_object_get(result, "more")))
        rf_text_add(text, "there are more; see --limit\n");
}

void cli_pages_end(struct cli_pages *pages) {
    cli_ask_end(&pages->ask);
    json_decref(pages->params);
    json_decref(pages->result);
    pages->params = pages->result = NULL;
}
