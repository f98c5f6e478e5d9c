// The way to an attempt. Read try_link: it is the order that core.h promises.
#include <stdio.h>

#include "internal.h"
#include "note.h"

const struct rf_config_provider *config_of(const struct core *core, const struct call *call) {
    return core->settings[provider_now(call)].config;
}

// ---- the test request ----

void permit_end(struct core *core, struct call *call, enum rf_class c, struct rf_duration took,
                const char *error_text) {
    if (call->permit[0] == '\0')
        return;
    core->effects->outcome(core->arg, provider_now(call), call->policy.ticket.epoch, call->permit,
                           c, took, call->policy.ticket.slow_told, error_text);
    call->permit[0] = '\0';
}

static void ask_permit(struct core *core, struct call *call) {
    rf_policy_asked(policy_of(core, call), &call->policy);
    call->state = CALL_PERMIT;
    timed_add(core, call, call->deadline);
    core->effects->permit(core->arg, call->id, provider_now(call), call->policy.ticket.epoch);
}

// ---- an attempt ----

static struct rf_duration shorter(struct rf_duration a, struct rf_duration b) {
    return a.ns < b.ns ? a : b;
}

static void fail_attempt_before(struct core *core, struct call *call, enum rf_class c,
                                const char *code, const char *message, struct moment at) {
    struct provider_verdict verdict = {0};
    permit_end(core, call, RF_CLASS_LOCAL, rf_ns(0), NULL);
    place_give(core, call);
    provider_verdict_set(&verdict, c, code, message);
    if (rf_class_marks(c)) {
        mark_begin(core, call, &verdict, at);
        return;
    }
    call->failure_count = 0; // it is the request: another link would find the same
    (void)call_add_failure(
        call, &(struct link_failure){.provider = provider_now(call), .verdict = verdict});
    answer_failed(core, call);
}

// A link without a key is one that the user does not have: the others serve. A chain of it alone is
// a mistake that somebody must hear of.
static void no_key(struct core *core, struct call *call, struct moment at) {
    static const char message[] = "no key is configured";
    if (call->chain.count > 1 || call->chain.local != RF_LOCAL_NONE)
        link_refused(core, call, "no_key", message, (struct rf_utc){0}, at);
    else
        fail_attempt_before(core, call, RF_CLASS_PERMANENT_CONFIG, "no_key", message, at);
}

// All keys are set aside, and no mark says so: it is made up for.
static void no_key_left(struct core *core, struct call *call, struct moment at) {
    struct provider_verdict why = {0};
    enum rf_provider p = provider_now(call);
    call->sending.began = at;
    keys_none_left(core, p, &why);
    mark_note_sent(core, call, provider_key(&core->settings[p], 0));
    fail_attempt_before(core, call, why.class, why.code, why.message, at);
}

static enum rf_err send_request(struct core *core, struct call *call, struct hedge *hedge,
                                const struct rf_secret *key, struct rf_duration timeout,
                                struct rf_error *error) {
    const struct provider *provider = provider_of(provider_now(call));
    const struct provider_settings *settings = &core->settings[provider->id];
    const struct provider_settings with = {
        .config = settings->config, .telephony = settings->telephony, .key = *key};
    struct provider_request request = {0};
    enum rf_err err = provider->build(&with, &call->job, &request, error);
    if (err == RF_OK) {
        cache_note_sent(core, call, &request);
        call->state = CALL_SENDING;
        err =
            core->effects->send(core->arg, call, hedge, &request, settings->config, timeout, error);
        if (err ==
            RF_ERR_INVALID) // not the parameters: an address or a key that nothing can be sent with
            err = RF_ERR_CONFIG;
    }
    provider_request_fini(&request);
    return err;
}

enum rf_err send_attempt(struct core *core, struct call *call, struct hedge *hedge,
                         struct rf_duration timeout, struct moment at, struct rf_error *error) {
    size_t wanted = hedge != NULL ? hedge->policy.key : call->policy.key;
    const struct rf_secret *key = keys_choose(core, call, wanted, at);
    if (key == NULL)
        return rf_error_set(error, RF_ERR_NOT_FOUND, "no key is left");
    call->sending.began = at;
    mark_note_sent(core, call, key);
    return send_request(core, call, hedge, key, timeout, error);
}

