// After an attempt: classify, report, then the retry, the next link of the chain or the answer.
#include <stdlib.h>

#include "internal.h"
#include "note.h"

// A dial of which nothing is known is never repeated, here or at another provider.
static bool may_fall(const struct call *call, const struct link_failure *failure) {
    return call_has_next(call) && failure->verdict.class != RF_CLASS_AMBIGUOUS;
}

void link_failed(struct core *core, struct call *call, const struct link_failure *failure,
                 struct moment at) {
    cache_failed(core, call, failure);
    permit_end(core, call, RF_CLASS_LOCAL, rf_ns(0), NULL);
    place_give(core, call);
    place_unqueue(core, call);
    timed_remove(core, call);
    wait_end(core, call);
    policy_leave(core, call);
    call->state = CALL_PLACE;
    (void)call_add_failure(call, failure);
    if (!may_fall(call, failure)) {
        if (failure->verdict.class == RF_CLASS_AMBIGUOUS || !recovery_wait(core, call, at))
            answer_failed(core, call);
        return;
    }
    call->link++;
    call->waited = rf_ns(0);
    call_note(call, at, "fallback", "next", "%s%s%s", failure->verdict.code,
              failure->verdict.code[0] != '\0' && failure->verdict.message[0] != '\0' ? ": " : "",
              failure->verdict.message);
    enter_link(core, call, at);
}

void link_refused(struct core *core, struct call *call, const char *code, const char *message,
                  struct rf_utc retry_at, struct moment at) {
    struct link_failure failure = {.provider = provider_now(call), .retry_at = retry_at};
    provider_verdict_set(&failure.verdict, RF_CLASS_LOCAL, code, message);
    link_failed(core, call, &failure, at);
}

void retry_decided(struct core *core, struct call *call, const struct rf_attempt *attempt,
                   struct moment at) {
    call_note(call, at, "retry", "again", "retry %lld, in %lld ms",
              (long long)call->policy.retry.retries, (long long)rf_duration_ms(call->waited));
    publish_retry(core, call, attempt, call->waited);
}

// What did not get out of here may fail for this gateway alone, and a single call is too few to
// find that out (breaker.failure_threshold): its next attempt is made by another one, once. Nothing
// was sent, so nothing is done twice, and it has no more retries than before.
bool retry_goes_elsewhere(const struct core *core, const struct call *call,
                          const struct rf_attempt *attempt) {
    return core->connected && attempt->status == 0 && !call->was_sent && !call->hedged &&
           !call->elsewhere && !call->anyway && call->failure_count == 0 && !call->retry_untold;
}

static void wait_for_retry(struct core *core, struct call *call, const struct rf_attempt *attempt,
                           struct rf_policy_decision decision, struct moment at) {
    struct rf_utc until = {0};
    const char *marked = mark_blocks(core, call, &until);
    if (marked != NULL) {
        link_refused(core, call, "marked", marked, until, at);
        return;
    }
    call->waited = decision.wait;
    call->retry_untold = call->policy.unpaid;
    if (!call->retry_untold)
        retry_decided(core, call, attempt, at);
    if (retry_goes_elsewhere(core, call, attempt))
        hand_back(core, call, at);
    else
        wait_for(core, call, decision.at, at);
}

// The time that waits here may use. A link's own retries come before the next link, as in Portkey
// (docs: features/fallbacks) and LiteLLM (docs: router_architecture), but one deadline bounds them
// together: a retry must leave the next link the time of an attempt (incident 41).
struct rf_duration time_for_link(const struct core *core, const struct call *call,
                                 struct moment at) {
    struct rf_duration left = rf_instant_since(call->deadline, at.now), next = {0};
    if (call->link + 1 < call->chain.count)
        next = core->settings[call->chain.links[call->link + 1]].config->timeout.attempt;
    else if (call_has_next(call))
        next = ATTEMPT_MIN;
    return rf_ns(rf_ns_sub(left.ns, next.ns));
}

static void too_late(struct core *core, struct call *call, const struct provider_verdict *verdict,
                     struct moment at) {
    struct link_failure failure = {.provider = provider_now(call), .verdict = *verdict};
    if (call_has_next(call)) { // not the call's deadline, but what the next link needs of it
        link_failed(core, call, &failure, at);
        return;
    }
    provider_verdict_set(&failure.verdict, RF_CLASS_LOCAL, "deadline_exceeded", verdict->message);
    link_failed(core, call, &failure, at);
}

// Whoever is asked to slow down does, and all others with the same key (incident 31). A place that
// is lacking is another matter; but of several keys the others are used meanwhile.
static void slow_down(struct core *core, struct call *call, const struct rf_policy_call *attempt,
                      const struct provider_verdict *verdict, struct rf_duration retry_after,
                      struct moment at) {
    bool several = keys_several(core, call);
    if (verdict->class != RF_CLASS_RATE_LIMITED || (verdict->place && !several))
        return;
    if (several && retry_after.ns <= 0)
        retry_after = config_of(core, call)->retry.initial_delay;
    if (!rf_policy_pause(policy_of(core, call), attempt, retry_after, at.now))
        return;
    shares_pause(core, provider_now(call), attempt->key);
    call_note(call, at, "rate_limit", "paused", "the provider asks for %lld ms",
              (long long)rf_duration_ms(retry_after));
}

