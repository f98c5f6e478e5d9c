// Setting aside the contacts of cancelled campaigns that are not in progress: some at a time, so
// that a campaign of a million holds nothing up, and nothing is forgotten by a crash in between.
#ifndef RF_ORCHESTRATOR_SWEEP_H
#define RF_ORCHESTRATOR_SWEEP_H

#include <stdbool.h>

#include <ringfence/time.h>

#include "store/store.h"

#define RF_SWEEP_MOST 200 // contacts of one transaction

struct rf_sweep {
    struct rf_store_job job;
    void *owner;
    struct rf_utc now;
    int64_t count; // contacts that were set aside
    bool more;     // do it again
};

// rf_sweep_run: sets contacts aside as `cancelled`, with an event for each; a campaign of which
// none is left has come to its end.
enum rf_err rf_sweep_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
