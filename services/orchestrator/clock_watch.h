// The wall clock as the orchestrator reads it: when it is set, what was noted by it is moved along,
// so that waits keep their length and nothing is taken for proven too early. When the machine has
// slept the queue is looked at.
#ifndef RF_ORCHESTRATOR_CLOCK_WATCH_H
#define RF_ORCHESTRATOR_CLOCK_WATCH_H

#include "orchestrator.h"

// rf_clock_watch_start: looks whether the clock was set back while nobody watched it, and watches
// it from now on. Blocks on the database.
RF_NODISCARD enum rf_err rf_clock_watch_start(struct rf_orchestrator *orchestrator,
                                              struct rf_error *error);

// rf_clock_watch_now: the time. Whoever decides by the clock reads it here: what was decided before
// it was set is moved first.
struct rf_utc rf_clock_watch_now(struct rf_orchestrator *orchestrator);

void rf_clock_watch_stop(struct rf_orchestrator *orchestrator);

#endif
