// What the files of the policy need of the shares of an authority's limits (policy_share.c).
#ifndef RF_RESILIENCE_POLICY_SHARE_H
#define RF_RESILIENCE_POLICY_SHARE_H

#include <ringfence/policy.h>

// policy_share_token: the call's token is one of the authority's too, or it need not be. False: it
// waits for one.
bool policy_share_token(struct rf_policy *policy, struct rf_policy_call *call,
                        struct rf_instant now);

// policy_share_tokens: how many calls may have one of the authority's now; 0 or more.
int64_t policy_share_tokens(const struct rf_policy *policy, const struct rf_policy_key *key,
                            struct rf_instant now);

// policy_share_token_back: it is not used. policy_share_token_use: it is.
void policy_share_token_back(struct rf_policy_key *key, struct rf_policy_call *call);
void policy_share_token_use(struct rf_policy_key *key, struct rf_policy_call *call);

// policy_share_pay: is there another retry in the budget? Where the authority has to say so, the
// call is `unpaid` until it did, and this is true. policy_share_pay_again: it did, or will; false
// after pay_by.
bool policy_share_pay(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now);
bool policy_share_pay_again(struct rf_policy *policy, struct rf_policy_call *call,
                            struct rf_instant now);

// policy_share_spend: the call's retry is sent. policy_share_cancel: it will not be.
void policy_share_spend(struct rf_policy *policy, struct rf_policy_call *call,
                        struct rf_instant now);
void policy_share_cancel(struct rf_policy *policy, struct rf_policy_call *call);

// policy_share_feed: gives what was granted to those that wait for it, in their order.
void policy_share_feed(struct rf_policy *policy, struct rf_instant now);

#endif
