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

#include "disk_parts.h"
#include "disk_schema.h"

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

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages) {
    (void)db;
    (void)name;
    ((struct rf_disk *)arg)->wal_pages = pages;
    return SQLITE_OK;
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
    int number = pthread_create(&disk->thread, NULL, rf_disk_thread, disk);
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
