// Shares of limits that an authority keeps for many policies.
#include "resilience/policy_share.h"
#include "resilience/policy_key.h"
#include "resilience/policy_parts.h"

// An authority answers within milliseconds; a retry that it has no word on for so long is none.
#define PATIENCE rf_ms(200)

// ---- tokens ----

// So many attempts hang in their connections that no further one is begun.
static bool hangs(const struct rf_policy *policy, const struct rf_policy_key *key) {
    int64_t burst = policy->rules.rate_limit.burst;
    return key->late >= (burst > 1 ? burst : 1);
}

int64_t policy_share_tokens(const struct rf_policy *policy, const struct rf_policy_key *key,
                            struct rf_instant now) {
    bool held_back = key->share.mode != RF_SHARE_LOCAL && hangs(policy, key);
    return held_back ? 0 : rf_share_free(&key->share, key->leased, now);
}

bool policy_share_token(struct rf_policy *policy, struct rf_policy_call *call,
                        struct rf_instant now) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    struct rf_share *share = &key->share;
    if (share->mode == RF_SHARE_LOCAL)
        return true;
    if (call->leased && rf_instant_before(now, share->until))
        return true;
    policy_share_token_back(key, call);
    if (key->hungry.first == NULL && policy_share_tokens(policy, key, now) > 0) {
        key->leased++;
        call->leased = true;
        return true;
    }
    rf_bulkhead_remove(&policy->bulkhead, &call->waiter);
    rf_policy_place_back(policy, call, now);
    rf_policy_wait_in(&key->hungry, call);
    return false;
}

void policy_share_token_back(struct rf_policy_key *key, struct rf_policy_call *call) {
    if (call->leased)
        key->leased--;
    call->leased = false;
}

void policy_share_token_use(struct rf_policy_key *key, struct rf_policy_call *call) {
    if (call->leased)
        rf_share_use(&key->share);
    policy_share_token_back(key, call);
}

static void feed_hungry(struct rf_policy *policy, struct rf_policy_key *key,
                        struct rf_instant now) {
    struct rf_policy_call *call;
    while ((call = rf_policy_first_waiting(&key->hungry)) != NULL &&
           policy_share_tokens(policy, key, now) > 0) {
        if (key->share.mode != RF_SHARE_LOCAL) {
            key->leased++;
            call->leased = true;
        }
        rf_policy_wake_one(policy, call);
    }
}

// ---- retries ----

// Without its authority a policy has its own budget, as no provider is harmed by it.
static bool is_leased(const struct rf_policy *policy, struct rf_instant now) {
    return policy->retries.mode == RF_SHARE_LEASED && rf_instant_before(now, policy->retries.until);
}

static void take_credit(struct rf_policy *policy, struct rf_policy_call *call) {
    policy->paid++;
    call->credit = true;
    call->unpaid = false;
}

bool policy_share_pay(struct rf_policy *policy, struct rf_policy_call *call,
                      struct rf_instant now) {
    if (!is_leased(policy, now))
        return rf_budget_take(&policy->budget, now);
    if (policy->unpaid.first == NULL && rf_share_free(&policy->retries, policy->paid, now) > 0) {
        take_credit(policy, call);
        return true;
    }
    call->unpaid = true;
    call->pay_by = rf_instant_add(now, PATIENCE);
    return true;
}

bool policy_share_pay_again(struct rf_policy *policy, struct rf_policy_call *call,
                            struct rf_instant now) {
    if (!call->unpaid)
        return true;
    if (!is_leased(policy, now))
        call->unpaid = !rf_budget_take(&policy->budget, now);
    else if (rf_share_free(&policy->retries, policy->paid, now) > 0)
        take_credit(policy, call);
    if (call->unpaid && !rf_instant_before(now, call->pay_by))
        policy_share_cancel(policy, call);
    return call->retrying;
}

void policy_share_spend(struct rf_policy *policy, struct rf_policy_call *call,
                        struct rf_instant now) {
    if (call->credit) {
        rf_share_use(&policy->retries);
        policy->paid--;
    } else {
        rf_budget_spend(&policy->budget, now);
    }
    call->retrying = call->credit = false;
}

void rf_policy_spend(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now) {
    if (call->retrying && !call->unpaid)
        policy_share_spend(policy, call, now);
}

void policy_share_cancel(struct rf_policy *policy, struct rf_policy_call *call) {
    if (!call->retrying)
        return;
    if (call->credit)
        policy->paid--;
    else if (!call->unpaid)
        rf_budget_cancel(&policy->budget);
    call->retrying = call->credit = call->unpaid = false;
}

