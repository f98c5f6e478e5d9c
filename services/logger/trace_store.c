#include "trace_store.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/db.h"

#define ASIDE ".damaged"

static const struct rf_migration migrations[] = {
    {1, "CREATE TABLE trace ("
        " id TEXT PRIMARY KEY,"
        " contact TEXT NOT NULL,"
        " campaign TEXT NOT NULL,"
        " origin TEXT NOT NULL,"
        " began BIGINT NOT NULL,"
        " last BIGINT NOT NULL,"
        " wait_since BIGINT NOT NULL,"
        " wait_reason TEXT NOT NULL,"
        " wait_provider TEXT NOT NULL,"
        " follow_since BIGINT NOT NULL,"
        " fallback_call TEXT NOT NULL,"
        " fallback_origin TEXT NOT NULL,"
        " run BIGINT NOT NULL,"
        " ended BIGINT NOT NULL) WITHOUT ROWID;"
        "CREATE TABLE place (one BIGINT PRIMARY KEY, n BIGINT NOT NULL, journal TEXT NOT NULL);"},
};

// ---- reading ----

static void set_text(char *out, size_t size, const char *text) {
    snprintf(out, size, "%s", text != NULL ? text : "");
}

static bool read_trace(struct rf_open_traces *open, struct rf_rows *rows) {
    struct rf_open_trace *trace = rf_open_traces_add(open, rf_rows_text(rows, 0));
    if (trace == NULL || !rf_open_traces_tell(trace, rf_rows_text(rows, 1), rf_rows_text(rows, 2),
                                              rf_rows_text(rows, 3)))
        return false;
    trace->began = rf_rows_number(rows, 4);
    trace->last = rf_rows_number(rows, 5);
    trace->wait_since = rf_rows_number(rows, 6);
    set_text(trace->wait_reason, sizeof trace->wait_reason, rf_rows_text(rows, 7));
    set_text(trace->wait_provider, sizeof trace->wait_provider, rf_rows_text(rows, 8));
    trace->follow_since = rf_rows_number(rows, 9);
    set_text(trace->fallback_call, sizeof trace->fallback_call, rf_rows_text(rows, 10));
    set_text(trace->fallback_origin, sizeof trace->fallback_origin, rf_rows_text(rows, 11));
    trace->run = rf_rows_number(rows, 12);
    rf_open_traces_touch(open, trace, rf_rows_number(rows, 13) != 0);
    return true;
}

static enum rf_err read_place(struct rf_trace_store *store, struct rf_db *db,
                              struct rf_error *error) {
    struct rf_rows *rows;
    enum rf_err err = rf_db_query(db, error, &rows, "SELECT n, journal FROM place", "");
    if (err == RF_OK)
        err = rf_rows_next(rows, error);
    if (err == RF_OK) {
        store->place.n = rf_rows_number(rows, 0);
        set_text(store->place.journal, sizeof store->place.journal, rf_rows_text(rows, 1));
    }
    rf_rows_end(&rows);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

static enum rf_err read_all(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_trace_store *store = RF_OWNER(job, struct rf_trace_store, job);
    struct rf_rows *rows;
    enum rf_err err = read_place(store, db, error);
    if (err != RF_OK)
        return err;
    err = rf_db_query(db, error, &rows,
                      "SELECT id, contact, campaign, origin, began, last, wait_since, wait_reason,"
                      " wait_provider, follow_since, fallback_call, fallback_origin, run, ended"
                      " FROM trace ORDER BY last",
                      "");
    while (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK)
        if (!read_trace(&store->traces->open, rows))
            err = rf_error_set(error, RF_ERR_NOMEM, "no memory for the traces under way");
    rf_rows_end(&rows);
    rf_open_traces_clean(&store->traces->open);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err;
}

// ---- writing ----

static enum rf_err write_trace(struct rf_db *db, const struct rf_open_trace *trace,
                               struct rf_error *error) {
    return rf_db_run(
        db, error,
        "INSERT INTO trace (id, contact, campaign, origin, began, last, wait_since, wait_reason,"
        " wait_provider, follow_since, fallback_call, fallback_origin, run, ended)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET contact = excluded.contact,"
        " campaign = excluded.campaign, origin = excluded.origin, began = excluded.began,"
        " last = excluded.last, wait_since = excluded.wait_since,"
        " wait_reason = excluded.wait_reason, wait_provider = excluded.wait_provider,"
        " follow_since = excluded.follow_since, fallback_call = excluded.fallback_call,"
        " fallback_origin = excluded.fallback_origin, run = excluded.run, ended = excluded.ended",
        "ttttiiittittii", trace->id, trace->contact, trace->campaign, trace->origin, trace->began,
        trace->last, trace->wait_since, trace->wait_reason, trace->wait_provider,
        trace->follow_since, trace->fallback_call, trace->fallback_origin, trace->run,
        (int64_t)trace->ended);
}

static enum rf_err write_all(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_trace_store *store = RF_OWNER(job, struct rf_trace_store, job);
    const struct rf_open_traces *open = &store->traces->open;
    const struct rf_open_trace *trace = NULL;
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < open->gone_count; i++)
        err = rf_db_run(db, error, "DELETE FROM trace WHERE id = ?", "t", open->gone[i]);
    while (err == RF_OK && (trace = rf_open_traces_touched(open, trace)) != NULL)
        err = write_trace(db, trace, error);
    if (err == RF_OK)
        err = rf_db_run(db, error,
                        "INSERT INTO place (one, n, journal) VALUES (1, ?, ?)"
                        " ON CONFLICT (one) DO UPDATE SET n = excluded.n,"
                        " journal = excluded.journal",
                        "it", store->next.n, store->next.journal);
    return err;
}

