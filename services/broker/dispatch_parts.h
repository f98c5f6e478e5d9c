// What the parts of the dispatch share: dispatch.c, callers.c.
#ifndef RF_BROKER_DISPATCH_PARTS_H
#define RF_BROKER_DISPATCH_PARTS_H

#include "dispatch.h"

// rf_dispatch_served: whether what waits for this service may wait on: somebody offers it, or may
// come back after a start and do so.
bool rf_dispatch_served(const struct rf_dispatch *dispatch, const struct rf_job_queue *queue);

// rf_dispatch_proven: whether it is proven that nobody began a call that was asked for first then.
bool rf_dispatch_proven(const struct rf_dispatch *dispatch, struct rf_instant asked,
                        bool repeatable);

// rf_dispatch_admit: a new job, or one that is held, goes to a worker or its queue, is held until
// more is known, or cannot be carried out any more.
void rf_dispatch_admit(struct rf_dispatch *dispatch, struct rf_job *job,
                       struct rf_job_queue *queue);

#endif
