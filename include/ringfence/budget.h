// Retry budget: retries may be at most a share of the calls of a sliding window, with a floor, so
// that a provider in trouble is not buried under retries. Pure; the time never runs back (an
// earlier `now` is taken as the latest one seen). O(1), no allocation.
//
// A retry is paid for when it is decided, not when it is sent: one that still waits counts however
// long it waits, else all that wait come at once (envoy #30205; incident 30). The order of calls:
// rf_budget_call for each call's first attempt; for each retry rf_budget_take, and after its wait
// either rf_budget_spend (it is sent) or rf_budget_cancel (it is not).
#ifndef RINGFENCE_BUDGET_H
#define RINGFENCE_BUDGET_H

#include <stdbool.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_budget_policy {
    double ratio;              // retries for each call of the window; 0 to 10; 0.2 is 20 %
    int64_t min_retries;       // so many are allowed in a window however few calls there were
    struct rf_duration window; // how far back calls and retries count; at least 10 ns
};

// 20 % as Finagle's RetryBudget and Linkerd have it. An agent makes few calls: the floor lets each
// of the eight contacts in progress wait for a retry at the same time.
#define RF_BUDGET_POLICY_DEFAULT                                                                   \
    ((struct rf_budget_policy){.ratio = 0.2, .min_retries = 10, .window = {10 * RF_NS_PER_S}})

// The window moves on in steps of a tenth of it.
#define RF_BUDGET_STEPS 10

struct rf_budget_step {
    int64_t calls, retries;
};

// Members are for reading only.
struct rf_budget {
    struct rf_budget_policy policy;
    int64_t ratio_ppm;       // the ratio in millionths, so that 20 % of 5 is exactly 1
    struct rf_duration step; // the length of one
    struct rf_instant from;  // when the current step began; also the latest time seen, coarsely
    struct rf_budget_step steps[RF_BUDGET_STEPS];
    int64_t current;        // index of the current step
    int64_t calls, retries; // begun in the window: the sums of the steps
    int64_t waiting;        // retries that are decided and not begun
};

// rf_budget_init: nothing was called yet. The policy is copied, its numbers clamped to their range.
void rf_budget_init(struct rf_budget *budget, const struct rf_budget_policy *policy,
                    struct rf_instant now);

// rf_budget_change: another policy from now on. What waits stays taken; what was begun in the old
// window counts as begun now.
void rf_budget_change(struct rf_budget *budget, const struct rf_budget_policy *policy,
                      struct rf_instant now);

// rf_budget_call: a call begins with its first attempt. rf_budget_calls: so many did.
void rf_budget_call(struct rf_budget *budget, struct rf_instant now);
void rf_budget_calls(struct rf_budget *budget, int64_t count, struct rf_instant now);

// rf_budget_take: may there be another retry? On true it is taken and counts until it is cancelled,
// or a window after it was spent.
bool rf_budget_take(struct rf_budget *budget, struct rf_instant now);

// rf_budget_hold: so many retries were decided elsewhere and wait, whether the budget allows them
// or not.
void rf_budget_hold(struct rf_budget *budget, int64_t count);

// rf_budget_spend: a retry that was taken is sent now. Without one that waits: no effect.
void rf_budget_spend(struct rf_budget *budget, struct rf_instant now);

// rf_budget_cancel: a retry that was taken will not be sent (deadline, open breaker, cancelled
// call): what it had taken is given back. Without one that waits: no effect.
void rf_budget_cancel(struct rf_budget *budget);

// rf_budget_left: how many more rf_budget_take would allow now; 0 or more.
int64_t rf_budget_left(struct rf_budget *budget, struct rf_instant now);

#pragma GCC visibility pop

#endif
