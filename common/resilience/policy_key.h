// What policy.c needs of the keys.
#ifndef RF_RESILIENCE_POLICY_KEY_H
#define RF_RESILIENCE_POLICY_KEY_H

#include <ringfence/policy.h>

// policy_key_count: 1 or more. policy_key_at: NULL: that key is gone.
size_t policy_key_count(const struct rf_policy *policy);
struct rf_policy_key *policy_key_at(struct rf_policy *policy, size_t key);

// policy_choose_key: the key of the call's token; without one, the first key that has a token for
// it, or the one that has it soonest. A token of a key that will not do any more is given back.
size_t policy_choose_key(struct rf_policy *policy, struct rf_policy_call *call,
                         struct rf_instant now);

// policy_token_back: the call's token, if it has one, is not used. policy_token_use: it is.
void policy_token_back(struct rf_policy *policy, struct rf_policy_call *call);
void policy_token_use(struct rf_policy *policy, struct rf_policy_call *call);

#endif
