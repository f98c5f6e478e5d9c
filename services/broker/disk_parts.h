// The disk from within: shared by its files alone.
#ifndef RF_BROKER_DISK_PARTS_H
#define RF_BROKER_DISK_PARTS_H

#include <pthread.h>
#include <sqlite3.h>

#include "disk.h"
#include "disk_queue.h"
#include "disk_retention.h"
#include "disk_writer.h"

struct rf_disk {
    char *path;
    sqlite3 *db; // the thread's, once it runs
    int event_fd;
    pthread_t thread;
    bool running;
    int wal_pages; // of the WAL file, after the last commit

    struct rf_disk_queue filling; // the loop's own: not flushed yet

    // The thread's own.
    struct rf_disk_writer writer;
    struct rf_disk_retention retention;
    struct timespec look;       // when to look what may go, if nothing is written
    struct rf_disk_queue batch; // what it is writing
    size_t batch_at;            // everything before it is committed
    int64_t reached;            // position of the last committed record

    pthread_mutex_t mutex; // guards all below
    pthread_cond_t asked;
    struct rf_disk_queue waiting;
    int64_t spare;
    bool idle;      // the thread sleeps until it is asked
    bool finishing; // it ends when all is written, or cannot be
    struct rf_disk_progress progress;
};

// rf_disk_thread: what the thread runs; `arg` is the disk.
void *rf_disk_thread(void *arg);

#endif
