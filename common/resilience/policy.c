#include <ringfence/policy.h>

#include <stddef.h>
#include <string.h>

#include "resilience/policy_key.h"

// A call that waits for another's test to end asks again after this at the latest: a permit that an
// authority took back is told to nobody.
#define TEST_PATIENCE rf_seconds(1)

static const char *const reason_names[] = {
    [RF_POLICY_NO_REASON] = "",
    [RF_POLICY_DEADLINE] = "deadline_exceeded",
    [RF_POLICY_RATE_LIMITED] = "rate_limited",
    [RF_POLICY_THROTTLED] = "throttled",
    [RF_POLICY_NO_PLACE] = "no_place",
    [RF_POLICY_OPEN] = "breaker_open",
    [RF_POLICY_TESTING] = "testing",
    [RF_POLICY_NOT_RETRYABLE] = "not_retryable",
    [RF_POLICY_EXHAUSTED] = "exhausted",
    [RF_POLICY_NO_BUDGET] = "no_budget",
    [RF_POLICY_TOO_LATE] = "too_late",
    [RF_POLICY_TOO_LONG] = "too_long",
};

const char *rf_policy_reason_name(enum rf_policy_reason reason) {
    return (unsigned)reason <= RF_POLICY_TOO_LONG ? reason_names[reason] : "unknown";
}

// ---- lists ----

static void append(struct rf_policy_list *list, struct rf_policy_link *link) {
    *link = (struct rf_policy_link){.before = list->last, .list = list};
    *(list->last != NULL ? &list->last->after : &list->first) = link;
    list->last = link;
}

static void take_out(struct rf_policy_link *link) {
    if (link->list == NULL)
        return;
    *(link->before != NULL ? &link->before->after : &link->list->first) = link->after;
    *(link->after != NULL ? &link->after->before : &link->list->last) = link->before;
    *link = (struct rf_policy_link){0};
}

// The first call of a list of those that wait, or that run; NULL if there is none.
static struct rf_policy_call *first_waiting(const struct rf_policy_list *list) {
    return list->first == NULL
               ? NULL
               : (void *)((char *)list->first - offsetof(struct rf_policy_call, waits));
}

static struct rf_policy_call *first_running(const struct rf_policy_list *list) {
    return list->first == NULL
               ? NULL
               : (void *)((char *)list->first - offsetof(struct rf_policy_call, runs));
}

static void wait_in(struct rf_policy_list *list, struct rf_policy_call *call) {
    take_out(&call->waits);
    append(list, &call->waits);
}

static void wake(struct rf_policy *policy, struct rf_policy_call *call) {
    wait_in(&policy->woken, call);
}

static void wake_first(struct rf_policy *policy, struct rf_policy_list *list) {
    struct rf_policy_call *call = first_waiting(list);
    if (call != NULL)
        wake(policy, call);
}

static void wake_all(struct rf_policy *policy, struct rf_policy_list *list) {
    for (struct rf_policy_call *call; (call = first_waiting(list)) != NULL;)
        wake(policy, call);
}

// ---- rules ----

static struct rf_bulkhead_policy bulkhead_of(const struct rf_policy *policy) {
    struct rf_bulkhead_policy found = policy->rules.bulkhead;
    int64_t limit = rf_adaptive_limit(&policy->adaptive);
    if (limit > 0 && (found.max_in_flight == 0 || limit < found.max_in_flight))
        found.max_in_flight = limit;
    return found;
}

void rf_policy_init(struct rf_policy *policy, const struct rf_policy_rules *rules, uint64_t seed,
                    struct rf_instant now) {
    memset(policy, 0, sizeof *policy);
    policy->rules = *rules;
    policy->rng.state = seed;
    rf_rate_limit_init(&policy->key.rate_limit, &rules->rate_limit, now);
    rf_adaptive_init(&policy->adaptive, &rules->adaptive);
    struct rf_bulkhead_policy bulkhead = bulkhead_of(policy);
    rf_bulkhead_init(&policy->bulkhead, &bulkhead);
    rf_breaker_init(&policy->breaker, &rules->breaker, now);
    rf_budget_init(&policy->budget, &rules->budget, now);
    rf_hedge_init(&policy->hedge, &rules->hedge, now);
}

void rf_policy_change(struct rf_policy *policy, const struct rf_policy_rules *rules,
                      struct rf_instant now) {
    policy->rules = *rules;
    for (size_t i = 0; i < policy_key_count(policy); i++)
        rf_rate_limit_change(&policy_key_at(policy, i)->rate_limit, &rules->rate_limit, now);
    rf_adaptive_change(&policy->adaptive, &rules->adaptive);
    struct rf_bulkhead_policy bulkhead = bulkhead_of(policy);
    rf_bulkhead_change(&policy->bulkhead, &bulkhead);
    rf_budget_change(&policy->budget, &rules->budget, now);
    rf_hedge_change(&policy->hedge, &rules->hedge, now);
}

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
        wait_in(&policy->waiting, call);
}

