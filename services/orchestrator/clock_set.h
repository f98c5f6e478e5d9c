// Noticing that the wall clock was set, and by how much. Pure.
#ifndef RF_ORCHESTRATOR_CLOCK_SET_H
#define RF_ORCHESTRATOR_CLOCK_SET_H

#include <stdbool.h>

#include <ringfence/time.h>

// What is less than this between two looks is no setting of the clock, but its being disciplined.
#define RF_CLOCK_SET_LEAST rf_seconds(1)

// Zero it before use.
struct rf_clock_set {
    bool begun;
    int64_t offset; // of the wall clock from the one that is never set
};

// rf_clock_set_look: by how much the wall clock was set since the last look: negative: back; 0: it
// was not. `boot` is of CLOCK_BOOTTIME, so that a machine that slept is none whose clock was set.
struct rf_duration rf_clock_set_look(struct rf_clock_set *clock, struct rf_utc utc,
                                     struct rf_instant boot);

#endif
