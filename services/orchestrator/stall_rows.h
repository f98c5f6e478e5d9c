// Looking in the database whether campaigns stand still, and telling of it: see stall.h. The
// campaign's row says what was told, so that it is told once, by one of those who share the
// database, over restarts too.
#ifndef RF_ORCHESTRATOR_STALL_ROWS_H
#define RF_ORCHESTRATOR_STALL_ROWS_H

#include "stall.h"
#include "store/store.h"

// One look at all campaigns. Belongs to its owner, for whom it is used again and again.
struct rf_stall_job {
    struct rf_store_job job; // run is rf_stall_run
    void *owner;
    struct rf_stall stall; // the store's while the job is under way
    struct rf_duration limit;
    struct rf_utc now;
    struct rf_instant instant; // the same moment
    bool told;                 // filled in: there is an event for the outbox
};

// rf_stall_run: a round of looks; events and what they say are one transaction.
enum rf_err rf_stall_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
