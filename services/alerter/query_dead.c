// Dead letters: a list of them, and those that a person wants to be sent again.
#include <stdlib.h>
#include <string.h>

#include "query_parts.h"

enum rf_err rf_query_dead(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    static const char *const columns[] = {"alert", "channel",   "severity", "title",  "#at",
                                          "#made", "#attempts", "message",  "#order", NULL};
    static const char *const keys[] = {"order", "alert", "channel", NULL};
    const json_t *after = json_object_get(query->params, "after");
    const char *alert = json_string_value(json_object_get(after, "alert"));
    const char *channel = json_string_value(json_object_get(after, "channel"));
    int64_t order = (int64_t)json_integer_value(json_object_get(after, "order"));
    bool first = alert == NULL || channel == NULL;
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(
        db, error, &rows,
        "SELECT d.alert, d.channel, a.severity, a.title, a.at, d.made, d.attempts, d.message, a.ord"
        " FROM delivery d JOIN alert a ON a.id = d.alert WHERE d.state = 'dead' AND"
        " (? = 1 OR (a.ord, d.alert, d.channel) > (?, ?, ?)) ORDER BY a.ord, d.alert, d.channel"
        " LIMIT ?",
        "iitti", (int64_t)first, order, first ? "" : alert, first ? "" : channel,
        rf_query_page_size(query) + 1);
    err = rf_query_rows(&rows, err, columns, query->result, "dead", error);
    return err != RF_OK ? err : rf_query_page_end(query, "dead", keys, error);
}

// ---- again ----

// Which of the dead letters are meant; of those, "IN" or "NOT IN" the channels that take notices.
#define MEANT                                                                                      \
    " FROM delivery d JOIN alert a ON a.id = d.alert WHERE d.state = 'dead' AND"                   \
    " (? = '' OR d.alert = ?) AND (? = '' OR d.channel = ?) AND d.channel "
#define TAKING " (SELECT value FROM json_each(?)) "

struct meant {
    const char *id, *channel;
    char *taking; // names of channels, a JSON array
};

static enum rf_err find_resent(struct rf_query *query, const struct meant *meant, struct rf_db *db,
                               struct rf_error *error) {
    static const char *const columns[] = {"alert",  "channel",  "incident",
                                          "#order", "concerns", NULL};
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(db, error, &rows,
                                  "SELECT d.alert, d.channel, a.incident, a.ord, a.concerns" MEANT
                                  "IN" TAKING "ORDER BY a.ord, d.alert, d.channel LIMIT ?",
                                  "ttttti", meant->id, meant->id, meant->channel, meant->channel,
                                  meant->taking, (int64_t)RF_QUERY_ROWS_MOST + 1);
    err = rf_query_rows(&rows, err, columns, query->result, "resent", error);
    json_t *resent = json_object_get(query->result, "resent");
    bool more = json_array_size(resent) > RF_QUERY_ROWS_MOST;
    if (more)
        json_array_remove(resent, RF_QUERY_ROWS_MOST);
    json_object_set_new(query->result, "more", json_boolean(more));
    return err;
}

static enum rf_err find_left(struct rf_query *query, const struct meant *meant, struct rf_db *db,
                             struct rf_error *error) {
    static const char *const columns[] = {"channel", "#count", NULL};
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(
        db, error, &rows, "SELECT d.channel, COUNT(*)" MEANT "NOT IN" TAKING "GROUP BY d.channel",
        "ttttt", meant->id, meant->id, meant->channel, meant->channel, meant->taking);
    return rf_query_rows(&rows, err, columns, query->result, "left", error);
}

enum rf_err rf_query_resend(struct rf_query *query, struct rf_db *db, struct rf_error *error) {
    struct meant meant = {.id = rf_query_param(query, "id"),
                          .channel = rf_query_param(query, "channel"),
                          .taking = json_dumps(query->channels, JSON_COMPACT)};
    if (meant.taking == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    enum rf_err err = find_resent(query, &meant, db, error);
    if (err == RF_OK)
        err = find_left(query, &meant, db, error);
    free(meant.taking);
    const json_t *resent = json_object_get(query->result, "resent");
    if (err == RF_OK && json_array_size(resent) == 0 &&
        json_array_size(json_object_get(query->result, "left")) == 0)
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
