#include <stddef.h>

#include "resilience/policy_key.h"
#include "resilience/policy_late.h"
#include "resilience/policy_parts.h"
#include "resilience/policy_share.h"

// A call that waits for another's test to end asks again after this at the latest: a permit that an
// authority took back is told to nobody.
#define TEST_PATIENCE rf_seconds(1)

void rf_policy_begin(struct rf_policy *policy, struct rf_policy_call *call,
                     struct rf_instant deadline) {
    (void)policy;
    *call = (struct rf_policy_call){.deadline = deadline, .begun = true};
}

void rf_policy_resume(struct rf_policy *policy, struct rf_policy_call *call, int64_t retries,
                      struct rf_instant due) {
    call->retry.retries = retries;
    call->counted = retries > 0;
    call->due = due;
    if (due.ns > 0)
        rf_policy_wait_in(&policy->waiting, call);
}

void rf_policy_hasten(struct rf_policy_call *call, struct rf_instant now) {
    if (rf_instant_before(now, call->due))
        call->due = now;
}

// ---- decisions ----

static struct rf_instant sooner(struct rf_instant a, struct rf_instant b) {
    return rf_instant_before(a, b) ? a : b;
}

static struct rf_policy_decision refuse(struct rf_policy *policy, struct rf_policy_call *call,
                                        enum rf_policy_reason reason, struct rf_instant at,
                                        struct rf_instant now) {
    rf_policy_let_go(policy, call, now);
    rf_policy_unlink(&call->waits);
    return rf_policy_decide(RF_POLICY_REFUSED, reason, at);
}

// ---- the breaker ----

static struct rf_policy_call *call_of(struct rf_bulkhead_waiter *waiter) {
    return (void *)((char *)waiter - offsetof(struct rf_policy_call, waiter));
}

void rf_policy_state_changed(struct rf_policy *policy, enum rf_breaker_state state) {
    if (state != RF_BREAKER_OPEN) {
        rf_policy_wake_all(policy, &policy->idle);
        return;
    }
    rf_policy_wake_all(policy, &policy->waiting);
    rf_policy_wake_all(policy, &policy->unpaid);
    for (size_t i = 0; i < policy_key_count(policy); i++)
        rf_policy_wake_all(policy, &policy_key_at(policy, i)->hungry);
    for (struct rf_bulkhead_waiter *waiter; (waiter = policy->bulkhead.first) != NULL;) {
        rf_bulkhead_remove(&policy->bulkhead, waiter);
        rf_policy_wake_one(policy, call_of(waiter));
    }
}

void rf_policy_tick(struct rf_policy *policy, struct rf_instant now) {
    struct rf_breaker_transition t;
    if (!policy->follows && rf_breaker_tick(&policy->breaker, now, &t))
        rf_policy_state_changed(policy, t.to);
}

struct rf_policy_decision rf_policy_gate(const struct rf_policy *policy) {
    enum rf_breaker_state state = policy->copy.state;
    bool testing = policy->copy.testing;
    struct rf_instant until = policy->copy.until;
    if (!policy->follows) {
        state = rf_breaker_gate(&policy->breaker);
        testing = policy->breaker.permit != 0;
        until = policy->breaker.until;
    }
    if (state == RF_BREAKER_OPEN)
        return rf_policy_decide(RF_POLICY_REFUSED, RF_POLICY_OPEN, until);
    if (state == RF_BREAKER_HALF_OPEN && testing)
        return rf_policy_decide(RF_POLICY_REFUSED, RF_POLICY_TESTING, (struct rf_instant){0});
    return rf_policy_decide(state == RF_BREAKER_HALF_OPEN && policy->follows ? RF_POLICY_ASK
                                                                             : RF_POLICY_GO,
                            RF_POLICY_NO_REASON, (struct rf_instant){0});
}

