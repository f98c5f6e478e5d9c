#include "resilience/policy_key.h"
#include "resilience/policy_parts.h"
#include "resilience/policy_share.h"

static struct rf_policy_decision refuse(enum rf_policy_reason reason) {
    return rf_policy_decide(RF_POLICY_REFUSED, reason, (struct rf_instant){0});
}

bool rf_policy_hedge_after(struct rf_policy *policy, const struct rf_policy_call *call,
                           struct rf_instant now, struct rf_duration *delay) {
    return call->running && !call->test && !call->beside && call->retry.retries == 0 &&
           rf_hedge_begin(&policy->hedge, now, delay);
}

// No second attempt tests whether the service is back: a half-open breaker is as an open one.
static bool is_closed(const struct rf_policy *policy) {
    return (policy->follows ? policy->copy.state : rf_breaker_gate(&policy->breaker)) ==
           RF_BREAKER_CLOSED;
}

static bool take_token(struct rf_policy *policy, struct rf_policy_call *second,
                       struct rf_instant now) {
    size_t chosen = policy_choose_key(policy, second, now);
    struct rf_policy_key *key = policy_key_at(policy, chosen);
    struct rf_instant when;
    bool is_local = key->share.mode == RF_SHARE_LOCAL;
    if (rf_rate_limit_paused(&key->rate_limit, now, NULL) || key->hungry.first != NULL ||
        policy_share_tokens(policy, key, now) == 0 ||
        !rf_rate_limit_take(&key->rate_limit, now, &when))
        return false;
    key->leased += is_local ? 0 : 1;
    second->leased = !is_local;
    second->token = true;
    second->ready = now;
    second->key = (uint8_t)chosen;
    key->reserved++;
    return true;
}

// The order of rf_policy_step, without a wait; the budget is asked last, so that it pays for what
// is sent alone.
static struct rf_policy_decision pass(struct rf_policy *policy, struct rf_policy_call *second,
                                      struct rf_instant now) {
    struct rf_breaker_transition t;
    bool changed = false;
    struct rf_duration left = rf_instant_since(second->deadline, now);
    if (left.ns <= 0 || left.ns < policy->rules.attempt_min.ns)
        return refuse(RF_POLICY_DEADLINE);
    if (!is_closed(policy))
        return refuse(RF_POLICY_OPEN);
    if (!take_token(policy, second, now))
        return refuse(RF_POLICY_RATE_LIMITED);
    second->place =
        rf_bulkhead_enter(&policy->bulkhead, NULL, second->deadline, now) == RF_BULKHEAD_GRANTED;
    if (!second->place)
        return refuse(RF_POLICY_NO_PLACE);
    if (!policy->follows)
        second->admitted = rf_breaker_admit(&policy->breaker, now, &second->ticket, &changed, &t);
    if (!policy->follows && !second->admitted)
        return refuse(RF_POLICY_OPEN);
    if (!rf_hedge_take(&policy->hedge, now))
        return refuse(RF_POLICY_NO_BUDGET);
    struct rf_policy_decision go =
        rf_policy_decide(RF_POLICY_GO, RF_POLICY_NO_REASON, (struct rf_instant){0});
    go.timeout = policy->rules.attempt_timeout.ns < left.ns ? policy->rules.attempt_timeout : left;
    return go;
}

struct rf_policy_decision rf_policy_hedge(struct rf_policy *policy,
                                          const struct rf_policy_call *first,
                                          struct rf_policy_call *second, struct rf_instant now) {
    rf_policy_tick(policy, now);
    rf_policy_begin(policy, second, first->deadline);
    second->barred = first->barred;
    second->counted = second->beside = true;
    struct rf_policy_decision decision = pass(policy, second, now);
    if (decision.verdict != RF_POLICY_GO)
        rf_policy_end(policy, second, now);
    return decision;
}

void rf_policy_cancelled(struct rf_policy *policy, struct rf_policy_call *call,
                         struct rf_instant now) {
    if (!call->running)
        return;
    if (!call->beside)
        rf_hedge_record(&policy->hedge, rf_instant_since(now, call->ticket.began));
    rf_policy_stops(policy, call);
    if (!policy->follows)
        rf_breaker_cancel(&policy->breaker, call->ticket, now);
    rf_policy_place_back(policy, call, now);
}
