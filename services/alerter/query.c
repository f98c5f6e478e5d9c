#include <stdlib.h>
#include <string.h>

#include "ledger_parts.h"
#include "query_parts.h"

struct rf_query *rf_query_new(const char *call, json_t *params, struct rf_utc now) {
    struct rf_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return NULL;
    query->call = strdup(call);
    query->params = json_incref(params);
    query->now = now;
    if (query->call == NULL)
        rf_query_destroy(&query);
    return query;
}

void rf_query_destroy(struct rf_query **query) {
    if (*query == NULL)
        return;
    free((*query)->call);
    json_decref((*query)->params);
    json_decref((*query)->channels);
    json_decref((*query)->result);
    free(*query);
    *query = NULL;
}

static enum rf_err run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_query *query = (struct rf_query *)job;
    json_decref(query->result);
    query->result = json_object();
    return query->run(query, db, error);
}

static void done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_query *query = (struct rf_query *)job;
    query->done(query, result, error);
}

void rf_ledger_query(struct rf_ledger *ledger, struct rf_query *query) {
    query->job = (struct rf_store_job){.run = run, .done = done};
    rf_store_submit(ledger->store, &query->job);
}

const char *rf_query_param(const struct rf_query *query, const char *name) {
    const char *text = json_string_value(json_object_get(query->params, name));
    return text == NULL ? "" : text;
}

static json_t *row_json(struct rf_rows *row, const char *const *columns) {
    json_t *object = json_object();
    for (int i = 0; columns[i] != NULL; i++) {
        const char *text = rf_rows_text(row, i);
        if (columns[i][0] == '#')
            json_object_set_new(object, columns[i] + 1, json_integer(rf_rows_number(row, i)));
        else
            json_object_set_new(object, columns[i], json_string(text == NULL ? "" : text));
    }
    return object;
}

enum rf_err rf_query_rows(struct rf_rows **rows, enum rf_err begun, const char *const *columns,
                          json_t *result, const char *name, struct rf_error *error) {
    json_t *array = json_array();
    enum rf_err err = begun;
    while (err == RF_OK && (err = rf_rows_next(*rows, error)) == RF_OK)
        json_array_append_new(array, row_json(*rows, columns));
    rf_rows_end(rows);
    if (err == RF_ERR_NOT_FOUND && json_object_set_new(result, name, array) == 0)
        return RF_OK;
    if (err != RF_ERR_NOT_FOUND)
        json_decref(array);
    return err == RF_ERR_NOT_FOUND ? rf_error_set(error, RF_ERR_NOMEM, "no memory") : err;
}

int64_t rf_query_page_size(const struct rf_query *query) {
    int64_t limit = (int64_t)json_integer_value(json_object_get(query->params, "limit"));
    return limit > 0 && limit < RF_QUERY_ROWS_MOST ? limit : RF_QUERY_ROWS_MOST;
}

enum rf_err rf_query_page_end(struct rf_query *query, const char *name, const char *const *keys,
                              struct rf_error *error) {
    json_t *rows = json_object_get(query->result, name);
    size_t size = (size_t)rf_query_page_size(query);
    if (json_array_size(rows) <= size)
        return RF_OK;
    const json_t *last = json_array_get(rows, size - 1);
    json_t *next = json_object();
    for (size_t i = 0; keys[i] != NULL; i++)
        json_object_set(next, keys[i], json_object_get(last, keys[i]));
    json_array_remove(rows, size);
    return json_object_set_new(query->result, "next", next) == 0
               ? RF_OK
               : rf_error_set(error, RF_ERR_NOMEM, "no memory");
}

#define INCIDENT_COLUMNS                                                                           \
    "id, fingerprint, rule, phase, severity, subject, service, campaign, title, opened, last,"     \
    " resolved, events, subjects, deferred, set_aside, swallowed, acked, acked_by, acked_why,"     \
    " thread"

static const char *const incident_columns[] = {
    "id",       "incident",  "rule",      "phase",      "severity",   "subject",
    "service",  "campaign",  "title",     "#opened",    "#last",      "#resolved",
    "#events",  "#subjects", "#deferred", "#set_aside", "#swallowed", "#acked",
    "acked_by", "acked_why", "thread",    NULL};

// ---- list ----

static enum rf_err list_incidents(struct rf_query *query, struct rf_db *db,
                                  struct rf_error *error) {
    static const char *const keys[] = {"opened", "id", NULL};
    const json_t *after = json_object_get(query->params, "after");
    const char *id = json_string_value(json_object_get(after, "id"));
    int64_t opened = (int64_t)json_integer_value(json_object_get(after, "opened"));
    bool all = json_is_true(json_object_get(query->params, "all"));
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(
        db, error, &rows,
        "SELECT " INCIDENT_COLUMNS " FROM incident WHERE (phase = 'open' OR"
        " (phase = 'resolved' AND ? = 1)) AND (? = 0 OR opened < ? OR (opened = ? AND id < ?))"
        " ORDER BY opened DESC, id DESC LIMIT ?",
        "iiiiti", (int64_t)all, (int64_t)(id != NULL), opened, opened, id == NULL ? "" : id,
        rf_query_page_size(query) + 1);
    err = rf_query_rows(&rows, err, incident_columns, query->result, "incidents", error);
    return err != RF_OK ? err : rf_query_page_end(query, "incidents", keys, error);
}