struct rf_policy_decision rf_policy_held_back(struct rf_policy *policy, struct rf_policy_call *call,
                                              struct rf_policy_decision why,
                                              struct rf_instant now) {
    if (policy->rules.when_open == RF_WHEN_OPEN_FAIL)
        return refuse(policy, call, why.reason, why.at, now);
    rf_policy_let_go(policy, call, now);
    if (call->unpaid) { // asked for first, as the own budget is: nobody waits for recovery in vain
        rf_policy_wait_in(&policy->unpaid, call);
        return rf_policy_decide(RF_POLICY_WAIT, RF_POLICY_NO_REASON, call->pay_by);
    }
    struct rf_instant until = call->deadline;
    if (why.reason == RF_POLICY_TESTING)
        until = sooner(until, rf_instant_add(now, TEST_PATIENCE));
    else if (!policy->follows) // nobody pushes its end
        until = sooner(until, why.at);
    rf_policy_wait_in(&policy->idle, call);
    return rf_policy_decide(RF_POLICY_WAIT, why.reason, until);
}

static bool admitted(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now) {
    struct rf_breaker_transition t;
    bool changed = false;
    if (call->admitted && call->ticket.epoch == policy->breaker.epoch &&
        call->ticket.permit == (call->test ? policy->breaker.permit : 0))
        return true;
    call->admitted = rf_breaker_admit(&policy->breaker, now, &call->ticket, &changed, &t);
    call->test = call->admitted && call->ticket.permit != 0;
    if (changed)
        rf_policy_state_changed(policy, t.to);
    return call->admitted;
}

// ---- the order ----

// A token is reserved, so that ten thousand calls that wait for one are woken once each.
static bool pass_rate_limit(struct rf_policy *policy, struct rf_policy_call *call,
                            struct rf_instant now, struct rf_policy_decision *decision) {
    struct rf_instant last = {rf_ns_sub(call->deadline.ns, 1)}, until = {0};
    size_t chosen = policy_choose_key(policy, call, now);
    struct rf_policy_key *key = policy_key_at(policy, chosen);
    bool paused = rf_rate_limit_paused(&key->rate_limit, now, &until);
    enum rf_policy_reason reason = paused ? RF_POLICY_THROTTLED : RF_POLICY_RATE_LIMITED;
    if (!call->token) {
        if (!rf_rate_limit_reserve(&key->rate_limit, now, last, &call->ready)) {
            *decision = refuse(policy, call, reason, call->ready, now);
            return false;
        }
        call->token = true;
        call->key = (uint8_t)chosen;
        key->reserved++;
    }
    if (paused && rf_instant_before(call->ready, until)) // it came after the token was reserved
        call->ready = until;
    if (!rf_instant_before(now, call->ready)) {
        *decision = rf_policy_decide(RF_POLICY_WAIT, RF_POLICY_RATE_LIMITED, call->deadline);
        return policy_share_token(policy, call, now);
    }
    policy_share_token_back(key, call);
    if (!rf_instant_before(call->ready, call->deadline)) {
        *decision = refuse(policy, call, reason, call->ready, now);
    } else {
        rf_policy_place_back(policy, call, now);
        *decision = rf_policy_decide(RF_POLICY_WAIT, reason, call->ready);
    }
    return false;
}

static bool pass_bulkhead(struct rf_policy *policy, struct rf_policy_call *call,
                          struct rf_instant now, struct rf_policy_decision *decision) {
    if (call->place)
        return true;
    switch (rf_bulkhead_enter(&policy->bulkhead, &call->waiter, call->deadline, now)) {
    case RF_BULKHEAD_GRANTED:
        call->place = true;
        return true;
    case RF_BULKHEAD_QUEUED:
        *decision = rf_policy_decide(RF_POLICY_QUEUED, RF_POLICY_NO_PLACE, call->deadline);
        return false;
    case RF_BULKHEAD_FULL:
        *decision = refuse(policy, call, RF_POLICY_NO_PLACE, (struct rf_instant){0}, now);
        return false;
    default:
        *decision = refuse(policy, call, RF_POLICY_DEADLINE, (struct rf_instant){0}, now);
        return false;
    }
}