// What the provider tells of its limit, be the reply good or not, holds back those that come.
static void follow_limit(struct core *core, struct call *call, const struct rf_policy_call *attempt,
                         const struct provider_reply *reply, struct moment at) {
    if (reply->tells && rf_policy_told(policy_of(core, call), attempt, &reply->limit, at.now))
        call_note(call, at, "rate_limit", "followed", "%lld remain, all of them in %lld ms",
                  (long long)reply->limit.remaining, (long long)rf_duration_ms(reply->limit.reset));
}

static struct rf_policy_decision decide(struct core *core, struct call *call,
                                        const struct provider_verdict *verdict,
                                        struct rf_duration retry_after, struct moment at) {
    struct rf_policy *policy = policy_of(core, call);
    if (verdict->no_retry && rf_class_retries(verdict->class) &&
        retry_after.ns <= policy->rules.retry.max_delay.ns)
        return (struct rf_policy_decision){.verdict = RF_POLICY_DONE,
                                           .reason = RF_POLICY_EXHAUSTED};
    return rf_policy_retry(policy, &call->policy, verdict->class, retry_after,
                           time_for_link(core, call, at), at.now);
}

// No retry: the link is done with, in one of these ways.
static void no_retry(struct core *core, struct call *call, const struct rf_attempt *attempt,
                     struct provider_verdict *verdict, struct rf_policy_decision decision,
                     struct moment at) {
    struct link_failure failure = {.provider = provider_now(call), .verdict = *verdict};
    const char *policy = decision.reason == RF_POLICY_NO_BUDGET ? "budget" : "retry";
    call_note(call, at, policy, "no", "%s", rf_policy_reason_name(decision.reason));
    switch (decision.reason) {
    case RF_POLICY_TOO_LATE:
        too_late(core, call, verdict, at);
        return;
    case RF_POLICY_TOO_LONG: // incident 14: nobody waits for days, and nobody else asks before
        verdict->mark_for = decision.wait;
        mark_begin(core, call, verdict, at);
        return;
    case RF_POLICY_NO_BUDGET: // an attempt that failed, as it is; the caller may come again then
        failure.no_retry = NO_BUDGET;
        failure.retry_at = rf_utc_add(at.utc, decision.wait);
        break;
    case RF_POLICY_EXHAUSTED:
        failure.exhausted = true;
        publish_exhausted(core, call, attempt);
        break;
    default:
        break;
    }
    link_failed(core, call, &failure, at);
}

static void attempt_failed(struct core *core, struct call *call, const struct rf_attempt *attempt,
                           struct provider_verdict *verdict, struct rf_duration retry_after,
                           struct moment at) {
    if (keys_go_on(core, call, verdict, retry_after, at))
        return;
    retry_after = keys_wait(core, call, verdict, retry_after, at);
    if (rf_class_marks(verdict->class) && !verdict->destination) {
        mark_begin(core, call, verdict, at);
        return;
    }
    struct rf_policy_decision decision = decide(core, call, verdict, retry_after, at);
    switch (decision.verdict) {
    case RF_POLICY_RETRY:
        call->crowded = verdict->place;
        wait_for_retry(core, call, attempt, decision, at);
        return;
    case RF_POLICY_DONE:
        no_retry(core, call, attempt, verdict, decision, at);
        return;
    default: // the breaker is open, or about to be
        obey(core, call, decision, at);
        return;
    }
}

static void record_attempt(struct core *core, struct call *call, const struct provider_reply *reply,
                           const struct provider_verdict *verdict, const char *rule,
                           struct rf_attempt *attempt) {
    char id[REQUEST_ID_SIZE];
    snprintf(id, sizeof id, "%s", reply->request_id != NULL ? reply->request_id : "");
    told_text(core, id, sizeof id);
    *attempt = (struct rf_attempt){
        .provider = rf_provider_name(provider_now(call)),
        .status = reply->status,
        .class = rf_class_name(verdict->class),
        .code = verdict->code[0] != '\0' ? verdict->code : NULL,
        .message = verdict->message[0] != '\0' ? verdict->message : NULL,
        .began = call->sending.began.utc.ns,
        .took_ns = reply->took.ns,
        .waited_ns = call->waited.ns,
        .request_id = reply->request_id != NULL ? id : NULL,
        .key = call->sending.key[0] != '\0' ? call->sending.key : NULL,
        .rule = rule[0] != '\0' ? rule : NULL,
    };
    (void)call_add_attempt(call, attempt);
    attempt->request_id = NULL; // its room ends here
    call->waited = rf_ns(0);
    if (reply->sent && reply->failure != RF_HTTP_NONE)
        call->was_sent = true;
}

