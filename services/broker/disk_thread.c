// The disk's own thread: takes what waits, commits it group by group, and between the groups
// deletes what may go.
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <ringfence/time.h>

#include "base/crash_point.h"
#include "disk_parts.h"

#define RETRY_S 1 // after a disk refused

// The WAL file is copied into the database when it has so many pages (16 MB), after the loop was
// told of the commit: the copying then delays the next group alone.
#define CHECKPOINT_PAGES 4000

// Without anything to write, events that have become too old are looked for so often.
#define LOOK_S 5

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
        if (err == RF_OK && disk->writer.events > 0)
            RF_CRASH_POINT(broker, journal_committed);
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

void *rf_disk_thread(void *arg) {
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