static void on_written(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_trace_store *store = RF_OWNER(job, struct rf_trace_store, job);
    store->keeping = false;
    if (store->closing)
        return;
    if (result == RF_OK) {
        rf_open_traces_clean(&store->traces->open);
        store->place = store->next;
    }
    store->done(store->arg, result, error);
}

void rf_trace_store_keep(struct rf_trace_store *store, const struct rf_journal_place *place,
                         void (*done)(void *arg, enum rf_err result, const struct rf_error *error),
                         void *arg) {
    store->next = *place;
    store->done = done;
    store->arg = arg;
    store->keeping = true;
    store->job = (struct rf_store_job){.run = write_all, .done = on_written};
    rf_store_submit(store->store, &store->job);
}

// ---- life ----

// One that was set aside before makes room: there is one at most. What cannot be moved goes away.
static void set_aside(const char *path) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    char name[PATH_MAX], aside[PATH_MAX];
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        snprintf(aside, sizeof aside, "%s" ASIDE "%s", path, ends[i]);
        unlink(aside);
        if (rename(name, aside) != 0)
            unlink(name);
    }
}

static enum rf_err open_file(struct rf_trace_store *store, struct rf_loop *loop, const char *path,
                             struct rf_error *error) {
    enum rf_err err = rf_store_open(loop, path, migrations,
                                    sizeof migrations / sizeof migrations[0], &store->store, error);
    store->job = (struct rf_store_job){.run = read_all};
    return err == RF_OK ? rf_store_now(store->store, &store->job, error) : err;
}

enum rf_err rf_trace_store_open(struct rf_trace_store *store, struct rf_loop *loop,
                                const char *path, struct rf_traces *traces,
                                struct rf_error *error) {
    *store = (struct rf_trace_store){.traces = traces};
    enum rf_err err = open_file(store, loop, path, error);
    if (err != RF_ERR_DAMAGED)
        return err;
    char damage[sizeof store->damage];
    snprintf(damage, sizeof damage,
             "%.200s is damaged, and set aside with the ending " ASIDE
             ": the traces that were under"
             " way begin where they are told of next: %.160s",
             path, error->message);
    rf_trace_store_close(store);
    rf_open_traces_fini(&traces->open);
    set_aside(path);
    *store = (struct rf_trace_store){.traces = traces};
    memcpy(store->damage, damage, sizeof damage);
    return open_file(store, loop, path, error);
}

void rf_trace_store_close(struct rf_trace_store *store) {
    store->closing = true;
    rf_store_close(&store->store);
    *store = (struct rf_trace_store){0};
}
