// Two lists of jobs under one mutex: `waiting` (loop to thread) and `finished` (thread to loop).
// The thread takes what waits as one batch, runs each job in a savepoint of its own, commits once,
// and rings the loop by an eventfd.
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/loop.h"
#include "store/driver.h"
#include "store/migrate.h"
#include "store/sqlite.h"

// Jobs in one commit at most, so that the first of a long queue does not wait for the last.
#define BATCH_MAX 256

struct job_list {
    struct rf_store_job *first;
    struct rf_store_job **last; // where the next one is linked
};

struct rf_store {
    struct rf_loop *loop;
    struct rf_db *db;
    int event_fd;
    pthread_t thread;
    bool running; // the thread exists
    size_t pending;

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t wake;   // the thread waits for work
    pthread_cond_t ready;  // rf_store_now and rf_store_close wait for a result
    struct job_list waiting, finished;
    struct rf_store_job *now; // the job of rf_store_now; NULL when it has been run
    bool closing;             // nothing new is taken
    bool ending;              // the thread ends when nothing waits
};

static void list_init(struct job_list *list) {
    list->first = NULL;
    list->last = &list->first;
}

static void list_append(struct job_list *list, struct rf_store_job *job) {
    job->next = NULL;
    *list->last = job;
    list->last = &job->next;
}

static struct rf_store_job *list_take(struct job_list *list) {
    struct rf_store_job *job = list->first;
    if (job) {
        list->first = job->next;
        if (!list->first)
            list->last = &list->first;
        job->next = NULL;
    }
    return job;
}

// ---- the thread ----

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
        enum rf_err err = driver->alive(db) ? driver->release(db, &error) : RF_OK;
        if (err != RF_OK)
            fail_job(job, &error);
    }
    return driver->alive(db);
}

// Runs jobs from `batch` on in one transaction and ends it. Returns the first job that was not run:
// the transaction broke before it.
static struct rf_store_job *run_transaction(struct rf_db *db, struct rf_store_job *batch) {
    struct rf_error error = {0};
    bool alive = db->driver->begin(db, &error) == RF_OK;
    if (!alive) {
        error.code = RF_ERR_IO;
        for (struct rf_store_job *job = batch; job; job = job->next)
            fail_job(job, &error);
        return NULL;
    }
    struct rf_store_job *job = batch;
    for (; job && alive; job = job->next)
        alive = run_job(db, job);
    if (alive && db->driver->commit(db, &error) == RF_OK)
        return NULL;
    if (alive)
        rf_error_prefix(&error, "commit: ");
    else
        (void)rf_error_set(&error, RF_ERR_IO, "the transaction was given up by the database");
    error.code = RF_ERR_IO;
    db->driver->rollback(db);
    for (struct rf_store_job *failed = batch; failed != job; failed = failed->next)
        fail_job(failed, &error);
    return job;
}

static void run_batch(struct rf_db *db, struct rf_store_job *batch) {
    for (struct rf_store_job *job = batch; job; job = job->next) {
        job->result = RF_OK;
        job->error = (struct rf_error){0};
    }
    while (batch)
        batch = run_transaction(db, batch);
}

static void ring(struct rf_store *store) {
    uint64_t one = 1;
    // It cannot fail but for a full counter, and then the bell is ringing already.
    ssize_t written = write(store->event_fd, &one, sizeof one);
    (void)written;
}

// Takes up to BATCH_MAX waiting jobs as a chain. With the mutex held.
static struct rf_store_job *take_batch(struct rf_store *store) {
    struct job_list batch;
    list_init(&batch);
    for (int i = 0; i < BATCH_MAX && store->waiting.first; i++)
        list_append(&batch, list_take(&store->waiting));
    return batch.first;
}

static void *thread_main(void *arg) {
    struct rf_store *store = arg;
    pthread_mutex_lock(&store->mutex);
    for (;;) {
        while (!store->waiting.first && !store->ending)
            pthread_cond_wait(&store->wake, &store->mutex);
        struct rf_store_job *batch = take_batch(store);
        if (!batch)
            break;
        pthread_mutex_unlock(&store->mutex);
        run_batch(store->db, batch);
        pthread_mutex_lock(&store->mutex);
        while (batch) {
            struct rf_store_job *next = batch->next;
            if (batch == store->now)
                store->now = NULL;
            else
                list_append(&store->finished, batch);
            batch = next;
        }
        pthread_cond_broadcast(&store->ready);
        ring(store);
    }
    pthread_mutex_unlock(&store->mutex);
    return NULL;
}

