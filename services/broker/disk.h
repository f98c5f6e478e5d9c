// The broker's disk: one SQLite database, <state_dir>/broker/broker.db, written by a thread of its
// own, so that the loop never waits for it. Records are written in the order in which they came,
// grouped into transactions: whatever waits, up to a bound. What cannot be written is tried again
// every second, nothing is passed over.
//
// Tables: events (n, at, topic, frame), streams, state, starts, marks (disk_schema.c).
//
// A second connection may read beside the writer (the database is in WAL mode): open it with
// sqlite3_open_v2(rf_disk_path(disk), ..., SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX) on the
// thread that uses it, and keep its reads short, as the WAL file cannot be emptied under an open
// read. It sees what is committed, which may be beyond what the core was told of: read no further
// than the journal's durable number. Whoever deletes events raises `trimmed` in marks to the last
// number that is gone, in the same transaction.
#ifndef RF_BROKER_DISK_H
#define RF_BROKER_DISK_H

#include <ringfence/error.h>
#include <ringfence/id.h>

#include "record.h"

enum rf_disk_sync {
    RF_DISK_SYNC_NORMAL, // a commit survives the end of the process, however it ends
    RF_DISK_SYNC_FULL,   // and power loss
};

// When events leave the database (disk_retention.h); 0: never for this reason.
struct rf_disk_limits {
    int64_t max_age_ns, max_events, max_bytes;
};

struct rf_disk;

// What a broker goes on behind.
struct rf_disk_found {
    int64_t last;    // no event above it was ever given a number
    int64_t trimmed; // all events up to it are gone
    int64_t version; // no version of a value above it was ever given
    int64_t stream;  // highest number of a stream's row
    int64_t at;      // UTC ns: when the newest event was taken
    // Which journal it is (lineage.h): made with the database, and at this start.
    char journal[RF_ULID_SIZE], start[RF_ULID_SIZE];
};

// rf_disk_open: opens or creates `folder`/broker.db, which no other process may use (the folder is
// locked by the caller). Blocks. RF_ERR_INVALID for a damaged database or one of a later version.
RF_NODISCARD enum rf_err rf_disk_open(const char *folder, enum rf_disk_sync sync,
                                      const struct rf_disk_limits *limits, struct rf_disk **disk,
                                      struct rf_disk_found *found, struct rf_error *error);

const char *rf_disk_path(const struct rf_disk *disk);

// Takes what was found; texts and bytes are borrowed. Not RF_OK ends the loading.
struct rf_disk_taker {
    void *arg;
    enum rf_err (*start)(void *arg, const char *start, int64_t reached);
    enum rf_err (*stream)(void *arg, int64_t stream, const char *name, int64_t last,
                          const char *owner, int64_t heard);
    enum rf_err (*value)(void *arg, const char *key, int64_t version, const char *json, size_t size,
                         int64_t expires);
    enum rf_err (*event)(void *arg, int64_t n, const char *topic, const void *frame, size_t size);
};

// rf_disk_load: gives the starts before this one, all streams, all values, and the newest `tail`
// events in order. Before rf_disk_start. Blocks.
RF_NODISCARD enum rf_err rf_disk_load(struct rf_disk *disk, int64_t tail,
                                      const struct rf_disk_taker *taker, struct rf_error *error);

// rf_disk_start: starts the thread. What was handed over before is written now.
RF_NODISCARD enum rf_err rf_disk_start(struct rf_disk *disk, struct rf_error *error);

// rf_disk_put: hands a copy of a record over; positions ascend. rf_disk_flush: what was handed over
// is to be written, and nothing is before: called when a handful is together, at the latest before
// the loop sleeps, and never between a record and the one joined to it. Both never block on the
// disk. Without memory the process ends: an event that was taken cannot be passed over.
void rf_disk_put(struct rf_disk *disk, const struct rf_record *record);
void rf_disk_flush(struct rf_disk *disk);

// rf_disk_spare: events above this number go for the size of the database alone. At first: all.
void rf_disk_spare(struct rf_disk *disk, int64_t number);

struct rf_disk_progress {
    int64_t written;                 // all up to this position is kept
    int64_t trimmed;                 // all events up to this number are gone
    int64_t events;                  // there are
    int64_t bytes;                   // the database has in use
    bool failing;                    // the last try to write failed
    char why[RF_ERROR_MESSAGE_SIZE]; // and how
};

// rf_disk_event: a descriptor that can be read when there is progress; rf_disk_look reads it and
// tells how far it is.
int rf_disk_event(const struct rf_disk *disk);
void rf_disk_look(struct rf_disk *disk, struct rf_disk_progress *progress);

// rf_disk_finish: writes what waits, blocking, and ends the thread; a disk that fails is tried once
// more, not waited for. rf_disk_look tells afterwards what was kept.
void rf_disk_finish(struct rf_disk *disk);

// rf_disk_close: finishes, if that was not done; closes the database and nulls the pointer. NULL is
// fine.
void rf_disk_close(struct rf_disk **disk);

#endif
