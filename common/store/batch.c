#include "store/batch.h"

#include "base/clock.h"
#include "base/crash_point.h"
#include "store/driver.h"

// A job that lost a deadlock is run again so often at most, each time after another of these.
#define ALONE_MOST     3
#define ALONE_PAUSE_MS 20

static void fail_job(struct rf_store_job *job, const struct rf_error *error) {
    if (job->result != RF_OK)
        return;
    job->result = error->code;
    job->error = *error;
}

// One job between its savepoint and the release of it. False: the database gave up the whole
// transaction (disk full, I/O error), and with it what the jobs before this one wrote.
static bool run_job(struct rf_db *db, struct rf_store_job *job) {
    const struct rf_driver *driver = db->driver;
    job->result = driver->mark(db, &job->error);
    if (job->result == RF_OK) {
        job->result = job->run(job, db, &job->error);
        if (job->result != RF_OK)
            driver->undo(db);
        struct rf_error error = {0};
        if (driver->alive(db) && driver->release(db, &error) != RF_OK) {
            fail_job(job, &error);
            driver->undo(db);
        }
    }
    return driver->alive(db);
}

// A transaction that was rolled back has undone the renewal of the lease that came with it.
static void renew(struct rf_db *db) {
    struct rf_error error = {0};
    // What is wrong is told by those who have something to write.
    if (db->term.ns > 0 && db->driver->begin(db, &error) == RF_OK &&
        db->driver->commit(db, &error) != RF_OK)
        db->driver->rollback(db);
}

// One wait for all: who waited in vain for a lock is followed by those who would.
static struct rf_store_job *fail_rest(struct rf_store_job *rest, const struct rf_error *error) {
    for (; rest; rest = rest->next)
        fail_job(rest, error);
    return NULL;
}

static enum rf_err io_or_damaged(enum rf_err err) {
    return err == RF_ERR_DAMAGED ? err : RF_ERR_IO;
}

// Runs jobs from `batch` on in one transaction and ends it. Returns the first job that was not run:
// the transaction broke before it.
static struct rf_store_job *run_transaction(struct rf_db *db, struct rf_store_job *batch) {
    struct rf_error error = {0};
    bool alive = db->driver->begin(db, &error) == RF_OK;
    if (!alive) {
        error.code = io_or_damaged(error.code);
        return fail_rest(batch, &error);
    }
    struct rf_store_job *job = batch;
    // One job alone needs no savepoint, for which SQLite would keep a copy of each page that the
    // job changes.
    if (!batch->next) {
        job = NULL;
        batch->result = batch->run(batch, db, &batch->error);
        if (batch->result != RF_OK) {
            db->driver->rollback(db);
            renew(db);
            return NULL;
        }
        alive = db->driver->alive(db);
    }
    bool held_up = false;
    for (; job && alive && !held_up; job = job->next) {
        alive = run_job(db, job);
        held_up = job->result == RF_ERR_TIMEOUT;
        error = job->error;
    }
    if (held_up)
        job = fail_rest(job, &error);
    if (alive)
        RF_CRASH_POINT(store, before_commit);
    if (alive && db->driver->commit(db, &error) == RF_OK) {
        RF_CRASH_POINT(store, committed);
        return NULL;
    }
    if (alive)
        rf_error_prefix(&error, "commit: ");
    else
        (void)rf_error_set(&error, RF_ERR_IO, "the transaction was given up by the database");
    // Of one job alone it may be a statement that it did not wait for.
    if (batch->next)
        error.code = io_or_damaged(error.code);
    db->driver->rollback(db);
    if (!batch->next)
        renew(db);
    for (struct rf_store_job *failed = batch; failed != job; failed = failed->next)
        fail_job(failed, &error);
    return job;
}

static void forget_result(struct rf_store_job *job) {
    job->result = RF_OK;
    job->error = (struct rf_error){0};
}

// Together with others a job holds their locks while it waits for its own, so that two batches may
// wait for each other. Alone it takes them in its own order. The other one is let go first: a row
// that was just freed goes to who comes first, not to who waits for it.
static void run_alone(struct rf_db *db, struct rf_store_job *job) {
    struct rf_store_job *next = job->next;
    job->next = NULL;
    for (int i = 1; job->result == RF_ERR_BUSY && i <= ALONE_MOST; i++) {
        rf_clock_pause(rf_ms((int64_t)ALONE_PAUSE_MS * i));
        forget_result(job);
        (void)run_transaction(db, job); // nothing is behind it
    }
    job->next = next;
}

void rf_batch_run(struct rf_db *db, struct rf_store_job *batch) {
    for (struct rf_store_job *job = batch; job; job = job->next)
        forget_result(job);
    for (struct rf_store_job *rest = batch; rest;)
        rest = run_transaction(db, rest);
    for (struct rf_store_job *job = batch; job; job = job->next)
        run_alone(db, job);
}
