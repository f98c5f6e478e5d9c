// Attempts that hold a token of an authority's rate until their requests are written:
// rf_policy_written says what becomes of it.
#ifndef RF_RESILIENCE_POLICY_LATE_H
#define RF_RESILIENCE_POLICY_LATE_H

#include <ringfence/policy.h>

// policy_late_watch: the attempt begins. policy_late_over: it ends, written or not: a token that it
// still holds is used, as nobody knows.
void policy_late_watch(struct rf_policy *policy, struct rf_policy_call *call,
                       struct rf_instant now);
void policy_late_over(struct rf_policy *policy, struct rf_policy_call *call);

// policy_late_unkey: it goes on, but its key is about to be none of the policy's. A token that it
// still holds is used, so it is written with another one or not at all.
void policy_late_unkey(struct rf_policy *policy, struct rf_policy_call *call);

// policy_late_run: uses the tokens that were held long enough.
void policy_late_run(struct rf_policy *policy, struct rf_instant now);

// policy_late_wake: when the first of them is, if that is before `*when` or none was `found`. True:
// there is a time.
bool policy_late_wake(const struct rf_policy *policy, struct rf_instant *when, bool found);

#endif
