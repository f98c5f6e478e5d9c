// The keys of a policy: which one a call uses, and whose limit a reply told of.
#include "resilience/policy_key.h"

#include <string.h>

#include "resilience/policy_late.h"
#include "resilience/policy_list.h"
#include "resilience/policy_share.h"

size_t policy_key_count(const struct rf_policy *policy) {
    return policy->keys != NULL ? policy->key_count : 1;
}

struct rf_policy_key *policy_key_at(struct rf_policy *policy, size_t key) {
    if (key >= policy_key_count(policy))
        return NULL;
    return policy->keys != NULL ? &policy->keys[key] : &policy->key;
}

void rf_policy_keys(struct rf_policy *policy, struct rf_policy_key *keys, size_t count,
                    const uint8_t *former, struct rf_instant now) {
    struct rf_policy_key only, *place;
    size_t made = keys != NULL ? count : 1;
    for (size_t i = 0; i < made; i++) {
        const struct rf_policy_key *before = policy_key_at(policy, former[i]);
        place = keys != NULL ? &keys[i] : &only;
        memset(place, 0, sizeof *place);
        if (before != NULL)
            place->rate_limit = before->rate_limit;
        else
            rf_rate_limit_init(&place->rate_limit, &policy->rules.rate_limit, now);
    }
    policy->keys = keys;
    policy->key_count = keys != NULL ? count : 0;
    if (keys == NULL)
        policy->key = only;
}

void policy_token_back(struct rf_policy *policy, struct rf_policy_call *call) {
    if (call->token) {
        struct rf_policy_key *key = policy_key_at(policy, call->key);
        rf_rate_limit_give_back(&key->rate_limit);
        key->reserved--;
        policy_share_token_back(key, call);
    }
    call->token = false;
}

// Its key must not be used any more, or had to pause after the token was reserved.
static bool is_worthless(struct rf_policy *policy, const struct rf_policy_call *call,
                         struct rf_instant now) {
    struct rf_instant until;
    if ((call->barred >> call->key & 1) != 0)
        return true;
    return rf_rate_limit_paused(&policy->keys[call->key].rate_limit, now, &until) &&
           rf_instant_before(call->ready, until);
}

static size_t soonest_key(const struct rf_policy *policy, const struct rf_policy_call *call,
                          struct rf_instant now) {
    size_t chosen = 0;
    struct rf_instant soonest = {INT64_MAX};
    for (size_t i = 0; i < policy->key_count && rf_instant_before(now, soonest); i++) {
        struct rf_instant ready = rf_rate_limit_ready(&policy->keys[i].rate_limit, now);
        if ((call->barred >> i & 1) == 0 && rf_instant_before(ready, soonest)) {
            chosen = i;
            soonest = ready;
        }
    }
    return chosen;
}

size_t policy_choose_key(struct rf_policy *policy, struct rf_policy_call *call,
                         struct rf_instant now) {
    if (policy->keys == NULL)
        return 0;
    if (call->token && !is_worthless(policy, call, now))
        return call->key;
    policy_token_back(policy, call);
    return soonest_key(policy, call, now);
}

void rf_policy_unkey(struct rf_policy *policy, struct rf_policy_call *call) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    if (key != NULL && call->waits.list == &key->hungry)
        rf_policy_wake_one(policy, call);
    policy_token_back(policy, call);
    policy_late_unkey(policy, call);
    if (call->running && key != NULL)
        key->in_flight--;
    call->key = RF_POLICY_NO_KEY;
}

void rf_policy_bar(struct rf_policy_call *call, uint32_t keys) {
    call->barred = keys;
}

bool rf_policy_key_paused(const struct rf_policy *policy, size_t key, struct rf_instant now,
                          struct rf_instant *until) {
    const struct rf_policy_key *k = policy->keys != NULL ? &policy->keys[key] : &policy->key;
    return rf_rate_limit_paused(&k->rate_limit, now, until);
}

void policy_token_use(struct rf_policy *policy, struct rf_policy_call *call) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    if (call->token)
        key->reserved--;
    call->token = false; // that of an authority stays until it is written
    if (key != NULL)
        key->in_flight++;
}

bool rf_policy_pause(struct rf_policy *policy, const struct rf_policy_call *call,
                     struct rf_duration wait, struct rf_instant now) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    if (key == NULL || wait.ns <= 0 || wait.ns > policy->rules.retry.max_delay.ns)
        return false;
    rf_rate_limit_pause(&key->rate_limit, rf_instant_add(now, wait));
    return true;
}

bool rf_policy_told(struct rf_policy *policy, const struct rf_policy_call *call,
                    const struct rf_rate_limit_told *told, struct rf_instant now) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    return key != NULL && rf_rate_limit_follow(&key->rate_limit, told, call->ticket.began,
                                               key->in_flight, key->reserved, now);
}
