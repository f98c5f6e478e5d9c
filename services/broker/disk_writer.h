// Groups of records as transactions of SQLite. Private to the disk's thread.
#ifndef RF_BROKER_DISK_WRITER_H
#define RF_BROKER_DISK_WRITER_H

#include <sqlite3.h>

#include <ringfence/error.h>

#include "disk_queue.h"

// A transaction has at most so many records, and is not much larger than so many bytes. What one
// publisher sends at once fits (256 events), and so do a few of them.
#define RF_DISK_GROUP_RECORDS 1024
#define RF_DISK_GROUP_BYTES   ((size_t)1024 * 1024)

enum rf_disk_statement {
    RF_DISK_BEGIN,
    RF_DISK_COMMIT,
    RF_DISK_ROLLBACK,
    RF_DISK_EVENT,
    RF_DISK_STREAM,
    RF_DISK_STREAM_SEQ,
    RF_DISK_STREAM_GONE,
    RF_DISK_VALUE,
    RF_DISK_VALUE_GONE,
    RF_DISK_VERSION,
};
#define RF_DISK_STATEMENTS 10

// A stream that moved on within this transaction: written once, at its end.
struct rf_disk_moved {
    int64_t stream, seq, at;
};

struct rf_disk_writer {
    sqlite3 *db;
    sqlite3_stmt *statements[RF_DISK_STATEMENTS];
    struct rf_disk_moved *moved; // a place for each record of a group
    size_t moved_count, moved_room;
    int64_t version; // newest of the values in this transaction
    int64_t events;  // in this transaction, and the number of the newest of them
    int64_t last;
};

RF_NODISCARD enum rf_err rf_disk_writer_open(struct rf_disk_writer *writer, sqlite3 *db,
                                             struct rf_error *error);
void rf_disk_writer_close(struct rf_disk_writer *writer);

// rf_disk_writer_group: commits the records from place *at of the queue on, as many as make a
// group. RF_OK: *at stands behind them, *position is that of the last one. An error: nothing of
// them is kept, and the same can be tried again.
RF_NODISCARD enum rf_err rf_disk_writer_group(struct rf_disk_writer *writer,
                                              const struct rf_disk_queue *queue, size_t *at,
                                              int64_t *position, struct rf_error *error);

#endif
