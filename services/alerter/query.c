#include "query.h"

#include <stdlib.h>
#include <string.h>

#include "ledger_parts.h"
#include "store/db.h"

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

static const char *param(const struct rf_query *query, const char *name) {
    return json_string_value(json_object_get(query->params, name));
}

// A row as an object: `columns` are the names, a '#' in front of those of numbers.
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

// The rest of the rows as an array at `name` of the result, and their end.
static enum rf_err take_rows(struct rf_rows **rows, enum rf_err begun, const char *const *columns,
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

enum rf_err rf_query_list(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    static const char *const waiting[] = {"channel", "#count", "#oldest", NULL};
    static const char *const down[] = {"channel", "#since", "why", NULL};
    static const char *const dead[] = {"channel", "#count", NULL};
    bool all = json_is_true(json_object_get(query->params, "all"));
    struct rf_rows *rows = NULL;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT " INCIDENT_COLUMNS " FROM incident WHERE phase = 'open' OR"
                    " (phase = 'resolved' AND ? = 1) ORDER BY opened DESC LIMIT ?",
                    "ii", (int64_t)all, (int64_t)RF_QUERY_ROWS_MOST);
    err = take_rows(&rows, err, incident_columns, query->result, "incidents", error);
    if (err == RF_OK)
        err = take_rows(&rows,
                        rf_db_query(db, error, &rows,
                                    "SELECT channel, COUNT(*), MIN(made) FROM delivery WHERE state"
                                    " IN ('waiting', 'refused') GROUP BY channel",
                                    ""),
                        waiting, query->result, "waiting", error);
    if (err == RF_OK)
        err = take_rows(&rows,
                        rf_db_query(db, error, &rows,
                                    "SELECT channel, COUNT(*) FROM delivery WHERE state = 'dead'"
                                    " GROUP BY channel",
                                    ""),
                        dead, query->result, "dead", error);
    if (err == RF_OK)
        err = take_rows(
            &rows,
            rf_db_query(db, error, &rows, "SELECT name, down, why FROM channel WHERE down > 0", ""),
            down, query->result, "down", error);
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

static enum rf_err add_deliveries(json_t *notice, struct rf_db *db, struct rf_error *error) {
    static const char *const columns[] = {"channel", "state",   "#attempts", "#due",
                                          "#tried",  "message", "#made",     NULL};
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT channel, state, attempts, due, tried, message, made FROM"
                                  " delivery WHERE alert = ? ORDER BY channel",
                                  "t", json_string_value(json_object_get(notice, "id")));
    return take_rows(&rows, err, columns, notice, "deliveries", error);
}

enum rf_err rf_query_show(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    static const char *const columns[] = {"id",   "kind", "severity", "title",
                                          "text", "#at",  "#made",    NULL};
    char thread[RF_ALERT_ID_SIZE];
    struct rf_rows *rows = NULL;
    size_t i;
    json_t *notice;
    const char *id = param(query, "id");
    if (id == NULL || id[0] == '\0')
        return rf_error_set(error, RF_ERR_INVALID, "id: expected that of an incident or a notice");
    enum rf_err err = find_thread(id, db, thread, error);
    if (err != RF_OK)
        return err;
    err = rf_db_query(db, error, &rows,
                      "SELECT " INCIDENT_COLUMNS " FROM incident WHERE thread = ? OR id = ?"
                      " ORDER BY opened",
                      "tt", thread, thread);
    err = take_rows(&rows, err, incident_columns, query->result, "incidents", error);
    if (err != RF_OK)
        return err;
    err = rf_db_query(db, error, &rows,
                      "SELECT id, kind, severity, title, text, at, made FROM alert WHERE thread = ?"
                      " ORDER BY ord LIMIT ?",
                      "ti", thread, (int64_t)RF_QUERY_ROWS_MOST);
    err = take_rows(&rows, err, columns, query->result, "notices", error);
    json_array_foreach(json_object_get(query->result, "notices"), i, notice) {
        if (err == RF_OK)
            err = add_deliveries(notice, db, error);
    }
    return err;
}

// ---- dead letters ----

enum rf_err rf_query_dead(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    static const char *const columns[] = {"alert", "channel",   "severity", "title", "#at",
                                          "#made", "#attempts", "message",  NULL};
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT d.alert, d.channel, a.severity, a.title, a.at, d.made,"
                                  " d.attempts, d.message FROM delivery d JOIN alert a ON"
                                  " a.id = d.alert WHERE d.state = 'dead' ORDER BY a.ord LIMIT ?",
                                  "i", (int64_t)RF_QUERY_ROWS_MOST);
    return take_rows(&rows, err, columns, query->result, "dead", error);
}

enum rf_err rf_query_resend(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    static const char *const columns[] = {"alert", "channel", "incident", "#order", NULL};
    const char *id = param(query, "id") != NULL ? param(query, "id") : "";
    const char *channel = param(query, "channel") != NULL ? param(query, "channel") : "";
    struct rf_rows *rows = NULL;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT d.alert, d.channel, a.incident, a.ord FROM delivery d JOIN"
                    " alert a ON a.id = d.alert WHERE d.state = 'dead' AND"
                    " (? = '' OR d.alert = ?) AND (? = '' OR d.channel = ?)"
                    " ORDER BY a.ord LIMIT ?",
                    "tttti", id, id, channel, channel, (int64_t)RF_QUERY_ROWS_MOST);
    err = take_rows(&rows, err, columns, query->result, "resent", error);
    const json_t *resent = json_object_get(query->result, "resent");
    if (err == RF_OK && json_array_size(resent) == 0)
        return rf_error_set(error, RF_ERR_NOT_FOUND,
                            "there is no such dead letter; see ringfence alert dead");
    for (size_t i = 0; err == RF_OK && i < json_array_size(resent); i++) {
        const json_t *row = json_array_get(resent, i);
        err = rf_db_run(db, error,
                        "UPDATE delivery SET state = 'waiting', attempts = 0, due = ?, made = ?"
                        " WHERE alert = ? AND channel = ? AND state = 'dead'",
                        "iitt", query->now.ns, query->now.ns,
                        json_string_value(json_object_get(row, "alert")),
                        json_string_value(json_object_get(row, "channel")));
    }
    return err;
}
