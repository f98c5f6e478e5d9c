// What the files of the policy share; others include <ringfence/policy.h>.
//
//   policy.c          the order that a call passes, who waits for what, and what a call holds
//   policy_attempt.c  an attempt: sent, slow, settled, and its retry
//   policy_follow.c   a breaker that an authority keeps
//   policy_hedge.c    a second attempt beside a slow one
//   policy_key.c      the keys: which one a call uses
//   policy_share.c    shares of limits that an authority keeps
//   policy_late.c     attempts that hold a token of an authority's before they are written
//   policy_list.h     lists of calls
//   policy_rules.c    the rules, and what they are called
#ifndef RF_RESILIENCE_POLICY_PARTS_H
#define RF_RESILIENCE_POLICY_PARTS_H

#include <ringfence/policy.h>

#include "resilience/policy_list.h"

static inline struct rf_policy_decision rf_policy_decide(enum rf_policy_verdict verdict,
                                                         enum rf_policy_reason reason,
                                                         struct rf_instant at) {
    return (struct rf_policy_decision){.verdict = verdict, .reason = reason, .at = at};
}

// rf_policy_place_back: the call's place in the bulkhead, if it has one.
static inline void rf_policy_place_back(struct rf_policy *policy, struct rf_policy_call *call,
                                        struct rf_instant now) {
    if (call->place)
        rf_bulkhead_leave(&policy->bulkhead, now);
    call->place = false;
}

// rf_policy_bulkhead: its rules as of now: the adaptive limit, where it is lower.
struct rf_bulkhead_policy rf_policy_bulkhead(const struct rf_policy *policy);

// rf_policy_tick: lets time act on the policy's own breaker.
void rf_policy_tick(struct rf_policy *policy, struct rf_instant now);

// rf_policy_state_changed: the breaker's. Open ends every wait but the one for recovery, which any
// other state ends.
void rf_policy_state_changed(struct rf_policy *policy, enum rf_breaker_state state);

// rf_policy_held_back: the breaker does not let it through: refused, or it waits for recovery;
// with a retry that is `unpaid` for the word on that before.
struct rf_policy_decision rf_policy_held_back(struct rf_policy *policy, struct rf_policy_call *call,
                                              struct rf_policy_decision why, struct rf_instant now);

// rf_policy_stops: its attempt is over.
void rf_policy_stops(struct rf_policy *policy, struct rf_policy_call *call);

// rf_policy_test_over: the permit is over, whatever became of it: one of those that wait for
// recovery may test.
void rf_policy_test_over(struct rf_policy *policy, struct rf_policy_call *call);

#endif
