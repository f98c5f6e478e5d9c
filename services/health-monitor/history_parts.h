// What the parts of the history share.
#ifndef HEALTH_HISTORY_PARTS_H
#define HEALTH_HISTORY_PARTS_H

#include "history.h"
#include "store/db.h"

// One row that waits for the disk.
struct health_row {
    const char *name;
    bool is_outage;
    union {
        struct health_change change;
        struct health_outage outage;
    };
};

struct health_history {
    struct rf_store *store;
    struct health_named accounts[HEALTH_HISTORY_NAMES];
    size_t count;
    struct health_row *rows;   // that wait, oldest first
    size_t row_count, writing; // of them, in the write under way
    bool busy;                 // it is under way
    bool again;                // another one is wanted behind it
    struct rf_utc written;     // time up to then is on the disk
    struct rf_utc trimmed;     // when what is old was deleted last
    int64_t left_out;          // rows that found no room
    bool failing, closing;
};

// One write. What is in it is a copy, as the loop goes on meanwhile.
struct health_write {
    struct rf_store_job job; // first
    struct health_history *history;
    struct health_row *rows;
    size_t row_count;
    struct {
        const char *name;
        enum health_status status;
        struct health_bucket *minutes, *hours;
        size_t minute_count, hour_count;
    } accounts[HEALTH_HISTORY_NAMES];
    size_t count;
    struct rf_utc at;
    bool trim;
};

// history_sql.c: the schema; writes one write; fills the accounts in.
extern const struct rf_migration health_migrations[];
extern const size_t health_migration_count;
enum rf_err health_write_run(struct health_write *write, struct rf_db *db, struct rf_error *error);
enum rf_err health_history_load(struct health_history *history, struct rf_db *db,
                                struct rf_error *error);

#endif
