// A second attempt beside a first one that is slow: the first good answer is the call's, the other
// attempt is ended. Only of script and speech, which may be asked for twice; at most one in a
// call's life, as it is paid for. It passes the same policy as the first, and waits for nothing.
#include <stdlib.h>

#include "internal.h"
#include "note.h"

static bool is_for(const struct call *call) {
    return call->job.operation == GATEWAY_SPEAK || call->job.operation == GATEWAY_WRITE;
}

void hedge_plan(struct core *core, struct call *call, struct moment at) {
    struct rf_duration delay;
    if (is_for(call) && !call->hedged &&
        rf_policy_hedge_after(policy_of(core, call), &call->policy, at.now, &delay))
        timed_add(core, call, rf_instant_add(at.now, delay));
}

static void swap(struct call *call) {
    struct sending other = call->hedge->sending;
    call->hedge->sending = call->sending;
    call->sending = other;
}

static void over(struct core *core, struct call *call, struct moment at) {
    struct hedge *hedge = call->hedge;
    call->hedge = NULL;
    rf_policy_end(policy_of(core, call), &hedge->policy, at.now);
    if (hedge->placed)
        place_give_second(core, call);
    free(hedge);
}

void hedge_leave(struct core *core, struct call *call) {
    if (call->hedge == NULL)
        return;
    if (call->hedge->policy.running)
        core->effects->abort_hedge(core->arg, call);
    over(core, call, call->sending.began);
}

// ---- beginning it ----

static void refused(struct core *core, struct call *call, const char *why, struct moment at) {
    call_note(call, at, "hedge", "refused", "%s", why);
    over(core, call, at);
}

static void begin(struct core *core, struct call *call, struct rf_duration timeout,
                  struct moment at) {
    struct hedge *hedge = call->hedge;
    struct rf_policy *policy = policy_of(core, call);
    struct rf_error error;
    struct rf_policy_decision decision =
        rf_policy_hedge(policy, &call->policy, &hedge->policy, at.now);
    if (decision.verdict != RF_POLICY_GO) {
        refused(core, call, rf_policy_reason_name(decision.reason), at);
        return;
    }
    swap(call);
    enum rf_err err = send_attempt(core, call, hedge, timeout, at, &error);
    swap(call);
    if (err != RF_OK) {
        refused(core, call, error.message, at);
        return;
    }
    rf_policy_sent(policy, &hedge->policy, at.now);
    rf_hedge_race_sent(&hedge->race);
    rf_hedge_race_sent(&hedge->race);
    call_note(call, at, "hedge", "sent", "a second attempt after %lld ms without a reply",
              (long long)rf_duration_ms(rf_instant_since(at.now, call->sending.began.now)));
}

void hedge_try(struct core *core, struct call *call, struct moment at) {
    struct rf_duration timeout;
    call->hedged = true;
    if (core->draining || barred_now(core, call, at) ||
        !time_for_attempt(core, call, at, &timeout) || !keys_bar(core, call))
        return;
    struct hedge *hedge = calloc(1, sizeof *hedge);
    if (hedge == NULL)
        return;
    hedge->call = call;
    call->hedge = hedge;
    hedge->placed = place_take_second(core, call);
    if (hedge->placed)
        begin(core, call, timeout, at);
    else
        refused(core, call, "no place among gateway.concurrency", at);
}

// ---- its end ----

void hedge_reply_to_second(struct call *call) {
    swap(call);
}

// Ends the attempt that was not answered, and remembers what became of it.
static void cancel_other(struct core *core, struct call *call, struct moment at) {
    struct hedge *hedge = call->hedge;
    bool first_won = hedge->policy.running;
    const struct sending *lost = &hedge->sending;
    if (first_won)
        core->effects->abort_hedge(core->arg, call);
    else
        core->effects->abort(core->arg, call);
    rf_policy_cancelled(policy_of(core, call), first_won ? &hedge->policy : &call->policy, at.now);
    const struct rf_attempt attempt = {
        .provider = rf_provider_name(provider_now(call)),
        .class = rf_class_name(RF_CLASS_LOCAL),
        .code = "cancelled",
        .message = first_won ? "the first attempt was answered first"
                             : "the second attempt was answered first",
        .began = lost->began.utc.ns,
        .took_ns = rf_instant_since(at.now, lost->began.now).ns,
        .key = lost->key[0] != '\0' ? lost->key : NULL,
    };
    (void)call_add_attempt(call, &attempt);
    call_note(call, at, "hedge", "won", "the %s attempt was answered first",
              first_won ? "first" : "second");
}

enum rf_hedge_verdict hedge_judge(struct core *core, struct call *call, bool good,
                                  struct moment at) {
    struct hedge *hedge = call->hedge;
    if (hedge == NULL)
        return good ? RF_HEDGE_WON : RF_HEDGE_LOST;
    bool other_runs = hedge->policy.running || call->policy.running;
    enum rf_hedge_verdict verdict = rf_hedge_race_ended(&hedge->race, good);
    if (verdict == RF_HEDGE_WON && other_runs)
        cancel_other(core, call, at);
    return verdict;
}

void hedge_keep(struct call *call, const struct provider_verdict *verdict,
                struct rf_duration retry_after) {
    call->failed = malloc(sizeof *call->failed);
    if (call->failed != NULL) // else the call goes on as if this attempt had not been
        *call->failed = (struct hedge_failure){*verdict, retry_after, call->sending};
}

// The place of the attempt that goes on is the only one that the call needs now.
static void keep_one_place(struct call *call) {
    if (call->placed)
        return;
    call->placed = call->hedge->placed;
    call->hedge->placed = false;
}

void hedge_settle(struct core *core, struct call *call, enum rf_hedge_verdict verdict,
                  struct moment at) {
    struct hedge *hedge = call->hedge;
    if (hedge == NULL)
        return;
    if (verdict == RF_HEDGE_WAIT) {
        call_note(call, at, "hedge", "failed", "the other attempt still runs");
        if (hedge->policy.running) { // it is the call's only one now
            place_give(core, call);
            return;
        }
        swap(call);
    }
    keep_one_place(call);
    over(core, call, at);
}
