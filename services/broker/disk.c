// The loop fills a queue of its own and flushes it, under a mutex, to `waiting`; the thread takes
// that whole in exchange for its empty one, commits it group by group, and tells the loop of each
// by an eventfd. So it never sees a record before the one that is joined to it.
#include "disk.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <ringfence/time.h>

#include "disk_parts.h"
#include "disk_schema.h"

#define RETRY_S 1 // after a disk refused

// The WAL file is copied into the database when it has so many pages (16 MB), after the loop was
// told of the commit: the copying then delays the next group alone.
#define CHECKPOINT_PAGES 4000

// Without anything to write, events that have become too old are looked for so often.
#define LOOK_S 5

// ---- the thread ----

static void ring(const struct rf_disk *disk) {
    uint64_t one = 1;
    // It cannot fail but for a full counter, and then the bell is ringing already.
    ssize_t written = write(disk->event_fd, &one, sizeof one);
    (void)written;
}

static void tell(struct rf_disk *disk, enum rf_err err, const struct rf_error *error) {
    pthread_mutex_lock(&disk->mutex);
    disk->progress.written = disk->reached;
    disk->progress.events = disk->retention.events;
    disk->progress.failing = err != RF_OK;
    if (err != RF_OK)
        snprintf(disk->progress.why, sizeof disk->progress.why, "%s", error->message);
    pthread_mutex_unlock(&disk->mutex);
    ring(disk);
}

static void checkpoint(struct rf_disk *disk) {
    if (disk->wal_pages < CHECKPOINT_PAGES)
        return;
    // A reader may hold some of it up, and a full disk all: the next commit tries again.
    (void)!sqlite3_wal_checkpoint_v2(disk->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages) {
    (void)db;
    (void)name;
    ((struct rf_disk *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

static struct timespec seconds_from_now(time_t seconds) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    return until;
}

// One step. A disk that fails is told of by what has to be written; here it is tried again later.
static void delete_old(struct rf_disk *disk) {
    struct rf_disk_retention *retention = &disk->retention;
    struct timespec now;
    struct rf_error error;
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&disk->mutex);
    int64_t spare = disk->spare, trimmed = disk->progress.trimmed;
    pthread_mutex_unlock(&disk->mutex);
    (void)!rf_disk_retention_step(retention, now.tv_sec * RF_NS_PER_S + now.tv_nsec, spare, &error);
    disk->look = seconds_from_now(LOOK_S);
    pthread_mutex_lock(&disk->mutex);
    disk->progress.trimmed = retention->trimmed;
    disk->progress.events = retention->events;
    disk->progress.bytes = retention->used;
    pthread_mutex_unlock(&disk->mutex);
    if (trimmed != retention->trimmed)
        ring(disk);
    checkpoint(disk);
}

// Writes the batch; false when it could not all be written.
static bool write_batch(struct rf_disk *disk) {
    while (disk->batch_at < disk->batch.size) {
        struct rf_error error = {0};
        enum rf_err err = rf_disk_writer_group(&disk->writer, &disk->batch, &disk->batch_at,
                                               &disk->reached, &error);
        if (err == RF_OK)
            rf_disk_retention_took(&disk->retention, disk->writer.events, disk->writer.last);
        tell(disk, err, &error);
        if (err != RF_OK)
            return false;
        checkpoint(disk);
        delete_old(disk);
    }
    rf_disk_queue_clear(&disk->batch);
    disk->batch_at = 0;
    return true;
}

static void take_batch(struct rf_disk *disk) {
    struct rf_disk_queue empty = disk->batch;
    disk->batch = disk->waiting;
    disk->waiting = empty;
}

enum work { WRITE, DELETE, NOTHING };

// With the mutex held. NOTHING: and never again.
static enum work wait_for_work(struct rf_disk *disk) {
    while (disk->waiting.count == 0 && !disk->finishing) {
        if (disk->retention.behind)
            return DELETE;
        disk->idle = true;
        int number = pthread_cond_timedwait(&disk->asked, &disk->mutex, &disk->look);
        disk->idle = false;
        if (number == ETIMEDOUT && disk->waiting.count == 0 && !disk->finishing)
            return DELETE;
    }
    if (disk->waiting.count == 0)
        return NOTHING;
    take_batch(disk);
    return WRITE;
}

// With the mutex held.
static void wait_after_failure(struct rf_disk *disk) {
    struct timespec until = seconds_from_now(RETRY_S);
    while (!disk->finishing &&
           pthread_cond_timedwait(&disk->asked, &disk->mutex, &until) != ETIMEDOUT)
        ;
}

// False: not all of it was written, and nobody waits for it any more.
static bool write_all(struct rf_disk *disk, bool last_try) {
    while (!write_batch(disk)) {
        if (last_try)
            return false;
        pthread_mutex_lock(&disk->mutex);
        wait_after_failure(disk);
        last_try = disk->finishing;
        pthread_mutex_unlock(&disk->mutex);
    }
    return true;
}

static void *run(void *arg) {
    struct rf_disk *disk = arg;
    enum work work;
    bool going = true;
    pthread_mutex_lock(&disk->mutex);
    while (going && (work = wait_for_work(disk)) != NOTHING) {
        bool last_try = disk->finishing;
        pthread_mutex_unlock(&disk->mutex);
        if (work == WRITE)
            going = write_all(disk, last_try);
        else
            delete_old(disk);
        pthread_mutex_lock(&disk->mutex);
    }
    pthread_mutex_unlock(&disk->mutex);
    return NULL;
}

// ---- the loop's side ----

static void init_locks(struct rf_disk *disk) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&disk->asked, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&disk->mutex, NULL);
}