void rf_policy_hasten(struct rf_policy_call *call, struct rf_instant now) {
    if (rf_instant_before(now, call->due))
        call->due = now;
}

// ---- decisions ----

static struct rf_policy_decision decide(enum rf_policy_verdict verdict,
                                        enum rf_policy_reason reason, struct rf_instant at) {
    return (struct rf_policy_decision){.verdict = verdict, .reason = reason, .at = at};
}

static struct rf_instant sooner(struct rf_instant a, struct rf_instant b) {
    return rf_instant_before(a, b) ? a : b;
}

static struct rf_policy_decision refuse(struct rf_policy *policy, struct rf_policy_call *call,
                                        enum rf_policy_reason reason, struct rf_instant at,
                                        struct rf_instant now) {
    rf_policy_let_go(policy, call, now);
    take_out(&call->waits);
    return decide(RF_POLICY_REFUSED, reason, at);
}

static void place_back(struct rf_policy *policy, struct rf_policy_call *call) {
    if (call->place)
        rf_bulkhead_leave(&policy->bulkhead);
    call->place = false;
}

// ---- the breaker ----

static struct rf_policy_call *call_of(struct rf_bulkhead_waiter *waiter) {
    return (void *)((char *)waiter - offsetof(struct rf_policy_call, waiter));
}

// An open breaker ends every wait but the one for recovery, which any other state ends.
static void changed_to(struct rf_policy *policy, enum rf_breaker_state state) {
    if (state != RF_BREAKER_OPEN) {
        wake_all(policy, &policy->idle);
        return;
    }
    wake_all(policy, &policy->waiting);
    for (struct rf_bulkhead_waiter *waiter; (waiter = policy->bulkhead.first) != NULL;) {
        rf_bulkhead_remove(&policy->bulkhead, waiter);
        wake(policy, call_of(waiter));
    }
}

static void tick(struct rf_policy *policy, struct rf_instant now) {
    struct rf_breaker_transition t;
    if (!policy->follows && rf_breaker_tick(&policy->breaker, now, &t))
        changed_to(policy, t.to);
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
        return decide(RF_POLICY_REFUSED, RF_POLICY_OPEN, until);
    if (state == RF_BREAKER_HALF_OPEN && testing)
        return decide(RF_POLICY_REFUSED, RF_POLICY_TESTING, (struct rf_instant){0});
    return decide(state == RF_BREAKER_HALF_OPEN && policy->follows ? RF_POLICY_ASK : RF_POLICY_GO,
                  RF_POLICY_NO_REASON, (struct rf_instant){0});
}

