// How a provider does as its callers see it: what gateways tell of their attempts
// (metric.attempts), over a sliding window. Pure.
#ifndef HEALTH_PASSIVE_H
#define HEALTH_PASSIVE_H

#include <ringfence/time.h>

#include "measure/measure.h"
#include "status.h"

struct health_passive_rules {
    struct rf_duration window;
    int64_t minimum;       // with fewer attempts in it they say nothing new
    double degraded, down; // shares of them that fail, 0 to 1
};

#define HEALTH_SLOTS 12 // the window slides by a twelfth of itself

struct health_passive {
    struct {
        int64_t number; // of this length since the clock began
        struct rf_measure measure;
    } slots[HEALTH_SLOTS];
    struct rf_duration slot;   // the length of each; 0: nothing was heard
    enum health_status status; // unknown: nothing is known by calls
    struct rf_instant heard;   // when an attempt was, last
    char why[HEALTH_WHY_SIZE];
};

// health_passive_restore: takes over what an earlier life had found out; its attempts are
// forgotten.
void health_passive_restore(struct health_passive *passive, enum health_status status,
                            struct rf_instant now);

// health_passive_heard: attempts that ended.
void health_passive_heard(struct health_passive *passive, const struct rf_measure *measure,
                          const struct health_passive_rules *rules, struct rf_instant now);

// health_passive_latest: the latest attempts in the window: whole slots, as few as hold `least`.
void health_passive_latest(const struct health_passive *passive, int64_t least,
                           struct rf_instant now, struct rf_measure *sum);

// health_passive_forget: what was heard is over: the provider has shown that it works again.
void health_passive_forget(struct health_passive *passive);

// health_passive_look: the status by the share that fails of the latest attempts, as few as hold
// `minimum`; true when it changed. It gets better
// only when the share is a quarter below what made it bad, so that it does not flicker. A bad one
// is kept while nothing is heard, for ten windows: an open breaker holds the calls back that would
// show it. A good one is worth only what the window holds.
bool health_passive_look(struct health_passive *passive, const struct health_passive_rules *rules,
                         struct rf_instant now);

#endif