bool time_for_attempt(const struct core *core, const struct call *call, struct moment at,
                      struct rf_duration *timeout) {
    struct rf_duration most = config_of(core, call)->timeout.attempt;
    // Whoever is to ask what became of it counts on its end.
    int64_t within = json_integer_value(json_object_get(call->job.params, "within_ns"));
    if (within > 0)
        most = shorter(most, rf_ns(within));
    struct rf_duration left = rf_instant_since(call->deadline, at.now);
    // A link behind this one still gets its turn when this one says nothing at all.
    struct rf_duration room = call_has_next(call) ? rf_ns(left.ns - ATTEMPT_MIN.ns) : left;
    *timeout = shorter(most, room);
    return room.ns >= shorter(ATTEMPT_MIN, most).ns;
}

// The last checks stand here; send_before is checked once more by the transfer, when its connection
// stands.
void begin_attempt(struct core *core, struct call *call, struct rf_duration lease,
                   struct moment at) {
    struct rf_duration timeout;
    struct rf_error error;
    if (!time_for_attempt(core, call, at, &timeout)) {
        static const char message[] = "no time is left for an attempt";
        if (call_has_next(call))
            link_refused(core, call, "deadline_exceeded", message, (struct rf_utc){0}, at);
        else
            answer_local(core, call, "deadline_exceeded", message);
        return;
    }
    if (call->send_before.ns != 0 &&
        (at.utc.ns > call->send_before.ns || rf_instant_before(call->send_until, at.now))) {
        answer_local(core, call, "deadline_exceeded", "send_before is over: nothing was sent");
        return;
    }
    if (!call_repeatable(call) && !(core->connected && core->effects->leased(core->arg))) {
        answer_local(core, call, "worker_lost", "the broker was lost before the dial began");
        return;
    }
    if (core->settings[provider_now(call)].key.value == NULL) {
        no_key(core, call, at);
        return;
    }
    timeout = shorter(timeout, lease);
    switch (send_attempt(core, call, NULL, timeout, at, &error)) {
    case RF_OK:
        rf_policy_sent(policy_of(core, call), &call->policy, at.now);
        call_note(call, at, "attempt", "sent", "at most %lld ms%s",
                  (long long)rf_duration_ms(timeout),
                  call->permit[0] != '\0' ? ", as the test request" : "");
        hedge_plan(core, call, at);
        return;
    case RF_ERR_NOT_FOUND:
        no_key_left(core, call, at);
        return;
    case RF_ERR_INVALID:
        fail_attempt_before(core, call, RF_CLASS_PERMANENT_INVALID, "params", error.message, at);
        return;
    case RF_ERR_CONFLICT:
        answer_local(core, call, "other_account", error.message);
        return;
    case RF_ERR_CONFIG:
        fail_attempt_before(core, call, RF_CLASS_PERMANENT_CONFIG, "request", error.message, at);
        return;
    default:
        answer_local(core, call, "overloaded", error.message);
        return;
    }
}

// ---- what the policy says ----

void wait_for(struct core *core, struct call *call, struct rf_instant due, struct moment at) {
    place_give(core, call);
    if (answer_given_up(core, call))
        return;
    if ((core->draining && !call->policy.unpaid) || barred_now(core, call, at)) {
        hand_back(core, call, at);
        return;
    }
    if (waiting_total(core) >= core->config->max_waiting) {
        answer_local(core, call, "overloaded", "too many calls wait");
        return;
    }
    call->state = CALL_WAITING;
    core->waiting[call->service]++;
    timed_add(core, call, due);
    if (call->crowded)
        room_wait(core, call, at);
    call->crowded = false;
    credit_give(core, call);
}