// The breaker does not let it through: refused, or it waits for recovery.
static struct rf_policy_decision held_back(struct rf_policy *policy, struct rf_policy_call *call,
                                           struct rf_policy_decision why, struct rf_instant now) {
    if (policy->rules.when_open == RF_WHEN_OPEN_FAIL)
        return refuse(policy, call, why.reason, why.at, now);
    rf_policy_let_go(policy, call, now);
    struct rf_instant until = call->deadline;
    if (why.reason == RF_POLICY_TESTING)
        until = sooner(until, rf_instant_add(now, TEST_PATIENCE));
    else if (!policy->follows) // nobody pushes its end
        until = sooner(until, why.at);
    wait_in(&policy->idle, call);
    return decide(RF_POLICY_WAIT, why.reason, until);
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
        changed_to(policy, t.to);
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
    if (!rf_instant_before(now, call->ready))
        return true;
    if (!rf_instant_before(call->ready, call->deadline)) {
        *decision = refuse(policy, call, reason, call->ready, now);
    } else {
        place_back(policy, call);
        *decision = decide(RF_POLICY_WAIT, reason, call->ready);
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
        *decision = decide(RF_POLICY_QUEUED, RF_POLICY_NO_PLACE, call->deadline);
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
        decision = decide(RF_POLICY_GO, RF_POLICY_NO_REASON, (struct rf_instant){0});
    if (!policy->follows && !admitted(policy, call, now))
        return held_back(policy, call, rf_policy_gate(policy), now);
    if (decision.verdict == RF_POLICY_REFUSED && policy->follows)
        return held_back(policy, call, decision, now);
    struct rf_duration left = rf_instant_since(call->deadline, now);
    decision.timeout =
        policy->rules.attempt_timeout.ns < left.ns ? policy->rules.attempt_timeout : left;
    return decision;
}

struct rf_policy_decision rf_policy_step(struct rf_policy *policy, struct rf_policy_call *call,
                                         struct rf_instant now) {
    struct rf_policy_decision decision, gate;
    tick(policy, now);
    if (!rf_instant_before(now, call->deadline))
        return refuse(policy, call, RF_POLICY_DEADLINE, (struct rf_instant){0}, now);
    // A breaker that lets nobody through ends every other wait, and takes no token and no place.
    gate = rf_policy_gate(policy);
    if (gate.verdict == RF_POLICY_REFUSED && !call->test && !call->asked)
        return held_back(policy, call, gate, now);
    if (rf_instant_before(now, call->due)) {
        wait_in(&policy->waiting, call);
        return decide(RF_POLICY_WAIT, RF_POLICY_NO_REASON, call->due);
    }
    take_out(&call->waits);
    if (!pass_rate_limit(policy, call, now, &decision))
        return decision;
    if (!pass_bulkhead(policy, call, now, &decision))
        return decision;
    return pass_breaker(policy, call, now);
}

struct rf_policy_call *rf_policy_next(struct rf_policy *policy, struct rf_instant now) {
    struct rf_bulkhead_waiter *waiter;
    tick(policy, now);
    struct rf_policy_call *call = first_waiting(&policy->woken);
    if (call != NULL) {
        take_out(&call->waits);
        return call;
    }
    enum rf_bulkhead_verdict verdict = rf_bulkhead_next(&policy->bulkhead, now, &waiter);
    if (verdict == RF_BULKHEAD_NONE)
        return NULL;
    call = call_of(waiter);
    call->place = verdict == RF_BULKHEAD_GRANTED;
    return call;
}

// ---- an attempt ----

static void stops_running(struct rf_policy *policy, struct rf_policy_call *call) {
    struct rf_policy_key *key = policy_key_at(policy, call->key);
    call->running = false;
    policy->in_flight--;
    if (key != NULL)
        key->in_flight--;
    take_out(&call->runs);
}

void rf_policy_sent(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now) {
    if (call->retrying)
        rf_budget_spend(&policy->budget, now);
    else if (!call->counted)
        rf_budget_call(&policy->budget, now);
    call->counted = true;
    policy_token_use(policy, call);
    call->retrying = call->asked = call->admitted = false;
    call->due = (struct rf_instant){0};
    if (policy->follows && !call->test)
        call->ticket = (struct rf_breaker_ticket){.epoch = policy->copy.epoch};
    call->ticket.began = now;
    call->ticket.slow_told = false;
    call->running = true;
    policy->in_flight++;
    struct rf_duration slow_after = policy->rules.breaker.slow_after;
    if (slow_after.ns > 0 && policy->rules.breaker.slow_rate > 0) {
        call->slow_at = rf_instant_add(now, slow_after);
        append(&policy->running, &call->runs);
    }
}

// The permit is over, whatever became of it: one of those that wait for recovery may test.
static void test_over(struct rf_policy *policy, struct rf_policy_call *call) {
    if ((call->test || call->asked) && policy->follows &&
        call->ticket.epoch == policy->copy.epoch) {
        policy->copy.testing = false;
        if (policy->copy.state == RF_BREAKER_HALF_OPEN)
            wake_first(policy, &policy->idle);
    }
    call->test = call->asked = false;
}

void rf_policy_settled(struct rf_policy *policy, struct rf_policy_call *call, enum rf_class c,
                       bool keep_place, struct rf_instant now) {
    struct rf_breaker_transition t;
    bool changed;
    if (!call->running)
        return;
    if (rf_adaptive_record(&policy->adaptive, c, call->ticket.began, policy->in_flight, now)) {
        struct rf_bulkhead_policy bulkhead = bulkhead_of(policy);
        rf_bulkhead_change(&policy->bulkhead, &bulkhead);
    }
    stops_running(policy, call);
    call->failed_test = policy->follows && call->test && rf_class_counts(c);
    if (!policy->follows) {
        tick(policy, now);
        changed = rf_breaker_record(&policy->breaker, call->ticket, c, now, &t);
        if (changed)
            changed_to(policy, t.to);
        else if (call->test)
            wake_first(policy, &policy->idle);
    }
    if (c == RF_CLASS_OK)
        rf_hedge_record(&policy->hedge, rf_instant_since(now, call->ticket.began));
    test_over(policy, call);
    if (!keep_place)
        place_back(policy, call);
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
    if (!rf_budget_take(&policy->budget, now)) {
        call->retry = before;
        decision.reason = RF_POLICY_NO_BUDGET;
        return decision;
    }
    call->retrying = true;
    call->due = rf_instant_add(now, retry.wait);
    struct rf_policy_decision gate = rf_policy_gate(policy);
    if (call->failed_test) // its authority is about to say so
        gate = decide(RF_POLICY_REFUSED, RF_POLICY_OPEN, (struct rf_instant){0});
    if (gate.verdict == RF_POLICY_REFUSED && gate.reason == RF_POLICY_OPEN)
        return held_back(policy, call, gate, now);
    wait_in(&policy->waiting, call);
    decision.verdict = RF_POLICY_RETRY;
    decision.at = call->due;
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

// ---- what a call holds ----

void rf_policy_let_go(struct rf_policy *policy, struct rf_policy_call *call,
                      struct rf_instant now) {
    policy_token_back(policy, call);
    rf_bulkhead_remove(&policy->bulkhead, &call->waiter);
    if (call->running)
        return;
    place_back(policy, call);
    if (call->admitted)
        rf_breaker_cancel(&policy->breaker, call->ticket, now);
    call->admitted = false;
    test_over(policy, call);
}

void rf_policy_end(struct rf_policy *policy, struct rf_policy_call *call, struct rf_instant now) {
    if (!call->begun)
        return;
    if (call->running) {
        stops_running(policy, call);
        if (!policy->follows)
            rf_breaker_cancel(&policy->breaker, call->ticket, now);
    }
    rf_policy_let_go(policy, call, now);
    if (call->retrying)
        rf_budget_cancel(&policy->budget);
    take_out(&call->waits);
    *call = (struct rf_policy_call){0};
}

// ---- a breaker elsewhere ----

bool rf_policy_follow(struct rf_policy *policy, enum rf_breaker_state state, int64_t epoch,
                      struct rf_instant until) {
    struct rf_policy_copy *copy = &policy->copy;
    policy->follows = true;
    if (copy->known && epoch < copy->epoch)
        return false;
    if (!copy->known || epoch != copy->epoch)
        copy->testing = false;
    bool changed = state != copy->state || epoch != copy->epoch;
    copy->known = true;
    copy->state = state;
    copy->epoch = epoch;
    copy->until = until;
    if (changed || state == RF_BREAKER_OPEN)
        changed_to(policy, state);
    return true;
}

void rf_policy_lost(struct rf_policy *policy) {
    policy->copy.known = false;
}

void rf_policy_asked(struct rf_policy *policy, struct rf_policy_call *call) {
    policy->copy.testing = true;
    call->asked = true;
    call->ticket = (struct rf_breaker_ticket){.epoch = policy->copy.epoch};
}

void rf_policy_granted(struct rf_policy *policy, struct rf_policy_call *call, int64_t epoch) {
    (void)policy;
    call->asked = false;
    call->test = true;
    call->ticket = (struct rf_breaker_ticket){.epoch = epoch};
}

struct rf_policy_decision rf_policy_not_granted(struct rf_policy *policy,
                                                struct rf_policy_call *call,
                                                struct rf_instant now) {
    call->asked = false;
    if (policy->copy.epoch == call->ticket.epoch)
        policy->copy.testing = false;
    struct rf_policy_decision gate = rf_policy_gate(policy);
    if (gate.verdict == RF_POLICY_GO)
        return rf_policy_step(policy, call, now); // it closed while we asked
    if (gate.verdict == RF_POLICY_ASK)
        gate = decide(RF_POLICY_REFUSED, RF_POLICY_TESTING, (struct rf_instant){0});
    return held_back(policy, call, gate, now);
}

// ---- calls that still run ----

struct rf_policy_call *rf_policy_slow(struct rf_policy *policy, struct rf_instant now) {
    struct rf_breaker_transition t;
    struct rf_policy_call *call = first_running(&policy->running);
    if (call == NULL || rf_instant_before(now, call->slow_at))
        return NULL;
    take_out(&call->runs);
    if (policy->follows)
        call->ticket.slow_told = true;
    else if (rf_breaker_slow(&policy->breaker, &call->ticket, now, &t))
        changed_to(policy, t.to);
    return call;
}

bool rf_policy_wake(const struct rf_policy *policy, struct rf_instant *when) {
    bool found = !policy->follows && rf_breaker_wake(&policy->breaker, when);
    const struct rf_policy_call *slow = first_running(&policy->running);
    if (slow != NULL && (!found || rf_instant_before(slow->slow_at, *when))) {
        *when = slow->slow_at;
        found = true;
    }
    return found;
}
