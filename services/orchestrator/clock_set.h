// Noticing that the wall clock was set, or that the machine slept, and by how much. Pure.
#ifndef RF_ORCHESTRATOR_CLOCK_SET_H
#define RF_ORCHESTRATOR_CLOCK_SET_H

#include <stdbool.h>

#include <ringfence/time.h>

// What is less than this between two looks is no setting of the clock, but its being disciplined.
#define RF_CLOCK_SET_LEAST rf_seconds(1)

// Zero it before use.
struct rf_clock_set {
    bool begun;
    int64_t offset; // of the one clock from the other
};

// rf_clock_set_look: by how much the wall clock was set since the last look: negative: back; 0: it
// was not. `boot` is of CLOCK_BOOTTIME, so that a machine that slept is none whose clock was set.
struct rf_duration rf_clock_set_look(struct rf_clock_set *clock, struct rf_utc utc,
                                     struct rf_instant boot);

// rf_clock_slept_look: for how long the machine slept since the last look, in which timers stood
// still; 0: it did not. `now` is of CLOCK_MONOTONIC. On a struct of its own.
struct rf_duration rf_clock_slept_look(struct rf_clock_set *clock, struct rf_instant boot,
                                       struct rf_instant now);

// By how much the clock was set, and of that by how much back: moments of the past move with that
// alone.
struct rf_clock_steps {
    struct rf_duration all, back;
};

// What was stored and is to be moved along. Zero it before use.
struct rf_clock_owed {
    struct rf_clock_steps owed;
    struct rf_clock_steps moving; // of it, on its way to the database
    bool busy;
    bool failed; // the last try, which was said
};

// rf_clock_owed_add: the clock was set by `step`.
void rf_clock_owed_add(struct rf_clock_owed *clock, struct rf_duration step);

// rf_clock_owed_begin: whether something is to be moved now, and nothing is on its way: by
// clock->moving. rf_clock_owed_end follows.
bool rf_clock_owed_begin(struct rf_clock_owed *clock);

// rf_clock_owed_end: it was moved, or is owed still. Returns whether a failure is to be said: the
// first one in a row.
bool rf_clock_owed_end(struct rf_clock_owed *clock, bool moved);

#endif
