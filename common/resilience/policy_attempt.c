#include "resilience/policy_key.h"
#include "resilience/policy_late.h"
#include "resilience/policy_parts.h"
#include "resilience/policy_share.h"

void rf_policy_stops(struct rf_policy *policy, struct rf_policy_call *call) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    policy_late_over(policy, call);
    call->running = false;
    policy->in_flight--;
    if (key != NULL)
        key->in_flight--;
    rf_policy_unlink(&call->runs);
}

void rf_policy_sent(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now) {
    if (call->retrying) {
        policy_share_spend(policy, call, now);
    } else if (!call->counted) {
        rf_budget_call(&policy->budget, now);
        policy->calls++;
    }
    call->counted = true;
    policy_token_use(policy, call);
    call->asked = call->admitted = false;
    call->due = (struct rf_instant){0};
    if (policy->follows && !call->test)
        call->ticket = (struct rf_breaker_ticket){.epoch = policy->copy.epoch};
    call->ticket.began = now;
    call->ticket.slow_told = false;
    call->running = true;
    policy->in_flight++;
    policy_late_watch(policy, call, now);
    struct rf_duration slow_after = policy->rules.breaker.slow_after;
    if (slow_after.ns > 0 && policy->rules.breaker.slow_rate > 0) {
        call->slow_at = rf_instant_add(now, slow_after);
        rf_policy_append(&policy->running, &call->runs);
    }
}

void rf_policy_settled(struct rf_policy *policy, struct rf_policy_call *call, enum rf_class c,
                       bool keep_place, struct rf_instant now) {
    struct rf_breaker_transition t;
    bool changed;
    if (!call->running)
        return;
    if (rf_adaptive_record(&policy->adaptive, c, call->ticket.began, policy->in_flight, now)) {
        struct rf_bulkhead_policy bulkhead = rf_policy_bulkhead(policy);
        rf_bulkhead_change(&policy->bulkhead, &bulkhead);
    }
    rf_policy_stops(policy, call);
    call->failed_test = policy->follows && call->test && rf_class_counts(c);
    if (!policy->follows) {
        rf_policy_tick(policy, now);
        changed = rf_breaker_record(&policy->breaker, call->ticket, c, now, &t);
        if (changed)
            rf_policy_state_changed(policy, t.to);
        else if (call->test)
            rf_policy_wake_first(policy, &policy->idle);
    }
    if (c == RF_CLASS_OK && !call->beside)
        rf_hedge_record(&policy->hedge, rf_instant_since(now, call->ticket.began));
    rf_policy_test_over(policy, call);
    if (!keep_place)
        rf_policy_place_back(policy, call, now);
}

static enum rf_policy_reason why_not(enum rf_retry_verdict verdict) {
    switch (verdict) {
    case RF_RETRY_EXHAUSTED:
        return RF_POLICY_EXHAUSTED;
    case RF_RETRY_TOO_LATE:
        return RF_POLICY_TOO_LATE;
    case RF_RETRY_TOO_LONG:
        return RF_POLICY_TOO_LONG;
    default:
        return RF_POLICY_NOT_RETRYABLE;
    }
}

struct rf_policy_decision rf_policy_retry(struct rf_policy *policy, struct rf_policy_call *call,
                                          enum rf_class c, struct rf_duration retry_after,
                                          struct rf_duration left, struct rf_instant now) {
    struct rf_policy_decision decision = {.verdict = RF_POLICY_DONE};
    struct rf_duration to_deadline = rf_instant_since(call->deadline, now);
    struct rf_retry before = call->retry;
    if (to_deadline.ns < left.ns)
        left = to_deadline;
    struct rf_retry_decision retry =
        rf_retry_decide(&policy->rules.retry, &call->retry, c, retry_after, left,
                        policy->rules.attempt_min, &policy->rng);
    decision.wait = retry.wait;
    if (retry.verdict != RF_RETRY_AGAIN) {
        decision.reason = why_not(retry.verdict);
        return decision;
    }
    // Paid for when it is decided (incident 30).
    if (!policy_share_pay(policy, call, now)) {
        call->retry = before;
        decision.reason = RF_POLICY_NO_BUDGET;
        return decision;
    }
    call->retrying = true;
    call->due = rf_instant_add(now, retry.wait);
    struct rf_policy_decision gate = rf_policy_gate(policy);
    if (call->failed_test) // its authority is about to say so
        gate = rf_policy_decide(RF_POLICY_REFUSED, RF_POLICY_OPEN, (struct rf_instant){0});
    if (gate.verdict == RF_POLICY_REFUSED && gate.reason == RF_POLICY_OPEN)
        return rf_policy_held_back(policy, call, gate, now);
    rf_policy_wait_in(call->unpaid ? &policy->unpaid : &policy->waiting, call);
    decision.verdict = RF_POLICY_RETRY;
    decision.at = call->unpaid ? call->pay_by : call->due;
    return decision;
}

struct rf_policy_decision rf_policy_ended(struct rf_policy *policy, struct rf_policy_call *call,
                                          enum rf_class c, struct rf_duration retry_after,
                                          struct rf_instant now) {
    rf_policy_settled(policy, call, c, false, now);
    if (c == RF_CLASS_OK)
        return (struct rf_policy_decision){.verdict = RF_POLICY_DONE};
    if (c == RF_CLASS_RATE_LIMITED)
        (void)rf_policy_pause(policy, call, retry_after, now);
    return rf_policy_retry(policy, call, c, retry_after, rf_ns(INT64_MAX), now);
}

struct rf_policy_call *rf_policy_slow(struct rf_policy *policy, struct rf_instant now) {
    struct rf_breaker_transition t;
    struct rf_policy_call *call = rf_policy_first_running(&policy->running);
    if (call == NULL || rf_instant_before(now, call->slow_at))
        return NULL;
    rf_policy_unlink(&call->runs);
    if (policy->follows)
        call->ticket.slow_told = true;
    else if (rf_breaker_slow(&policy->breaker, &call->ticket, now, &t))
        rf_policy_state_changed(policy, t.to);
    return call;
}

bool rf_policy_wake(const struct rf_policy *policy, struct rf_instant *when) {
    bool found = !policy->follows && rf_breaker_wake(&policy->breaker, when);
    const struct rf_policy_call *slow = rf_policy_first_running(&policy->running);
    if (slow != NULL && (!found || rf_instant_before(slow->slow_at, *when))) {
        *when = slow->slow_at;
        found = true;
    }
    return policy_late_wake(policy, when, found);
}
