// What the history's database holds.
#include <string.h>

#include "history_parts.h"

// Times are UTC nanoseconds, 0: not. `length` of a bucket is in seconds.
const struct rf_migration health_migrations[] = {
    {1, "CREATE TABLE change ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, at INTEGER NOT NULL,"
        " was TEXT NOT NULL, is_now TEXT NOT NULL, cause TEXT NOT NULL, why TEXT NOT NULL);"
        "CREATE INDEX change_provider ON change (provider, id);"
        "CREATE TABLE incident ("
        " provider TEXT NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,"
        " worst TEXT NOT NULL, cause TEXT NOT NULL, why TEXT NOT NULL, changes INTEGER NOT NULL,"
        " PRIMARY KEY (provider, began)) WITHOUT ROWID;"
        "CREATE INDEX incident_began ON incident (began, provider);"
        "CREATE TABLE bucket ("
        " provider TEXT NOT NULL, length INTEGER NOT NULL, number INTEGER NOT NULL,"
        " up_ns INTEGER NOT NULL, degraded_ns INTEGER NOT NULL, down_ns INTEGER NOT NULL,"
        " PRIMARY KEY (provider, length, number)) WITHOUT ROWID;"
        // Until when it was watched, and how it was seen then.
        "CREATE TABLE seen ("
        " provider TEXT PRIMARY KEY, at INTEGER NOT NULL, status TEXT NOT NULL) WITHOUT ROWID;"},
};
const size_t health_migration_count = sizeof health_migrations / sizeof health_migrations[0];

// ---- to the disk ----

static enum rf_err put_change(const struct health_row *row, struct rf_db *db,
                              struct rf_error *error) {
    const struct health_change *change = &row->change;
    return rf_db_run(db, error,
                     "INSERT INTO change (provider, at, was, is_now, cause, why)"
                     " VALUES (?, ?, ?, ?, ?, ?)",
                     "titttt", row->name, change->at.ns, health_status_name(change->from),
                     health_status_name(change->to), change->cause, change->why);
}

static enum rf_err put_outage(const struct health_row *row, struct rf_db *db,
                              struct rf_error *error) {
    const struct health_outage *outage = &row->outage;
    return rf_db_run(db, error,
                     "INSERT INTO incident (provider, began, ended, worst, cause, why, changes)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (provider, began) DO UPDATE SET"
                     " ended = excluded.ended, worst = excluded.worst, cause = excluded.cause,"
                     " why = excluded.why, changes = excluded.changes",
                     "tiittti", row->name, outage->began.ns, outage->ended.ns,
                     health_status_name(outage->worst), outage->cause, outage->why,
                     outage->changes);
}

static enum rf_err put_buckets(const char *name, struct rf_duration length,
                               const struct health_bucket *buckets, size_t count, struct rf_db *db,
                               struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < count; i++)
        err = rf_db_run(db, error,
                        "INSERT INTO bucket (provider, length, number, up_ns, degraded_ns, down_ns)"
                        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (provider, length, number) DO"
                        " UPDATE SET up_ns = excluded.up_ns, degraded_ns = excluded.degraded_ns,"
                        " down_ns = excluded.down_ns",
                        "tiiiii", name, length.ns / RF_NS_PER_S, buckets[i].number,
                        buckets[i].spent.up_ns, buckets[i].spent.degraded_ns,
                        buckets[i].spent.down_ns);
    return err;
}

static enum rf_err put_account(const struct health_write *write, size_t at, struct rf_db *db,
                               struct rf_error *error) {
    const char *name = write->accounts[at].name;
    enum rf_err err = put_buckets(name, HEALTH_MINUTE, write->accounts[at].minutes,
                                  write->accounts[at].minute_count, db, error);
    if (err == RF_OK)
        err = put_buckets(name, HEALTH_HOUR, write->accounts[at].hours,
                          write->accounts[at].hour_count, db, error);
    if (err != RF_OK)
        return err;
    return rf_db_run(db, error,
                     "INSERT INTO seen (provider, at, status) VALUES (?, ?, ?) ON CONFLICT"
                     " (provider) DO UPDATE SET at = excluded.at, status = excluded.status",
                     "tit", name, write->at.ns, health_status_name(write->accounts[at].status));
}