static void report_outcome(struct core *core, struct call *call,
                           const struct rf_policy_call *attempt, enum rf_class c,
                           struct rf_duration took, const char *error_text) {
    if (call->permit[0] != '\0')
        permit_end(core, call, c, took, error_text);
    else if (c != RF_CLASS_LOCAL)
        core->effects->outcome(core->arg, provider_now(call), attempt->ticket.epoch, NULL, c, took,
                               attempt->ticket.slow_told, error_text);
}

// Its connection hung until its token was used: nothing was sent, and it waits for another one. If
// another attempt of the call has failed meanwhile, that is what became of the call.
static void held_back(struct core *core, struct call *call, struct hedge_failure *failed,
                      const char *message, struct moment at) {
    call_note(call, at, "rate_limit", "held_back", "%s", message);
    if (answer_given_up(core, call))
        return;
    if (failed != NULL && call->attempt_count > 0) {
        const struct rf_attempt attempt = call->attempts[call->attempt_count - 1];
        call->sending = failed->sending;
        place_give(core, call);
        attempt_failed(core, call, &attempt, &failed->verdict, failed->retry_after, at);
    } else if (core->draining) {
        hand_back(core, call, at);
    } else {
        try_link(core, call, at);
    }
}

// The call's last attempt has ended, and no other one runs.
static void call_ended(struct core *core, struct call *call, const struct provider_reply *reply,
                       const struct rf_attempt *attempt, const struct provider_result *result,
                       struct provider_verdict *verdict, bool good, struct moment at) {
    timed_remove(core, call);
    struct hedge_failure *failed = call->failed;
    call->failed = NULL;
    if (reply->failure == RF_HTTP_HELD_BACK) {
        held_back(core, call, failed, verdict->message, at);
    } else if (verdict->class ==
               RF_CLASS_LOCAL) { // too late: nothing was sent, so it is no attempt
        answer_local(core, call, verdict->code, "send_before is over: nothing was sent");
    } else if (good && result->more) {
        try_link(core, call, at); // the next page, in the same place
    } else if (good && result->audio != NULL) {
        audio_keep(core, call, result);
    } else if (good) {
        answer_ok(core, call, result->result);
    } else {
        place_give(core, call);
        attempt_failed(core, call, attempt, verdict, reply->retry_after, at);
    }
    free(failed);
}

static void note_class(struct call *call, const struct provider_reply *reply,
                       const struct provider_verdict *verdict, const char *rule, struct moment at) {
    call_note(call, at, "classify", rf_class_name(verdict->class), "status %ld%s%s%s%s%s%s",
              reply->status, verdict->code[0] != '\0' ? ", " : "", verdict->code,
              verdict->message[0] != '\0' ? ": " : "", verdict->message,
              rule[0] != '\0' ? "; by the rule: " : "", rule);
}

// `attempt`: what the policy has of it.
static void attempt_ended(struct core *core, struct call *call, struct rf_policy_call *attempt,
                          const struct provider_reply *reply, struct moment at) {
    enum rf_provider p = provider_now(call);
    const struct provider_settings *settings = &core->settings[p];
    struct provider_result result;
    struct provider_verdict verdict;
    struct rf_attempt told = {0};
    enum rf_hedge_verdict race;
    bool good = provider_judge(provider_of(p), settings, &call->job, reply, &result, &verdict);
    told_verdict(core, &verdict);
    if (!verdict.place)
        room_ended(core, p, at);
    report_outcome(core, call, attempt, verdict.class, reply->took, good ? NULL : verdict.message);
    rf_policy_settled(&core->policies[p], attempt, verdict.class, good && result.more, at.now);
    follow_limit(core, call, attempt, reply, at);
    slow_down(core, call, attempt, &verdict, reply->retry_after, at);
    race = hedge_judge(core, call, good, at);
    if (verdict.class != RF_CLASS_LOCAL) {
        record_attempt(core, call, reply, &verdict, result.rule, &told);
        note_class(call, reply, &verdict, result.rule, at);
        if (race == RF_HEDGE_WAIT)
            hedge_keep(call, &verdict, reply->retry_after);
    }
    hedge_settle(core, call, race, at);
    if (race != RF_HEDGE_WAIT)
        call_ended(core, call, reply, &told, &result, &verdict, good, at);
    json_decref(result.result);
    run_queues(core, at);
}

bool core_written(struct core *core, struct call *call, struct moment at) {
    return rf_policy_written(policy_of(core, call), &call->policy, at.now);
}

bool core_hedge_written(struct core *core, struct call *call, struct moment at) {
    return rf_policy_written(policy_of(core, call), &call->hedge->policy, at.now);
}

void core_replied(struct core *core, struct call *call, const struct provider_reply *reply,
                  struct moment at) {
    attempt_ended(core, call, &call->policy, reply, at);
}

void core_hedge_replied(struct core *core, struct call *call, const struct provider_reply *reply,
                        struct moment at) {
    hedge_reply_to_second(call);
    attempt_ended(core, call, &call->hedge->policy, reply, at);
}