static struct rf_policy_decision pass_breaker(struct rf_policy *policy, struct rf_policy_call *call,
                                              struct rf_instant now) {
    struct rf_policy_decision decision = rf_policy_gate(policy);
    if (call->test && policy->follows && call->ticket.epoch == policy->copy.epoch)
        decision = rf_policy_decide(RF_POLICY_GO, RF_POLICY_NO_REASON, (struct rf_instant){0});
    if (!policy->follows && !admitted(policy, call, now))
        return rf_policy_held_back(policy, call, rf_policy_gate(policy), now);
    if (decision.verdict == RF_POLICY_REFUSED && policy->follows)
        return rf_policy_held_back(policy, call, decision, now);
    struct rf_duration left = rf_instant_since(call->deadline, now);
    decision.timeout =
        policy->rules.attempt_timeout.ns < left.ns ? policy->rules.attempt_timeout : left;
    return decision;
}

struct rf_policy_decision rf_policy_step(struct rf_policy *policy, struct rf_policy_call *call,
                                         struct rf_instant now) {
    struct rf_policy_decision decision, gate;
    rf_policy_tick(policy, now);
    if (!rf_instant_before(now, call->deadline))
        return refuse(policy, call, RF_POLICY_DEADLINE, (struct rf_instant){0}, now);
    if (!policy_share_pay_again(policy, call, now))
        return refuse(policy, call, RF_POLICY_NO_BUDGET, (struct rf_instant){0}, now);
    // A breaker that lets nobody through ends every other wait, and takes no token and no place.
    gate = rf_policy_gate(policy);
    if (gate.verdict == RF_POLICY_REFUSED && !call->test && !call->asked)
        return rf_policy_held_back(policy, call, gate, now);
    if (call->unpaid) {
        rf_policy_wait_in(&policy->unpaid, call);
        return rf_policy_decide(RF_POLICY_WAIT, RF_POLICY_NO_REASON, call->pay_by);
    }
    if (rf_instant_before(now, call->due)) {
        rf_policy_wait_in(&policy->waiting, call);
        return rf_policy_decide(RF_POLICY_WAIT, RF_POLICY_NO_REASON, call->due);
    }
    rf_policy_unlink(&call->waits);
    if (!pass_rate_limit(policy, call, now, &decision))
        return decision;
    if (!pass_bulkhead(policy, call, now, &decision))
        return decision;
    return pass_breaker(policy, call, now);
}

struct rf_policy_call *rf_policy_next(struct rf_policy *policy, struct rf_instant now) {
    struct rf_bulkhead_waiter *waiter;
    rf_policy_tick(policy, now);
    policy_late_run(policy, now);
    policy_share_feed(policy, now);
    struct rf_policy_call *call = rf_policy_first_waiting(&policy->woken);
    if (call != NULL) {
        rf_policy_unlink(&call->waits);
        return call;
    }
    enum rf_bulkhead_verdict verdict = rf_bulkhead_next(&policy->bulkhead, now, &waiter);
    if (verdict == RF_BULKHEAD_NONE)
        return NULL;
    call = call_of(waiter);
    call->place = verdict == RF_BULKHEAD_GRANTED;
    return call;
}

// ---- what a call holds ----

void rf_policy_test_over(struct rf_policy *policy, struct rf_policy_call *call) {
    if ((call->test || call->asked) && policy->follows &&
        call->ticket.epoch == policy->copy.epoch) {
        policy->copy.testing = false;
        if (policy->copy.state == RF_BREAKER_HALF_OPEN)
            rf_policy_wake_first(policy, &policy->idle);
    }
    call->test = call->asked = false;
}

void rf_policy_let_go(struct rf_policy *policy, struct rf_policy_call *call,
                      struct rf_instant now) {
    policy_token_back(policy, call);
    rf_bulkhead_remove(&policy->bulkhead, &call->waiter);
    if (call->running)
        return;
    rf_policy_place_back(policy, call, now);
    if (call->admitted)
        rf_breaker_cancel(&policy->breaker, call->ticket, now);
    call->admitted = false;
    rf_policy_test_over(policy, call);
}

void rf_policy_end(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now) {
    if (!call->begun)
        return;
    if (call->running) {
        rf_policy_stops(policy, call);
        if (!policy->follows)
            rf_breaker_cancel(&policy->breaker, call->ticket, now);
    }
    rf_policy_let_go(policy, call, now);
    policy_share_cancel(policy, call);
    rf_policy_unlink(&call->waits);
    *call = (struct rf_policy_call){0};
}
