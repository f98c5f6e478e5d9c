// Putting the new contacts of a campaign into the queue when it is started: some at a time, as a
// large campaign would hold up all others otherwise. That there are more is noted with the
// campaign, so that a start goes on whoever ends in the middle of it.
#ifndef RF_ORCHESTRATOR_ENQUEUE_H
#define RF_ORCHESTRATOR_ENQUEUE_H

#include <ringfence/time.h>

#include "store/db.h"

// rf_enqueue_some: puts up to `most` new contacts of the campaign into the queue; `more`: there may
// be more of them. A campaign without contacts ends by it.
RF_NODISCARD enum rf_err rf_enqueue_some(struct rf_db *db, int64_t campaign, int64_t most,
                                         struct rf_utc now, bool *more, struct rf_error *error);

// rf_enqueue_left: goes on with a start that was broken off: its orchestrator is gone, or it is
// ours and failed. Up to `most` contacts of one campaign; `more`: do it again.
RF_NODISCARD enum rf_err rf_enqueue_left(struct rf_db *db, int64_t most, struct rf_utc now,
                                         bool *more, struct rf_error *error);

#endif
