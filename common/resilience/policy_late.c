// Tokens of an authority's rate, between the beginning of an attempt and its writing.
#include "resilience/policy_late.h"
#include "resilience/policy_key.h"
#include "resilience/policy_list.h"
#include "resilience/policy_share.h"

static void use(struct rf_policy_key *key, struct rf_policy_call *call) {
    rf_policy_unlink(&call->holds);
    policy_share_token_use(key, call);
}

void policy_late_watch(struct rf_policy *policy, struct rf_policy_call *call,
                       struct rf_instant now) {
    bool keeps = call->patient;
    call->patient = false;
    if (!call->leased || keeps)
        return;
    call->use_by = rf_instant_add(now, RF_POLICY_TOKEN_HOLD);
    rf_policy_append(&policy->holding, &call->holds);
}

void policy_late_over(struct rf_policy *policy, struct rf_policy_call *call) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    rf_policy_unlink(&call->holds);
    if (key != NULL && call->running && call->leased)
        use(key, call);
    if (key != NULL && call->late)
        key->late--;
    call->late = false;
}

void policy_late_unkey(struct rf_policy *policy, struct rf_policy_call *call) {
    bool late = call->late || (call->running && call->leased);
    policy_late_over(policy, call);
    call->late = late;
}

static bool take_another(struct rf_policy *policy, struct rf_policy_call *call,
                         struct rf_instant now) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    if (key == NULL || rf_share_free(&key->share, key->leased, now) <= 0)
        return false;
    rf_share_use(&key->share);
    key->late--;
    call->late = false;
    return true;
}

bool rf_policy_written(struct rf_policy *policy, struct rf_policy_call *call,
                       struct rf_instant now) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    if (!call->running)
        return true;
    if (call->late && !take_another(policy, call, now)) {
        call->patient = true;
        return false;
    }
    if (key != NULL && call->leased)
        use(key, call);
    return true;
}

void policy_late_run(struct rf_policy *policy, struct rf_instant now) {
    struct rf_policy_call *call;
    while ((call = rf_policy_first_holding(&policy->holding)) != NULL &&
           !rf_instant_before(now, call->use_by)) {
        struct rf_policy_key *key = policy_key_at(policy, call->key);
        use(key, call);
        key->late++;
        call->late = true;
    }
}

bool policy_late_wake(const struct rf_policy *policy, struct rf_instant *when, bool found) {
    const struct rf_policy_call *call = rf_policy_first_holding(&policy->holding);
    if (call == NULL)
        return found;
    if (!found || rf_instant_before(call->use_by, *when))
        *when = call->use_by;
    return true;
}
