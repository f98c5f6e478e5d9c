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

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "runtime/loop.h"
#include "store/batch.h"
#include "store/driver.h"
#include "store/lease.h"
#include "store/member.h"
#include "store/migrate.h"
#include "store/sqlite.h"

// Jobs in one commit at most, so that the first of a long queue does not wait for the last.
#define BATCH_MAX 256

// After a renewal of the lease that failed.
#define BEAT_AGAIN rf_ms(500)

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
    rf_store_lost_fn *on_lost;
    void *arg;
    struct rf_instant beat_at; // the thread's: when the lease is to be renewed; 0: never

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t wake;   // the thread waits for work
    pthread_cond_t ready;  // rf_store_now and rf_store_close wait for a result
    struct job_list waiting, finished;
    struct rf_store_job *now; // the job of rf_store_now; NULL when it has been run
    bool closing;             // nothing new is taken
    bool ending;              // the thread ends when nothing waits
    struct rf_error lost;     // why nothing can be written any more; RF_OK: it can
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

static void ring(struct rf_store *store) {
    uint64_t one = 1;
    // It cannot fail but for a full counter, and then the bell is ringing already.
    ssize_t written = write(store->event_fd, &one, sizeof one);
    (void)written;
}

// ---- the lease ----

// A transaction that does nothing else renews the lease.
static void beat(struct rf_db *db) {
    struct rf_error error = {0};
    // A failure is told by those who have something to write.
    if (db->driver->begin(db, &error) != RF_OK)
        return;
    if (db->driver->commit(db, &error) == RF_OK)
        RF_CRASH_POINT(store, lease_renewed);
    else
        db->driver->rollback(db);
}

// When the thread has to renew the lease if nothing else is written till then.
static void plan_beat(struct rf_store *store) {
    const struct rf_db *db = store->db;
    struct rf_instant now = rf_clock_now();
    if (db->member == 0 || db->term.ns == 0 || db->lost) {
        store->beat_at = (struct rf_instant){0};
        return;
    }
    struct rf_instant asked =
        rf_instant_add((struct rf_instant){db->lease_end}, rf_ns(-db->term.ns));
    store->beat_at = rf_lease_renew_at(asked, db->term);
    if (rf_instant_before(store->beat_at, now)) // it failed just now
        store->beat_at = rf_instant_add(now, BEAT_AGAIN);
}

// Waits for work, or until the lease is to be renewed. With the mutex held. True: for the latter.
static bool wait_for_work(struct rf_store *store) {
    plan_beat(store);
    while (!store->waiting.first && !store->ending) {
        if (store->beat_at.ns == 0) {
            pthread_cond_wait(&store->wake, &store->mutex);
            continue;
        }
        const struct timespec until = {.tv_sec = store->beat_at.ns / RF_NS_PER_S,
                                       .tv_nsec = store->beat_at.ns % RF_NS_PER_S};
        if (pthread_cond_timedwait(&store->wake, &store->mutex, &until) == ETIMEDOUT)
            return true;
    }
    return false;
}

// Takes up to BATCH_MAX waiting jobs as a chain. With the mutex held.
static struct rf_store_job *take_batch(struct rf_store *store) {
    struct job_list batch;
    list_init(&batch);
    for (int i = 0; i < BATCH_MAX && store->waiting.first; i++)
        list_append(&batch, list_take(&store->waiting));
    return batch.first;
}

// Takes note of what no later job could mend. With the mutex held.
static void note_lost(struct rf_store *store, const struct rf_store_job *job) {
    if (store->lost.code != RF_OK)
        return;
    if (job && job->result == RF_ERR_DAMAGED)
        store->lost = job->error;
    else if (store->db->lost)
        (void)rf_error_set(&store->lost, RF_ERR_IO,
                           "the lease on the store has ended and another orchestrator has taken"
                           " over: the next start begins anew");
}

static void *thread_main(void *arg) {
    struct rf_store *store = arg;
    pthread_mutex_lock(&store->mutex);
    for (;;) {
        bool renew = wait_for_work(store);
        struct rf_store_job *batch = take_batch(store);
        if (!batch && !renew)
            break;
        pthread_mutex_unlock(&store->mutex);
        if (batch)
            rf_batch_run(store->db, batch);
        else
            beat(store->db);
        pthread_mutex_lock(&store->mutex);
        while (batch) {
            struct rf_store_job *next = batch->next;
            note_lost(store, batch);
            if (batch == store->now)
                store->now = NULL;
            else
                list_append(&store->finished, batch);
            batch = next;
        }
        note_lost(store, NULL);
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
    struct rf_store *store = arg;
    pthread_mutex_lock(&store->mutex);
    const struct rf_error why = store->lost;
    pthread_mutex_unlock(&store->mutex);
    rf_store_lost_fn *lost = why.code != RF_OK ? store->on_lost : NULL;
    if (lost) {
        store->on_lost = NULL;
        lost(store->arg, &why);
    }
    deliver(store);
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

enum rf_err rf_store_start(struct rf_loop *loop, struct rf_db *db,
                           const struct rf_migration *migrations, size_t count,
                           struct rf_store **out, struct rf_error *error) {
    *out = NULL;
    struct rf_store *store = calloc(1, sizeof *store);
    if (!store) {
        rf_db_close(&db);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    store->loop = loop;
    store->db = db;
    store->event_fd = -1;
    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&store->ready, NULL);
    list_init(&store->waiting);
    list_init(&store->finished);

    enum rf_err err = rf_db_migrate(db, migrations, count, error);
    if (err != RF_OK)
        goto cleanup;
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

enum rf_err rf_store_open(struct rf_loop *loop, const char *path,
                          const struct rf_migration *migrations, size_t count,
                          struct rf_store **out, struct rf_error *error) {
    struct rf_db *db;
    *out = NULL;
    enum rf_err err = rf_sqlite_open(path, &db, error);
    if (err != RF_OK)
        return err;
    err = rf_store_start(loop, db, migrations, count, out, error);
    if (err != RF_OK)
        rf_error_prefix(error, "%s: ", path);
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

// ---- membership ----

struct member_job {
    struct rf_store_job job;
    const char *name;
    struct rf_duration term;
};

static enum rf_err run_join(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    const struct member_job *join = (struct member_job *)job;
    return rf_member_join(db, join->name, join->term, error);
}

static enum rf_err run_leave(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    (void)job;
    return rf_member_leave(db, error);
}

enum rf_err rf_store_join(struct rf_store *store, const char *name, struct rf_duration term,
                          rf_store_lost_fn *on_lost, void *arg, struct rf_error *error) {
    struct member_job join = {.job.run = run_join, .name = name, .term = term};
    store->on_lost = on_lost;
    store->arg = arg;
    return rf_store_now(store, &join.job, error);
}

struct rf_instant rf_store_lease_end(const struct rf_store *store) {
    return (struct rf_instant){store->db->lease_end};
}

static void leave(struct rf_store *store) {
    struct member_job job = {.job.run = run_leave};
    struct rf_error error;
    if (rf_store_now(store, &job.job, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "others must wait for our lease on the store to end: %s",
               error.message);
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
    store->db->closing = true;
    if (store->running && store->db->member != 0 && !store->db->lost)
        leave(store);
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
