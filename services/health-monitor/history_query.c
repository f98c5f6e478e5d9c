// What people ask of the history.
#include <stdlib.h>
#include <string.h>

#include "history_parts.h"

struct query {
    struct rf_store_job job; // first
    char *call;
    const char *name; // of the rows in the answer
    char *provider;   // NULL: all
    int64_t limit;
    int64_t after;        // a number or a time; 0: from the newest
    char *after_provider; // of an incident, behind its time
    json_t *rows, *answer;
    health_history_fn *fn;
    void *arg;
};

static void free_query(struct query *query) {
    free(query->call);
    free(query->provider);
    free(query->after_provider);
    json_decref(query->rows);
    json_decref(query->answer);
    free(query);
}

// ---- on the store's thread ----

static enum rf_err no_memory(struct rf_error *error) {
    return rf_error_set(error, RF_ERR_NOMEM, "no memory");
}

static json_t *incident_json(const struct rf_rows *row) {
    return json_pack("{s:s, s:I, s:I, s:s, s:s, s:s, s:I}", "provider", rf_rows_text(row, 0),
                     "began", (json_int_t)rf_rows_number(row, 1), "ended",
                     (json_int_t)rf_rows_number(row, 2), "worst", rf_rows_text(row, 3), "cause",
                     rf_rows_text(row, 4), "why", rf_rows_text(row, 5), "changes",
                     (json_int_t)rf_rows_number(row, 6));
}

static json_t *change_json(const struct rf_rows *row) {
    return json_pack("{s:I, s:s, s:I, s:s, s:s, s:s, s:s}", "id",
                     (json_int_t)rf_rows_number(row, 0), "provider", rf_rows_text(row, 1), "at",
                     (json_int_t)rf_rows_number(row, 2), "from", rf_rows_text(row, 3), "to",
                     rf_rows_text(row, 4), "cause", rf_rows_text(row, 5), "why",
                     rf_rows_text(row, 6));
}

static enum rf_err take_rows(struct query *query, enum rf_err begun, struct rf_rows **rows,
                             json_t *(*read)(const struct rf_rows *), struct rf_error *error) {
    enum rf_err err = begun;
    json_decref(query->rows); // of a run that was not committed
    if ((query->rows = json_array()) == NULL)
        err = no_memory(error);
    while (err == RF_OK && (err = rf_rows_next(*rows, error)) == RF_OK)
        if (json_array_append_new(query->rows, read(*rows)) != 0)
            err = no_memory(error);
    rf_rows_end(rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err run_incidents(struct rf_store_job *job, struct rf_db *db,
                                 struct rf_error *error) {
    struct query *query = (struct query *)job;
    struct rf_rows *rows = NULL;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT provider, began, ended, worst, cause, why, changes FROM incident WHERE"
                    " (? = '' OR provider = ?) AND (? = 0 OR (began, provider) < (?, ?))"
                    " ORDER BY began DESC, provider DESC LIMIT ?",
                    "ttiiti", query->provider != NULL ? query->provider : "",
                    query->provider != NULL ? query->provider : "", query->after, query->after,
                    query->after_provider != NULL ? query->after_provider : "", query->limit + 1);
    return take_rows(query, err, &rows, incident_json, error);
}

static enum rf_err run_changes(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct query *query = (struct query *)job;
    struct rf_rows *rows = NULL;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT id, provider, at, was, is_now, cause, why FROM change WHERE"
                    " (? = '' OR provider = ?) AND (? = 0 OR id < ?) ORDER BY id DESC LIMIT ?",
                    "ttiii", query->provider != NULL ? query->provider : "",
                    query->provider != NULL ? query->provider : "", query->after, query->after,
                    query->limit + 1);
    return take_rows(query, err, &rows, change_json, error);
}

// ---- on the loop ----

static bool make_answer(struct query *query) {
    json_t *next = NULL;
    if (json_array_size(query->rows) > (size_t)query->limit) {
        const json_t *last = json_array_get(query->rows, (size_t)query->limit - 1);
        next = json_object_get(last, "id") != NULL
                   ? json_pack("{s:O}", "id", json_object_get(last, "id"))
                   : json_pack("{s:O, s:O}", "began", json_object_get(last, "began"), "provider",
                               json_object_get(last, "provider"));
        json_array_remove(query->rows, (size_t)query->limit);
    }
    query->answer = json_pack("{s:O, s:o*}", query->name, query->rows, "next", next);
    return query->answer != NULL;
}

static void done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct query *query = (struct query *)job;
    const char *message = error->message;
    if (result == RF_OK && !make_answer(query)) {
        result = RF_ERR_NOMEM;
        message = "no memory";
    }
    query->fn(query->arg, query->call, query->answer, result, message);
    free_query(query);
}

static char *copy_text(const json_t *params, const char *key) {
    const char *text = json_string_value(json_object_get(params, key));
    return text == NULL ? NULL : strdup(text);
}

static struct query *new_query(const char *call, const json_t *params, const char *name,
                               health_history_fn *fn, void *arg) {
    const json_t *after = json_object_get(params, "after");
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL || (query->call = strdup(call)) == NULL) {
        free(query);
        return NULL;
    }
    query->name = name;
    query->fn = fn;
    query->arg = arg;
    query->provider = copy_text(params, "provider");
    query->after_provider = copy_text(after, "provider");
    json_int_t limit = json_integer_value(json_object_get(params, "limit"));
    query->limit = limit > 0 && limit < HEALTH_HISTORY_ROWS ? limit : HEALTH_HISTORY_ROWS;
    json_int_t id = json_integer_value(json_object_get(after, "id"));
    query->after = id != 0 ? id : json_integer_value(json_object_get(after, "began"));
    return query;
}

static enum rf_err ask(struct health_history *history, struct query *query) {
    if (query == NULL)
        return RF_ERR_NOMEM;
    query->job.done = done;
    rf_store_submit(history->store, &query->job);
    return RF_OK;
}

enum rf_err health_history_incidents(struct health_history *history, const char *call,
                                     const json_t *params, health_history_fn *fn, void *arg) {
    struct query *query = new_query(call, params, "incidents", fn, arg);
    if (query != NULL)
        query->job.run = run_incidents;
    return ask(history, query);
}

enum rf_err health_history_changes(struct health_history *history, const char *call,
                                   const json_t *params, health_history_fn *fn, void *arg) {
    struct query *query = new_query(call, params, "changes", fn, arg);
    if (query != NULL)
        query->job.run = run_changes;
    return ask(history, query);
}
