// Adaptive concurrency: finds how many calls at once a provider bears, from the latency of its
// replies and its refusals (429, 503), and gives the limit for a bulkhead. Pure; O(1), no
// allocation.
//
// AIMD: one more place a round trip while all goes well and the places are in use, a tenth less
// after a refusal or a slow reply (TCP's congestion avoidance, RFC 5681; AIMDLimit of Netflix
// concurrency-limits). Gradient: the limit follows the ratio of the long-term latency to the
// present one (Gradient2Limit of Netflix concurrency-limits), and a refusal acts as in AIMD. Both
// differ from their models in one thing: of all calls that were in flight at a decrease only those
// begun after it can cause the next one, so that one burst of refusals is one decrease.
#ifndef RINGFENCE_ADAPTIVE_H
#define RINGFENCE_ADAPTIVE_H

#include <stdbool.h>

#include <ringfence/class.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

enum rf_adaptive_algorithm {
    RF_ADAPTIVE_OFF,
    RF_ADAPTIVE_AIMD,
    RF_ADAPTIVE_GRADIENT,
};

struct rf_adaptive_policy {
    enum rf_adaptive_algorithm algorithm;
    int64_t min, max, initial;     // of the limit; 1 or more
    double decrease;               // the limit times this after a refusal; 0.1 to 0.99
    struct rf_duration slow_after; // AIMD: a slower reply is taken as a refusal; 0: none is
    double tolerance;              // gradient: latency may be so many times the long-term one; 1-10
    double smoothing;              // gradient: weight of each new limit; 0.01 to 1
};

#define RF_ADAPTIVE_POLICY_DEFAULT                                                                 \
    ((struct rf_adaptive_policy){.algorithm = RF_ADAPTIVE_OFF,                                     \
                                 .min = 1,                                                         \
                                 .max = 64,                                                        \
                                 .initial = 8,                                                     \
                                 .decrease = 0.9,                                                  \
                                 .slow_after = {10 * RF_NS_PER_S},                                 \
                                 .tolerance = 1.5,                                                 \
                                 .smoothing = 0.2})

// Members are for reading only.
struct rf_adaptive {
    struct rf_adaptive_policy policy;
    double limit;                // rf_adaptive_limit is its whole part
    double long_ns;              // gradient: the long-term latency
    int64_t samples;             // in it, up to its window
    struct rf_instant decreased; // at the last decrease
    bool has_decreased;
};

// rf_adaptive_algorithm_name: "off", "aimd", "gradient". Never NULL.
const char *rf_adaptive_algorithm_name(enum rf_adaptive_algorithm algorithm);

// rf_adaptive_init: at the initial limit. The policy is copied, its numbers clamped to their range.
void rf_adaptive_init(struct rf_adaptive *adaptive, const struct rf_adaptive_policy *policy);

// rf_adaptive_change: another policy from now on; the limit found so far is kept within its range.
void rf_adaptive_change(struct rf_adaptive *adaptive, const struct rf_adaptive_policy *policy);

// rf_adaptive_limit: calls at once, min to max; 0 (no limit) if it is off.
int64_t rf_adaptive_limit(const struct rf_adaptive *adaptive);

// rf_adaptive_record: a call that began at `began`, as one of `in_flight` (itself included), ended
// now with this class. OK and permanent.invalid tell a latency; rate_limited and transient are
// refusals; the other classes tell nothing. True if the limit changed.
bool rf_adaptive_record(struct rf_adaptive *adaptive, enum rf_class c, struct rf_instant began,
                        int64_t in_flight, struct rf_instant now);

#pragma GCC visibility pop

#endif