// What is older than it is kept, and the changes of a provider that flaps for months.
static enum rf_err trim(const struct health_write *write, struct rf_db *db,
                        struct rf_error *error) {
    int64_t oldest = rf_utc_add(write->at, rf_ns(-HEALTH_HISTORY_KEPT.ns)).ns;
    int64_t minute = HEALTH_MINUTE.ns / RF_NS_PER_S, hour = HEALTH_HOUR.ns / RF_NS_PER_S;
    enum rf_err err = rf_db_run(db, error, "DELETE FROM change WHERE at < ?", "i", oldest);
    for (size_t i = 0; err == RF_OK && i < write->count; i++)
        err = rf_db_run(db, error,
                        "DELETE FROM change WHERE provider = ? AND id <= (SELECT id FROM change"
                        " WHERE provider = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                        "tti", write->accounts[i].name, write->accounts[i].name,
                        (int64_t)HEALTH_HISTORY_MOST);
    if (err == RF_OK)
        err =
            rf_db_run(db, error, "DELETE FROM incident WHERE ended > 0 AND ended < ?", "i", oldest);
    if (err == RF_OK)
        err = rf_db_run(db, error,
                        "DELETE FROM bucket WHERE (length = ? AND number <= ?) OR"
                        " (length = ? AND number <= ?)",
                        "iiii", minute, write->at.ns / HEALTH_MINUTE.ns - HEALTH_MINUTES, hour,
                        write->at.ns / HEALTH_HOUR.ns - HEALTH_HOURS);
    return err;
}

enum rf_err health_write_run(struct health_write *write, struct rf_db *db, struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < write->row_count; i++)
        err = write->rows[i].is_outage ? put_outage(&write->rows[i], db, error)
                                       : put_change(&write->rows[i], db, error);
    for (size_t i = 0; err == RF_OK && i < write->count; i++)
        err = put_account(write, i, db, error);
    return err == RF_OK && write->trim ? trim(write, db, error) : err;
}

// ---- from the disk ----

static struct health_account *account_named(const struct health_history *history,
                                            const char *name) {
    for (size_t i = 0; name != NULL && i < history->count; i++)
        if (strcmp(history->accounts[i].name, name) == 0)
            return history->accounts[i].account;
    return NULL;
}

static enum rf_err load_buckets(struct health_history *history, struct rf_db *db,
                                struct rf_error *error) {
    struct rf_rows *rows = NULL;
    enum rf_err err =
        rf_db_query(db, error, &rows,
                    "SELECT provider, length, number, up_ns, degraded_ns, down_ns FROM bucket", "");
    while (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK) {
        struct health_account *account = account_named(history, rf_rows_text(rows, 0));
        const struct health_bucket bucket = {
            .number = rf_rows_number(rows, 2),
            .spent = {rf_rows_number(rows, 3), rf_rows_number(rows, 4), rf_rows_number(rows, 5)}};
        if (account != NULL)
            (void)health_availability_put(&account->availability,
                                          rf_seconds(rf_rows_number(rows, 1)), &bucket);
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static void fill_outage(struct health_outage *outage, const struct rf_rows *row) {
    outage->began.ns = rf_rows_number(row, 3);
    (void)health_status_parse(rf_rows_text(row, 4), &outage->worst);
    outage->changes = rf_rows_number(row, 5);
    strncpy(outage->cause, rf_rows_text(row, 6), sizeof outage->cause - 1);
    strncpy(outage->why, rf_rows_text(row, 7), sizeof outage->why - 1);
}

// How each was seen last, with its outage if that went on.
static enum rf_err load_seen(struct health_history *history, struct rf_db *db,
                             struct rf_error *error) {
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(
        db, error, &rows,
        "SELECT s.provider, s.at, s.status, i.began, i.worst, i.changes, i.cause, i.why FROM seen s"
        " LEFT JOIN incident i ON i.provider = s.provider AND i.ended = 0",
        "");
    while (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK) {
        const char *name = rf_rows_text(rows, 0);
        enum health_status status = HEALTH_UNKNOWN;
        struct health_outage outage = {0};
        struct health_change change;
        (void)health_status_parse(rf_rows_text(rows, 2), &status);
        if (!rf_rows_null(rows, 3))
            fill_outage(&outage, rows);
        for (size_t i = 0; i < history->count; i++)
            if (strcmp(history->accounts[i].name, name) == 0 &&
                health_account_restore(history->accounts[i].account, status,
                                       (struct rf_utc){rf_rows_number(rows, 1)}, &outage, &change))
                health_history_change(history, history->accounts[i].name, &change);
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

enum rf_err health_history_load(struct health_history *history, struct rf_db *db,
                                struct rf_error *error) {
    enum rf_err err = load_buckets(history, db, error);
    return err == RF_OK ? load_seen(history, db, error) : err;
}
