#include "history_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

// ---- what waits ----

static struct health_row *add_row(struct health_history *history, const char *name) {
    if (history == NULL)
        return NULL;
    if (history->row_count == HEALTH_HISTORY_WAITS) {
        history->left_out++;
        return NULL;
    }
    struct health_row *row = &history->rows[history->row_count++];
    *row = (struct health_row){.name = name};
    return row;
}

void health_history_change(struct health_history *history, const char *name,
                           const struct health_change *change) {
    struct health_row *row = add_row(history, name);
    if (row != NULL)
        row->change = *change;
}

void health_history_outage(struct health_history *history, const char *name,
                           const struct health_outage *outage) {
    struct health_row *row = add_row(history, name);
    if (row == NULL)
        return;
    row->is_outage = true;
    row->outage = *outage;
}

// ---- a write ----

static void free_write(struct health_write *write) {
    for (size_t i = 0; i < write->count; i++) {
        free(write->accounts[i].minutes);
        free(write->accounts[i].hours);
    }
    free(write->rows);
    free(write);
}

// The buckets of a ring from `since` on. False: no memory.
static bool copy_buckets(const struct health_bucket *ring, int64_t size, struct rf_duration length,
                         struct rf_utc since, struct rf_utc now, struct health_bucket **copy,
                         size_t *count) {
    int64_t last = now.ns / length.ns, first = since.ns / length.ns;
    if (last - first >= size)
        first = last - size + 1;
    *copy = first > last ? NULL : calloc((size_t)(last - first + 1), sizeof **copy);
    if (*copy == NULL)
        return first > last;
    for (int64_t number = first; number <= last; number++)
        if (ring[number % size].number == number)
            (*copy)[(*count)++] = ring[number % size];
    return true;
}

static bool copy_account(struct health_write *write, const struct health_named *named,
                         struct rf_utc since) {
    const struct health_availability *availability = &named->account->availability;
    size_t at = write->count++;
    write->accounts[at].name = named->name;
    write->accounts[at].status = named->account->status;
    return copy_buckets(availability->minutes, HEALTH_MINUTES, HEALTH_MINUTE, since, write->at,
                        &write->accounts[at].minutes, &write->accounts[at].minute_count) &&
           copy_buckets(availability->hours, HEALTH_HOURS, HEALTH_HOUR, since, write->at,
                        &write->accounts[at].hours, &write->accounts[at].hour_count);
}

static struct health_write *make_write(struct health_history *history, struct rf_utc now) {
    size_t rows = history->row_count - history->writing;
    struct health_write *write = calloc(1, sizeof *write);
    if (write == NULL)
        return NULL;
    write->history = history;
    write->at = now;
    write->trim = rf_utc_since(now, history->trimmed).ns >= HEALTH_HOUR.ns;
    write->rows = calloc(rows == 0 ? 1 : rows, sizeof *write->rows);
    bool whole = write->rows != NULL;
    if (whole && rows > 0)
        memcpy(write->rows, history->rows + history->writing, rows * sizeof *write->rows);
    write->row_count = rows;
    for (size_t i = 0; whole && i < history->count; i++)
        whole = copy_account(write, &history->accounts[i], history->written);
    if (whole)
        return write;
    free_write(write);
    return NULL;
}

static enum rf_err run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    return health_write_run((struct health_write *)job, db, error);
}

static void say(struct health_history *history, enum rf_err result, const struct rf_error *error) {
    if (result != RF_OK && !history->failing)
        rf_log(RF_LOG_ERROR, "cannot keep the history of providers, goes on trying: %s",
               error->message);
    if (result == RF_OK && history->failing)
        rf_log(RF_LOG_INFO, "the history of providers is kept again; left out: %lld changes",
               (long long)history->left_out);
    history->failing = result != RF_OK;
    if (result == RF_OK)
        history->left_out = 0;
}

static void done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct health_write *write = (struct health_write *)job;
    struct health_history *history = write->history;
    say(history, result, error);
    history->busy = false;
    history->writing = 0;
    if (result == RF_OK) {
        history->row_count -= write->row_count;
        memmove(history->rows, history->rows + write->row_count,
                history->row_count * sizeof *history->rows);
        history->written = write->at;
        if (write->trim)
            history->trimmed = write->at;
    }
    bool again = history->again && result == RF_OK && !history->closing;
    struct rf_utc at = write->at;
    free_write(write);
    history->again = false;
    if (again)
        health_history_write(history, at);
}

void health_history_write(struct health_history *history, struct rf_utc now) {
    if (history == NULL)
        return;
    if (history->busy && !history->closing) {
        history->again = true;
        return;
    }
    struct health_write *write = make_write(history, now);
    if (write == NULL) {
        const struct rf_error error = {.message = "out of memory"};
        say(history, RF_ERR_NOMEM, &error);
        return;
    }
    history->busy = true;
    history->writing = history->row_count;
    write->job = (struct rf_store_job){.run = run, .done = done};
    rf_store_submit(history->store, &write->job);
}

// ---- the beginning and the end ----

struct load_job {
    struct rf_store_job job;
    struct health_history *history;
};

static enum rf_err run_load(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    return health_history_load(((struct load_job *)job)->history, db, error);
}

static void ignore(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

enum rf_err health_history_open(struct rf_loop *loop, const char *path,
                                const struct health_named *accounts, size_t count,
                                struct rf_utc now, struct health_history **out,
                                struct rf_error *error) {
    struct health_history *history = calloc(1, sizeof *history);
    *out = NULL;
    if (history == NULL || count > HEALTH_HISTORY_NAMES ||
        (history->rows = calloc(HEALTH_HISTORY_WAITS, sizeof *history->rows)) == NULL) {
        free(history);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for the history");
    }
    memcpy(history->accounts, accounts, count * sizeof *accounts);
    history->count = count;
    history->written = now;
    struct load_job load = {.job = {.run = run_load, .done = ignore}, .history = history};
    enum rf_err result = rf_store_open(loop, path, health_migrations, health_migration_count,
                                       &history->store, error);
    if (result == RF_OK)
        result = rf_store_now(history->store, &load.job, error);
    if (result != RF_OK) {
        rf_store_close(&history->store);
        free(history->rows);
        free(history);
        return result;
    }
    *out = history;
    return RF_OK;
}

void health_history_close(struct health_history **history, struct rf_utc now) {
    if (*history == NULL)
        return;
    (*history)->closing = true;
    health_history_write(*history, now);
    rf_store_close(&(*history)->store);
    free((*history)->rows);
    free(*history);
    *history = NULL;
}