// The step of the policy that a reason belongs to.
static const char *step_of(enum rf_policy_reason reason) {
    switch (reason) {
    case RF_POLICY_DEADLINE:
        return "deadline";
    case RF_POLICY_RATE_LIMITED:
    case RF_POLICY_THROTTLED:
        return "rate_limit";
    case RF_POLICY_NO_PLACE:
        return "bulkhead";
    case RF_POLICY_OPEN:
    case RF_POLICY_TESTING:
        return "breaker";
    case RF_POLICY_NO_BUDGET:
        return "budget";
    default:
        return "retry";
    }
}

// The broker's budget of retries, which all gateways share, has none for it: it failed as its last
// attempt did.
static void no_budget(struct core *core, struct call *call, struct moment at) {
    struct link_failure failure = {.provider = provider_now(call),
                                   .no_retry = NO_BUDGET,
                                   .retry_at = utc_of(call->policy.due, at)};
    const struct rf_attempt *last =
        call->attempt_count > 0 ? &call->attempts[call->attempt_count - 1] : NULL;
    enum rf_class class = RF_CLASS_TRANSIENT;
    if (last != NULL)
        (void)rf_class_parse(last->class, &class);
    provider_verdict_set(&failure.verdict, class, last != NULL ? last->code : NULL,
                         last != NULL ? last->message : NULL);
    link_failed(core, call, &failure, at);
}

static void refused(struct core *core, struct call *call, struct rf_policy_decision decision,
                    struct moment at) {
    struct rf_utc retry_at = utc_of(decision.at, at);
    call_note(call, at, step_of(decision.reason), "refused", "%s",
              rf_policy_reason_name(decision.reason));
    switch (decision.reason) {
    case RF_POLICY_DEADLINE:
        answer_local(core, call, "deadline_exceeded",
                     call->queued ? "no place came free in time" : "the deadline is over");
        return;
    case RF_POLICY_RATE_LIMITED:
        link_refused(core, call, "overloaded", "providers.*.rate_limit leaves it no time", retry_at,
                     at);
        return;
    case RF_POLICY_THROTTLED:
        link_refused(core, call, "overloaded", "the provider asked for a pause", retry_at, at);
        return;
    case RF_POLICY_NO_PLACE:
        link_refused(core, call, "overloaded", "providers.*.bulkhead and its queue are full",
                     retry_at, at);
        return;
    case RF_POLICY_NO_BUDGET:
        no_budget(core, call, at);
        return;
    case RF_POLICY_TESTING:
        link_refused(core, call, "breaker_open", "a test request is under way", retry_at, at);
        return;
    default:
        link_refused(core, call, "breaker_open", "the circuit breaker is open", retry_at, at);
        return;
    }
}

static bool for_recovery(enum rf_policy_reason reason) {
    return reason == RF_POLICY_OPEN || reason == RF_POLICY_TESTING;
}

// What the policy would have said with when_open: fail.
static struct rf_policy_decision as_refusal(struct core *core, struct call *call,
                                            struct rf_policy_decision decision) {
    struct rf_policy_decision gate = rf_policy_gate(policy_of(core, call));
    decision.verdict = RF_POLICY_REFUSED;
    decision.at = gate.verdict == RF_POLICY_REFUSED ? gate.at : (struct rf_instant){0};
    return decision;
}

// A token of the broker's comes when it comes: whoever waits for one goes on to the next link while
// that has its time.
static bool waits_too_long(const struct core *core, const struct call *call,
                           struct rf_policy_decision *decision, struct moment at) {
    bool of_broker =
        decision->reason == RF_POLICY_RATE_LIMITED && decision->at.ns == call->policy.deadline.ns;
    if (!of_broker || !call_has_next(call))
        return false;
    struct rf_duration left = time_for_link(core, call, at);
    decision->at = rf_instant_add(at.now, left);
    return left.ns <= 0;
}

// A retry is told of as soon as the budget has it. True: another gateway makes it.
static bool tell_retry(struct core *core, struct call *call, struct moment at) {
    if (!call->retry_untold || call->policy.unpaid || call->attempt_count == 0)
        return false;
    call->retry_untold = false;
    if (!call->policy.retrying)
        return false;
    const struct rf_attempt *last = &call->attempts[call->attempt_count - 1];
    retry_decided(core, call, last, at);
    return retry_goes_elsewhere(core, call, last);
}