static void feed_unpaid(struct rf_policy *policy, struct rf_instant now) {
    struct rf_policy_call *call;
    while ((call = rf_policy_first_waiting(&policy->unpaid)) != NULL && is_leased(policy, now) &&
           rf_share_free(&policy->retries, policy->paid, now) > 0) {
        take_credit(policy, call);
        rf_policy_wake_one(policy, call);
    }
}

void policy_share_feed(struct rf_policy *policy, struct rf_instant now) {
    for (size_t i = 0; i < policy_key_count(policy); i++)
        feed_hungry(policy, policy_key_at(policy, i), now);
    feed_unpaid(policy, now);
}

// ---- the authority ----

static struct rf_share *share_of(struct rf_policy *policy, enum rf_policy_limit limit, size_t key,
                                 int64_t *in_use) {
    struct rf_policy_key *k;
    switch (limit) {
    case RF_POLICY_PLACES:
        *in_use = policy->bulkhead.in_flight;
        return &policy->bulkhead.share;
    case RF_POLICY_TOKENS:
        k = policy_key_at(policy, key);
        if (k == NULL)
            return NULL;
        *in_use = k->leased;
        return &k->share;
    default:
        *in_use = policy->paid;
        return &policy->retries;
    }
}

static bool has_limit(const struct rf_policy *policy, enum rf_policy_limit limit) {
    switch (limit) {
    case RF_POLICY_PLACES:
        return policy->rules.bulkhead.max_in_flight > 0;
    case RF_POLICY_TOKENS:
        return policy->rules.rate_limit.rate > 0;
    default:
        return true;
    }
}

static void begin(struct rf_policy *policy, enum rf_policy_limit limit, size_t key, bool kept) {
    int64_t in_use = 0;
    struct rf_share *share = share_of(policy, limit, key, &in_use);
    if (share == NULL)
        return;
    if (kept && has_limit(policy, limit))
        rf_share_begin(share, in_use);
    else
        rf_share_open(share);
}

void rf_policy_shares_begin(struct rf_policy *policy, bool kept) {
    begin(policy, RF_POLICY_PLACES, 0, kept);
    begin(policy, RF_POLICY_RETRIES, 0, kept);
    for (size_t i = 0; i < policy_key_count(policy); i++)
        begin(policy, RF_POLICY_TOKENS, i, kept);
    policy->calls = 0;
}

static int64_t wanted(struct rf_policy *policy, enum rf_policy_limit limit, size_t key) {
    const struct rf_policy_key *k = policy_key_at(policy, key);
    switch (limit) {
    case RF_POLICY_PLACES:
        return rf_bulkhead_wanted(&policy->bulkhead);
    case RF_POLICY_TOKENS:
        return hangs(policy, k) ? 0 : k->hungry.count;
    default:
        return policy->unpaid.count;
    }
}

bool rf_policy_share_need(struct rf_policy *policy, enum rf_policy_limit limit, size_t key,
                          struct rf_policy_need *need) {
    int64_t in_use;
    struct rf_share *share = share_of(policy, limit, key, &in_use);
    if (share == NULL || share->mode == RF_SHARE_LOCAL)
        return false;
    (void)rf_share_trim(share, in_use);
    *need = (struct rf_policy_need){
        .held = share->held,
        .returned = share->returned,
        .used = share->used,
        .wanted = wanted(policy, limit, key),
        .seen = share->granted,
        .calls = limit == RF_POLICY_RETRIES ? policy->calls : 0,
    };
    return true;
}

void rf_policy_share_grant(struct rf_policy *policy, enum rf_policy_limit limit, size_t key,
                           int64_t granted, int64_t keep, struct rf_instant until,
                           struct rf_instant now) {
    int64_t in_use;
    struct rf_share *share = share_of(policy, limit, key, &in_use);
    if (share != NULL)
        rf_share_grant(share, granted, keep, until, now);
}

void rf_policy_share_open(struct rf_policy *policy, enum rf_policy_limit limit, size_t key) {
    int64_t in_use;
    struct rf_share *share = share_of(policy, limit, key, &in_use);
    if (share != NULL)
        rf_share_open(share);
}

struct rf_instant rf_policy_paused_until(const struct rf_policy *policy, size_t key) {
    const struct rf_policy_key *k = policy->keys != NULL ? &policy->keys[key] : &policy->key;
    return k->rate_limit.paused_until;
}

void rf_policy_pause_until(struct rf_policy *policy, size_t key, struct rf_instant until) {
    struct rf_policy_key *k = policy_key_at(policy, key);
    if (k != NULL)
        rf_rate_limit_pause(&k->rate_limit, until);
}
