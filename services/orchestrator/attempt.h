// Beginning an attempt to dial, once nothing is against it.
#ifndef RF_ORCHESTRATOR_ATTEMPT_H
#define RF_ORCHESTRATOR_ATTEMPT_H

#include <stdbool.h>

#include "plan.h"

struct rf_runner;

// rf_attempt_may: whether the campaign's settings let the contact be called now, until plan->due;
// if not, `plan` puts it off.
bool rf_attempt_may(struct rf_runner *runner, const struct rf_rules *rules, struct rf_utc now,
                    struct rf_plan *plan);

// rf_attempt_allowed: whether the contact may be dialled now: its window is open, it has calls
// left, its audio is there, and no order stops its campaign. If not, what follows instead is being
// written.
bool rf_attempt_allowed(struct rf_runner *runner);

// rf_attempt_begin: looks at that again, and writes a new attempt, which is sent then. False: it is
// not dialled now, and uses no place in the pace.
bool rf_attempt_begin(struct rf_runner *runner);

#endif
