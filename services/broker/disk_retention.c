#include "disk_retention.h"

#include "store/sql.h"

// After so many events the count is written down, so that a start after a kill has few to count.
#define COUNT_AGAIN 65536

static const char *const texts[RF_RETENTION_STATEMENTS] = {
    [RF_RETENTION_OLDEST] = "SELECT n, at, length(frame) FROM events ORDER BY n",
    [RF_RETENTION_DELETE] = "DELETE FROM events WHERE n <= ?",
    [RF_RETENTION_MARK] = "UPDATE marks SET trimmed = ?, events = ?, counted = ?",
    [RF_RETENTION_PAGES] = "PRAGMA page_count",
    [RF_RETENTION_FREE] = "PRAGMA freelist_count",
};

static enum rf_err number(struct rf_disk_retention *retention, enum rf_retention_statement which,
                          int64_t *value, struct rf_error *error) {
    sqlite3_stmt *statement = retention->statements[which];
    int code = sqlite3_step(statement);
    *value = code == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    enum rf_err err = code == SQLITE_ROW ? RF_OK : rf_sql_fail(retention->db, error);
    sqlite3_reset(statement);
    return err;
}

static enum rf_err measure(struct rf_disk_retention *retention, struct rf_error *error) {
    int64_t pages, free_pages;
    enum rf_err err = number(retention, RF_RETENTION_PAGES, &pages, error);
    if (err == RF_OK)
        err = number(retention, RF_RETENTION_FREE, &free_pages, error);
    if (err == RF_OK)
        retention->used = (pages - free_pages) * retention->page_bytes;
    return err;
}

static enum rf_err count(struct rf_disk_retention *retention, struct rf_error *error) {
    sqlite3_stmt *statement;
    enum rf_err err =
        rf_sql_query(retention->db, error, &statement,
                     "SELECT trimmed, events, coalesce((SELECT max(n) FROM events), trimmed),"
                     " (SELECT count(*) FROM events WHERE n > counted) FROM marks",
                     "");
    if (err == RF_OK)
        err = rf_sql_step(statement, error);
    if (err == RF_OK) {
        retention->trimmed = sqlite3_column_int64(statement, 0);
        retention->last = sqlite3_column_int64(statement, 2);
        retention->uncounted = sqlite3_column_int64(statement, 3);
        retention->events = sqlite3_column_int64(statement, 1) + retention->uncounted;
    }
    sqlite3_finalize(statement);
    return err;
}

enum rf_err rf_disk_retention_open(struct rf_disk_retention *retention, sqlite3 *db,
                                   const struct rf_disk_limits *limits, struct rf_error *error) {
    *retention = (struct rf_disk_retention){.db = db, .limits = *limits};
    for (int i = 0; i < RF_RETENTION_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &retention->statements[i], NULL) != SQLITE_OK)
            return rf_sql_fail(db, error);
    }
    enum rf_err err = rf_sql_int(db, error, &retention->page_bytes, "PRAGMA page_size", "");
    if (err == RF_OK)
        err = count(retention, error);
    if (err == RF_OK)
        err = measure(retention, error);
    return err;
}

void rf_disk_retention_close(struct rf_disk_retention *retention) {
    for (int i = 0; i < RF_RETENTION_STATEMENTS; i++)
        sqlite3_finalize(retention->statements[i]);
    *retention = (struct rf_disk_retention){0};
}

void rf_disk_retention_took(struct rf_disk_retention *retention, int64_t events, int64_t last) {
    if (events == 0)
        return;
    retention->events += events;
    retention->fresh += events;
    retention->uncounted += events;
    retention->last = last;
}

// What a step is about to delete.
struct cut {
    int64_t upto, events, bytes;
};

static bool may_go(const struct rf_disk_retention *retention, const struct cut *cut, int64_t n,
                   int64_t at, int64_t now, int64_t spare) {
    const struct rf_disk_limits *limits = &retention->limits;
    if (limits->max_bytes > 0 && retention->used - cut->bytes > limits->max_bytes)
        return true;
    if (n > spare)
        return false;
    return (limits->max_age_ns > 0 && at < now - limits->max_age_ns) ||
           (limits->max_events > 0 && retention->events - cut->events > limits->max_events);
}

static int64_t step_events(const struct rf_disk_retention *retention) {
    int64_t events = 2 * retention->fresh;
    if (events > RF_RETENTION_STEP_MOST)
        events = RF_RETENTION_STEP_MOST;
    return events < RF_RETENTION_STEP_EVENTS ? RF_RETENTION_STEP_EVENTS : events;
}

static enum rf_err find_cut(struct rf_disk_retention *retention, int64_t now, int64_t spare,
                            struct cut *cut, struct rf_error *error) {
    sqlite3_stmt *statement = retention->statements[RF_RETENTION_OLDEST];
    int64_t most = step_events(retention);
    int code;
    retention->behind = false;
    retention->fresh = 0;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t n = sqlite3_column_int64(statement, 0);
        if (!may_go(retention, cut, n, sqlite3_column_int64(statement, 1), now, spare))
            break;
        if (cut->events == most || cut->bytes > RF_RETENTION_STEP_BYTES) {
            retention->behind = true;
            break;
        }
        cut->upto = n;
        cut->events++;
        cut->bytes += sqlite3_column_int64(statement, 2);
    }
    enum rf_err err =
        code == SQLITE_ROW || code == SQLITE_DONE ? RF_OK : rf_sql_fail(retention->db, error);
    sqlite3_reset(statement);
    return err;
}

static enum rf_err step(struct rf_disk_retention *retention, enum rf_retention_statement which,
                        struct rf_error *error) {
    int code = sqlite3_step(retention->statements[which]);
    enum rf_err err = code == SQLITE_DONE ? RF_OK : rf_sql_fail(retention->db, error);
    sqlite3_reset(retention->statements[which]);
    return err;
}

static enum rf_err carry_out(struct rf_disk_retention *retention, const struct cut *cut,
                             struct rf_error *error) {
    enum rf_err err = rf_sql_run(retention->db, error, "BEGIN IMMEDIATE", "");
    if (err != RF_OK)
        return err;
    if (cut->events > 0) {
        sqlite3_bind_int64(retention->statements[RF_RETENTION_DELETE], 1, cut->upto);
        err = step(retention, RF_RETENTION_DELETE, error);
    }
    sqlite3_stmt *mark = retention->statements[RF_RETENTION_MARK];
    sqlite3_bind_int64(mark, 1, cut->upto);
    sqlite3_bind_int64(mark, 2, retention->events - cut->events);
    sqlite3_bind_int64(mark, 3, retention->last);
    if (err == RF_OK)
        err = step(retention, RF_RETENTION_MARK, error);
    if (err == RF_OK)
        err = rf_sql_run(retention->db, error, "COMMIT", "");
    if (err != RF_OK)
        (void)!sqlite3_exec(retention->db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

enum rf_err rf_disk_retention_step(struct rf_disk_retention *retention, int64_t now, int64_t spare,
                                   struct rf_error *error) {
    struct cut cut = {.upto = retention->trimmed};
    enum rf_err err = measure(retention, error);
    if (err == RF_OK)
        err = find_cut(retention, now, spare, &cut, error);
    if (err == RF_OK && cut.events == 0 && retention->uncounted < COUNT_AGAIN)
        return RF_OK;
    if (err == RF_OK)
        err = carry_out(retention, &cut, error);
    if (err != RF_OK) {
        retention->behind = false; // not at once again
        return err;
    }
    retention->trimmed = cut.upto;
    retention->events -= cut.events;
    retention->uncounted = 0;
    return measure(retention, error);
}