static enum rf_err list_channels(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    static const char *const waiting[] = {"channel", "#count", "#oldest", NULL};
    static const char *const down[] = {"channel", "#since", "why", NULL};
    static const char *const dead[] = {"channel", "#count", NULL};
    static const struct {
        const char *name, *sql;
        const char *const *columns;
    } lists[] = {
        {"waiting",
         "SELECT channel, COUNT(*), MIN(made) FROM delivery WHERE state IN ('waiting', 'refused')"
         " GROUP BY channel",
         waiting},
        {"dead", "SELECT channel, COUNT(*) FROM delivery WHERE state = 'dead' GROUP BY channel",
         dead},
        {"down", "SELECT name, down, why FROM channel WHERE down > 0", down},
    };
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < sizeof lists / sizeof lists[0]; i++) {
        struct rf_rows *rows = NULL;
        enum rf_err begun = rf_db_query(db, error, &rows, lists[i].sql, "");
        err = rf_query_rows(&rows, begun, lists[i].columns, query->result, lists[i].name, error);
    }
    return err;
}

enum rf_err rf_query_list(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    enum rf_err err = list_incidents(query, db, error);
    if (err == RF_OK && json_object_get(query->params, "after") == NULL)
        err = list_channels(query, db, error);
    return err;
}

// ---- show ----

// The incident, or the thread of a notice, that begins with `id`.
static enum rf_err find_thread(const char *id, struct rf_db *db, char thread[RF_ALERT_ID_SIZE],
                               struct rf_error *error) {
    struct rf_rows *rows = NULL;
    size_t found = 0;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT DISTINCT thread FROM (SELECT CASE thread WHEN '' THEN id"
                                  " ELSE thread END AS thread FROM incident WHERE"
                                  " substr(id, 1, length(?)) = ? UNION SELECT thread FROM alert"
                                  " WHERE substr(id, 1, length(?)) = ?) LIMIT 2",
                                  "tttt", id, id, id, id);
    while (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK)
        if (found++ == 0)
            snprintf(thread, RF_ALERT_ID_SIZE, "%s", rf_rows_text(rows, 0));
    rf_rows_end(&rows);
    if (err != RF_ERR_NOT_FOUND)
        return err;
    if (found == 0)
        return rf_error_set(error, RF_ERR_NOT_FOUND,
                            "there is no incident and no notice %.40s; see ringfence alert list "
                            "--all",
                            id);
    return found == 1 ? RF_OK
                      : rf_error_set(error, RF_ERR_INVALID,
                                     "%.40s begins several; give more of the id", id);
}

// They are kept as a text of JSON.
static void open_recipients(json_t *delivery) {
    const char *text = json_string_value(json_object_get(delivery, "recipients"));
    json_t *recipients = text == NULL ? NULL : json_loads(text, 0, NULL);
    json_object_set_new(delivery, "recipients", recipients != NULL ? recipients : json_object());
}

static enum rf_err add_deliveries(json_t *notice, struct rf_db *db, struct rf_error *error) {
    size_t i;
    json_t *delivery;
    static const char *const columns[] = {"channel", "state", "#attempts",  "#due", "#tried",
                                          "message", "#made", "recipients", NULL};
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT channel, state, attempts, due, tried, message, made,"
                                  " recipients FROM delivery WHERE alert = ? ORDER BY channel",
                                  "t", json_string_value(json_object_get(notice, "id")));
    err = rf_query_rows(&rows, err, columns, notice, "deliveries", error);
    json_array_foreach(json_object_get(notice, "deliveries"), i, delivery)
        open_recipients(delivery);
    return err;
}

// The newest ones, in their order, and how many came before them.
static enum rf_err list_notices(struct rf_query *query, const char *thread, struct rf_db *db,
                                struct rf_error *error) {
    static const char *const columns[] = {"id",   "kind", "severity", "title",
                                          "text", "#at",  "#made",    NULL};
    struct rf_rows *rows = NULL;
    int64_t count = 0;
    enum rf_err err =
        rf_db_query(db, error, &rows, "SELECT COUNT(*) FROM alert WHERE thread = ?", "t", thread);
    if (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK)
        count = rf_rows_number(rows, 0);
    rf_rows_end(&rows);
    if (err != RF_OK)
        return err;
    int64_t left_out = count > RF_QUERY_ROWS_MOST ? count - RF_QUERY_ROWS_MOST : 0;
    json_object_set_new(query->result, "left_out", json_integer((json_int_t)left_out));
    err = rf_db_query(db, error, &rows,
                      "SELECT id, kind, severity, title, text, at, made FROM alert WHERE thread = ?"
                      " ORDER BY ord LIMIT ? OFFSET ?",
                      "tii", thread, (int64_t)RF_QUERY_ROWS_MOST, left_out);
    return rf_query_rows(&rows, err, columns, query->result, "notices", error);
}

enum rf_err rf_query_show(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    char thread[RF_ALERT_ID_SIZE];
    struct rf_rows *rows = NULL;
    size_t i;
    json_t *notice;
    const char *id = rf_query_param(query, "id");
    if (id[0] == '\0')
        return rf_error_set(error, RF_ERR_INVALID, "id: expected that of an incident or a notice");
    enum rf_err err = find_thread(id, db, thread, error);
    if (err != RF_OK)
        return err;
    err = rf_db_query(db, error, &rows,
                      "SELECT " INCIDENT_COLUMNS " FROM incident WHERE thread = ? OR id = ?"
                      " ORDER BY opened",
                      "tt", thread, thread);
    err = rf_query_rows(&rows, err, incident_columns, query->result, "incidents", error);
    if (err != RF_OK)
        return err;
    err = list_notices(query, thread, db, error);
    json_array_foreach(json_object_get(query->result, "notices"), i, notice) {
        if (err == RF_OK)
            err = add_deliveries(notice, db, error);
    }
    return err;
}