void obey(struct core *core, struct call *call, struct rf_policy_decision decision,
          struct moment at) {
    if (tell_retry(core, call, at) && decision.verdict != RF_POLICY_REFUSED) {
        hand_back(core, call, at);
        return;
    }
    switch (decision.verdict) {
    case RF_POLICY_GO:
    case RF_POLICY_ASK:
        if (!place_take(core, call)) {
            call->state = CALL_PLACE;
            place_queue(core, call);
            timed_add(core, call, call->deadline);
        } else if (decision.verdict == RF_POLICY_ASK) {
            call_note(call, at, "breaker", "wait", "half open: asks to be the test request");
            ask_permit(core, call);
        } else {
            begin_attempt(core, call, rf_ns(INT64_MAX), at);
        }
        return;
    case RF_POLICY_QUEUED:
        call_note(call, at, "bulkhead", "wait", "for a place among %lld",
                  (long long)policy_of(core, call)->bulkhead.policy.max_in_flight);
        place_give(core, call);
        call->state = CALL_PLACE;
        timed_add(core, call, call->deadline);
        return;
    case RF_POLICY_WAIT:
        if (for_recovery(decision.reason) && !recovery_can_wait(call)) {
            refused(core, call, as_refusal(core, call, decision), at);
            return;
        }
        if (waits_too_long(core, call, &decision, at)) {
            decision.at = (struct rf_instant){0};
            refused(core, call, decision, at);
            return;
        }
        call_note(call, at, step_of(decision.reason), "wait", "%lld ms at most",
                  (long long)rf_duration_ms(rf_instant_since(decision.at, at.now)));
        wait_for(core, call, decision.at, at);
        return;
    default:
        refused(core, call, decision, at);
        return;
    }
}

void try_link(struct core *core, struct call *call, struct moment at) {
    struct rf_utc until = {0};
    if (answer_given_up(core, call))
        return;
    const char *marked = mark_blocks(core, call, &until);
    if (!rf_instant_before(at.now, call->deadline)) {
        answer_local(core, call, "deadline_exceeded", "the deadline is over");
    } else if (barred_now(core, call, at)) {
        barred_leave(core, call, at);
    } else if (marked != NULL) {
        call_note(call, at, "mark", "refused", "%s", marked);
        link_refused(core, call, "marked", marked, until, at);
    } else {
        policy_enter(core, call);
        if (!keys_bar(core, call)) {
            no_key_left(core, call, at);
            return;
        }
        obey(core, call, rf_policy_step(policy_of(core, call), &call->policy, at.now), at);
    }
}

void enter_link(struct core *core, struct call *call, struct moment at) {
    if (call_is_local(call))
        local_serve(core, call, at);
    else if (!cache_enter(core, call, at))
        try_link(core, call, at);
}

void run_queue(struct core *core, enum gateway_service service, struct moment at) {
    struct call *call;
    while ((call = place_next(core, service)) != NULL)
        try_link(core, call, at);
}

// Calls that a provider's policy lets go on, or no longer lets wait.
static void run_policy(struct core *core, enum rf_provider p, struct moment at) {
    struct rf_policy_call *next;
    while ((next = rf_policy_next(&core->policies[p], at.now)) != NULL) {
        struct call *call = call_of_policy(next);
        if (call->state != CALL_WAITING && call->state != CALL_PLACE)
            continue;
        wait_end(core, call);
        timed_remove(core, call);
        try_link(core, call, at);
    }
}

// A call whose turn came may end at once and leave others behind, and so on.
void run_queues(struct core *core, struct moment at) {
    do {
        cache_run(core, at);
        for (int p = 0; p < RF_PROVIDER_COUNT; p++)
            run_policy(core, (enum rf_provider)p, at);
        for (int s = 0; s < GATEWAY_SERVICE_COUNT; s++)
            run_queue(core, (enum gateway_service)s, at);
    } while (core->orphans != NULL);
}
