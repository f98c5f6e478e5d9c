// What was stored by a clock that was set since: waits keep their length, and attempts to dial the
// time that they are old.
#ifndef RF_ORCHESTRATOR_SHIFT_H
#define RF_ORCHESTRATOR_SHIFT_H

#include <stdbool.h>

#include <ringfence/time.h>

#include "clock_set.h"
#include "store/store.h"

// From such a step on, who waits for a first window is looked at again: which one is next may have
// been decided by the wrong clock.
#define RF_SHIFT_REOPENS rf_seconds(60)

struct rf_shift {
    struct rf_store_job job;
    void *owner;
    struct rf_utc now;          // by the clock as it is
    struct rf_clock_steps step; // by which it was set
    bool alone;                 // all contacts are ours, not only those that we have written last
    bool at_start;              // `step` is not known: the last attempt may be later than now
};

// rf_shift_run: moves what was stored by `step`. With `at_start`, it is how much the last attempt
// is ahead of `now`, which is the least by which the clock was set back.
enum rf_err rf_shift_run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);

#endif
