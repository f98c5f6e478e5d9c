// Hedging: when a call that may be sent twice is slow, a second attempt is sent beside the first,
// and the first good answer wins (Dean and Barroso, The Tail at Scale, CACM 2013). Only for calls
// without effect, never for a dial. The share of hedged calls is bounded, so that a provider that
// is slow for all is not sent everything twice. Pure; bounded, no allocation.
#ifndef RINGFENCE_HEDGE_H
#define RINGFENCE_HEDGE_H

#include <stdbool.h>

#include <ringfence/budget.h>
#include <ringfence/latency.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_hedge_policy {
    bool enabled;
    struct rf_duration delay;  // the second attempt is sent after this, or
    double percentile;         // 0 to 1: after so much of the recent latencies; 0: after `delay`
    int64_t min_samples;       // fewer latencies tell nothing: `delay`; 1 to 128
    double ratio;              // so many of all calls may be hedged; 0 to 1
    struct rf_duration window; // in which they are counted
};

#define RF_HEDGE_POLICY_DEFAULT                                                                    \
    ((struct rf_hedge_policy){.enabled = false,                                                    \
                              .delay = {2 * RF_NS_PER_S},                                          \
                              .percentile = 0.0,                                                   \
                              .min_samples = 20,                                                   \
                              .ratio = 0.1,                                                        \
                              .window = {60 * RF_NS_PER_S}})

// Of one service. Members are for reading only.
struct rf_hedge {
    struct rf_hedge_policy policy;
    struct rf_budget budget;
    struct rf_latency latency;
};

// rf_hedge_init: no latency seen yet. The policy is copied, its numbers clamped to their range.
void rf_hedge_init(struct rf_hedge *hedge, const struct rf_hedge_policy *policy,
                   struct rf_instant now);

// rf_hedge_change: another policy from now on; latencies and hedges so far are kept.
void rf_hedge_change(struct rf_hedge *hedge, const struct rf_hedge_policy *policy,
                     struct rf_instant now);

// rf_hedge_begin: a call that may be sent twice begins. True: ask rf_hedge_take after `delay` if it
// has not ended by then.
bool rf_hedge_begin(struct rf_hedge *hedge, struct rf_instant now, struct rf_duration *delay);

// rf_hedge_take: the delay is over and the call still runs: may the second attempt be sent now? On
// true it is counted. One call in each window may be hedged however few calls there are.
bool rf_hedge_take(struct rf_hedge *hedge, struct rf_instant now);

// rf_hedge_record: a first attempt was answered well after `took`. Call it also for one that lost
// against its hedge, with the time that it had run by then: it is slow at least that much.
void rf_hedge_record(struct rf_hedge *hedge, struct rf_duration took);

// The attempts of one call that run side by side. All zero: none.
struct rf_hedge_race {
    int64_t running;
    bool won;
};

enum rf_hedge_verdict {
    RF_HEDGE_WON,  // the first good answer: it is the call's; cancel the other
    RF_HEDGE_WAIT, // it failed, but another one still runs
    RF_HEDGE_LOST, // it failed, and it was the last: its failure is the call's
    RF_HEDGE_LATE, // another one had won before: ignore it
};

// rf_hedge_race_sent: one more attempt was sent. rf_hedge_race_ended: one of them has a result.
void rf_hedge_race_sent(struct rf_hedge_race *race);
enum rf_hedge_verdict rf_hedge_race_ended(struct rf_hedge_race *race, bool good);

#pragma GCC visibility pop

#endif