// `in_order`: the next broker may go on without passing numbers over.
static void destroy(struct rf_disk *disk, bool in_order) {
    rf_disk_writer_close(&disk->writer);
    rf_disk_retention_close(&disk->retention);
    rf_disk_schema_close(&disk->db, in_order);
    rf_disk_queue_fini(&disk->batch);
    rf_disk_queue_fini(&disk->waiting);
    rf_disk_queue_fini(&disk->filling);
    if (disk->event_fd >= 0)
        close(disk->event_fd);
    pthread_cond_destroy(&disk->asked);
    pthread_mutex_destroy(&disk->mutex);
    free(disk->path);
    free(disk);
}

enum rf_err rf_disk_open(const char *folder, enum rf_disk_sync sync,
                         const struct rf_disk_limits *limits, struct rf_disk **out,
                         struct rf_disk_found *found, struct rf_error *error) {
    *out = NULL;
    struct rf_disk *disk = calloc(1, sizeof *disk);
    if (disk == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    init_locks(disk);
    disk->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum rf_err err = RF_OK;
    if (disk->event_fd < 0)
        err = rf_error_set(error, RF_ERR_IO, "eventfd: %s", strerror(errno));
    if (err == RF_OK && asprintf(&disk->path, "%s/broker.db", folder) < 0) {
        disk->path = NULL;
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    if (err == RF_OK)
        err = rf_disk_schema_open(disk->path, sync, &disk->db, found, error);
    if (err == RF_OK)
        err = rf_disk_writer_open(&disk->writer, disk->db, error);
    if (err == RF_OK)
        err = rf_disk_retention_open(&disk->retention, disk->db, limits, error);
    disk->spare = INT64_MAX;
    disk->progress.trimmed = disk->retention.trimmed;
    disk->progress.events = disk->retention.events;
    disk->progress.bytes = disk->retention.used;
    if (err != RF_OK) {
        destroy(disk, false);
        return err;
    }
    sqlite3_wal_hook(disk->db, on_commit, disk);
    *out = disk;
    return RF_OK;
}

const char *rf_disk_path(const struct rf_disk *disk) {
    return disk->path;
}

enum rf_err rf_disk_start(struct rf_disk *disk, struct rf_error *error) {
    rf_disk_flush(disk);
    // Signals belong to the loop's thread.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&disk->thread, NULL, run, disk);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0)
        return rf_error_set(error, RF_ERR_IO, "cannot start the disk's thread: %s",
                            strerror(number));
    disk->running = true;
    return RF_OK;
}

void rf_disk_put(struct rf_disk *disk, const struct rf_record *record) {
    if (!rf_disk_queue_put(&disk->filling, record))
        abort();
}

void rf_disk_spare(struct rf_disk *disk, int64_t number) {
    pthread_mutex_lock(&disk->mutex);
    disk->spare = number;
    pthread_mutex_unlock(&disk->mutex);
}

void rf_disk_flush(struct rf_disk *disk) {
    pthread_mutex_lock(&disk->mutex);
    if (!rf_disk_queue_move(&disk->waiting, &disk->filling))
        abort();
    if (disk->idle && disk->waiting.count > 0) {
        disk->idle = false;
        pthread_cond_signal(&disk->asked);
    }
    pthread_mutex_unlock(&disk->mutex);
}

int rf_disk_event(const struct rf_disk *disk) {
    return disk->event_fd;
}

void rf_disk_look(struct rf_disk *disk, struct rf_disk_progress *progress) {
    uint64_t count;
    ssize_t got = read(disk->event_fd, &count, sizeof count);
    (void)got; // EAGAIN: it was read before
    pthread_mutex_lock(&disk->mutex);
    *progress = disk->progress;
    pthread_mutex_unlock(&disk->mutex);
}

void rf_disk_finish(struct rf_disk *disk) {
    if (!disk->running)
        return;
    rf_disk_flush(disk);
    pthread_mutex_lock(&disk->mutex);
    disk->finishing = true;
    pthread_cond_signal(&disk->asked);
    pthread_mutex_unlock(&disk->mutex);
    pthread_join(disk->thread, NULL);
    disk->running = false;
}

void rf_disk_close(struct rf_disk **pointer) {
    struct rf_disk *disk = *pointer;
    if (disk == NULL)
        return;
    rf_disk_finish(disk);
    destroy(disk, disk->batch.count == 0 && disk->waiting.count == 0 && disk->filling.count == 0);
    *pointer = NULL;
}