// ---- the loop's side ----

static void deliver(struct rf_store *store) {
    for (;;) {
        pthread_mutex_lock(&store->mutex);
        struct rf_store_job *job = list_take(&store->finished);
        pthread_mutex_unlock(&store->mutex);
        if (!job)
            return;
        store->pending--;
        // done() may free the job, its error included.
        struct rf_error error = job->error;
        job->done(job, job->result, &error);
    }
}

static void on_event(void *arg, int fd, unsigned events) {
    (void)events;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; // EAGAIN: delivered already
    deliver(arg);
}

static enum rf_err start_thread(struct rf_store *store, struct rf_error *error) {
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&store->thread, NULL, thread_main, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return rf_error_set(error, RF_ERR_IO, "cannot start the store's thread: %s", strerror(rc));
    store->running = true;
    return RF_OK;
}

enum rf_err rf_store_open(struct rf_loop *loop, const char *path,
                          const struct rf_migration *migrations, size_t count,
                          struct rf_store **out, struct rf_error *error) {
    *out = NULL;
    struct rf_store *store = calloc(1, sizeof *store);
    if (!store)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    store->loop = loop;
    store->event_fd = -1;
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->wake, NULL);
    pthread_cond_init(&store->ready, NULL);
    list_init(&store->waiting);
    list_init(&store->finished);

    enum rf_err err = rf_sqlite_open(path, &store->db, error);
    if (err != RF_OK)
        goto cleanup;
    if ((err = rf_db_migrate(store->db, migrations, count, error)) != RF_OK) {
        rf_error_prefix(error, "%s: ", path);
        goto cleanup;
    }
    store->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (store->event_fd < 0) {
        err = rf_error_set(error, RF_ERR_IO, "eventfd: %s", strerror(errno));
        goto cleanup;
    }
    if ((err = rf_loop_fd_set(loop, store->event_fd, RF_LOOP_READ, on_event, store)) != RF_OK) {
        (void)rf_error_set(error, err, "cannot watch the store's event descriptor");
        goto cleanup;
    }
    err = start_thread(store, error);
cleanup:
    if (err != RF_OK)
        rf_store_close(&store);
    *out = store;
    return err;
}

static void submit(struct rf_store *store, struct rf_store_job *job, bool now) {
    pthread_mutex_lock(&store->mutex);
    if (now)
        store->now = job;
    else
        store->pending++;
    if (store->closing) {
        job->result = rf_error_set(&job->error, RF_ERR_CLOSED, "the store is closing");
        list_append(&store->finished, job);
    } else {
        list_append(&store->waiting, job);
        pthread_cond_signal(&store->wake);
    }
    pthread_mutex_unlock(&store->mutex);
}

void rf_store_submit(struct rf_store *store, struct rf_store_job *job) {
    submit(store, job, false);
}

enum rf_err rf_store_now(struct rf_store *store, struct rf_store_job *job, struct rf_error *error) {
    submit(store, job, true);
    pthread_mutex_lock(&store->mutex);
    while (store->now)
        pthread_cond_wait(&store->ready, &store->mutex);
    pthread_mutex_unlock(&store->mutex);
    if (job->result != RF_OK && error)
        *error = job->error;
    return job->result;
}

size_t rf_store_pending(const struct rf_store *store) {
    return store->pending;
}

static void end_thread(struct rf_store *store) {
    pthread_mutex_lock(&store->mutex);
    store->closing = true;
    store->ending = true;
    pthread_cond_signal(&store->wake);
    pthread_mutex_unlock(&store->mutex);
    pthread_join(store->thread, NULL);
    store->running = false;
    deliver(store);
}

void rf_store_close(struct rf_store **pointer) {
    struct rf_store *store = *pointer;
    if (!store)
        return;
    if (store->running)
        end_thread(store);
    if (store->event_fd >= 0) {
        if (rf_loop_fd_set(store->loop, store->event_fd, 0, NULL, NULL) != RF_OK)
            rf_log(RF_LOG_WARNING, "the loop still watches a store that is closed");
        close(store->event_fd);
    }
    rf_db_close(&store->db);
    pthread_cond_destroy(&store->ready);
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->mutex);
    free(store);
    *pointer = NULL;
}
