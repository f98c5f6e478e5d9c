// The one answer of a call, its hand-back, and the events that tell of its retries.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define MESSAGE_SIZE (2 * PROVIDER_MESSAGE_SIZE + 16)

static void send_answer(struct core *core, struct call *call, struct rf_call_reply *reply) {
    reply->id = call->id;
    reply->attempts.items = call->attempts;
    reply->attempts.count = call->attempt_count;
    reply->decisions.items = call->decisions;
    reply->decisions.count = call->decision_count;
    core->effects->reply(core->arg, reply);
    core_remove(core, call);
}

void answer_ok(struct core *core, struct call *call, json_t *result) {
    struct rf_call_reply reply = {.ok = true,
                                  .class = rf_class_name(RF_CLASS_OK),
                                  .provider = link_name(call),
                                  .sent = call->attempt_count > 0 ? "yes" : "no",
                                  .result = result};
    if (call->link > 0)
        publish_fallback(core, call);
    send_answer(core, call, &reply);
}

// Which link's failure is the call's? What made a mark first, as its contact is the one to be told
// of; then retries that were used up; then a refusal of ours, as a provider that is only
// unavailable now may still serve the call later; then the last one.
static int weight(const struct link_failure *failure) {
    if (failure->verdict.class == RF_CLASS_AMBIGUOUS)
        return 4;
    if (failure->mark_made)
        return 3;
    if (failure->exhausted)
        return 2;
    return failure->verdict.class == RF_CLASS_LOCAL ? 1 : 0;
}

static const struct link_failure *decisive(const struct call *call) {
    const struct link_failure *chosen = &call->failures[0];
    for (size_t i = 1; i < call->failure_count; i++)
        if (weight(&call->failures[i]) >= weight(chosen))
            chosen = &call->failures[i];
    return chosen;
}

// When the first of the refusing links may serve again; 0 if one of them does not say.
static int64_t retry_at(const struct call *call) {
    int64_t soonest = 0;
    for (size_t i = 0; i < call->failure_count; i++) {
        int64_t at = call->failures[i].retry_at.ns;
        if (at != 0 && (soonest == 0 || at < soonest))
            soonest = at;
    }
    return soonest;
}

// An attempt without a status never reached its provider, or was_sent says so.
static const char *sent_of(const struct call *call, enum rf_class c) {
    if (c == RF_CLASS_AMBIGUOUS || call->was_sent)
        return "maybe";
    for (size_t i = 0; i < call->attempt_count && c != RF_CLASS_LOCAL; i++)
        if (call->attempts[i].status != 0)
            return "yes";
    return "no";
}

// The words of the last attempt, which say more than "the breaker is open" (incident 13).
static const char *last_words(const struct call *call) {
    return call->attempt_count > 0 ? call->attempts[call->attempt_count - 1].message : NULL;
}

static void local_message(const struct call *call, const char *what, char *out, size_t size) {
    const char *words = last_words(call);
    if (words != NULL && strcmp(words, what) != 0)
        snprintf(out, size, "%s; last reply: %s", what, words);
    else
        snprintf(out, size, "%s", what);
}

void answer_failed(struct core *core, struct call *call) {
    if (call->failure_count == 0) { // as it should be known
        answer_local(core, call, "overloaded", "out of memory");
        return;
    }
    const struct link_failure *failure = decisive(call);
    enum rf_class c = failure->verdict.class;
    char message[MESSAGE_SIZE];
    snprintf(message, sizeof message, "%s%s%s", failure->verdict.message,
             failure->no_retry != NULL ? "; not repeated: " : "",
             failure->no_retry != NULL ? failure->no_retry : "");
    if (c == RF_CLASS_LOCAL)
        local_message(call, failure->verdict.message, message, sizeof message);
    told_text(core, message, sizeof message);
    struct rf_call_reply reply = {
        .class = rf_class_name(c),
        .code = failure->verdict.code[0] != '\0' ? failure->verdict.code : NULL,
        .message = message,
        .provider = failure->local != RF_LOCAL_NONE ? rf_local_name(failure->local)
                                                    : rf_provider_name(failure->provider),
        .sent = sent_of(call, c),
        .mark_made = failure->mark_made,
        .destination = failure->verdict.destination,
        .exhausted = failure->exhausted,
        .retry_at = retry_at(call),
    };
    send_answer(core, call, &reply);
}

void answer_local(struct core *core, struct call *call, const char *code, const char *message) {
    char words[MESSAGE_SIZE];
    permit_end(core, call, RF_CLASS_LOCAL, rf_ns(0), NULL);
    local_message(call, message, words, sizeof words);
    told_text(core, words, sizeof words);
    struct rf_call_reply reply = {
        .class = rf_class_name(RF_CLASS_LOCAL),
        .code = code,
        .message = words,
        .provider = link_name(call),
        .sent = sent_of(call, RF_CLASS_LOCAL),
    };
    send_answer(core, call, &reply);
}

void answer_request(struct core *core, const struct rf_call_request *request, enum rf_class c,
                    const char *code, const char *message) {
    char words[MESSAGE_SIZE];
    snprintf(words, sizeof words, "%s", message);
    told_text(core, words, sizeof words);
    struct rf_call_reply reply = {
        .id = request->id, .class = rf_class_name(c), .code = code, .message = words, .sent = "no"};
    core->effects->reply(core->arg, &reply);
    enum gateway_service service;
    if (gateway_service_parse(request->service, &service))
        core->effects->release(core->arg, service, core->waiting[service]);
}

bool answer_given_up(struct core *core, struct call *call) {
    if (!call->cancelled && !call->lost)
        return false;
    if (call->cancelled)
        answer_local(core, call, "cancelled", "the caller cancelled it");
    else
        answer_local(core, call, "worker_lost", "the broker was lost before the dial began");
    return true;
}

void hand_back(struct core *core, struct call *call, struct moment at) {
    // Only a retry has its time; whatever else it waits for may be at hand elsewhere.
    int64_t wait = rf_ns_sub(call->policy.due.ns, at.now.ns);
    struct rf_worker_handback handback = {
        .id = call->id,
        .attempts = {.items = call->attempts, .count = call->attempt_count},
        .retries = call->policy.begun ? call->policy.retry.retries : call->retries,
        .next_attempt = wait > 0 ? at.utc.ns + wait : 0,
    };
    core->effects->handback(core->arg, &handback);
    // Whoever makes the retry takes it as paid for. A call that was not sent has none, and costs
    // nothing; nor does one whose retry another gateway has paid for.
    if (call->policy.begun)
        rf_policy_spend(policy_of(core, call), &call->policy, at.now);
    core_remove(core, call);
}

// `call` NULL: the event is about nobody's call.
static void publish(struct core *core, const struct call *call, enum rf_event_type type,
                    const char *subject, json_t *data) {
    if (data == NULL)
        return; // out of memory: the reply tells the same
    if (call != NULL)
        (void)json_object_set_new(data, "call", json_string(call->id));
    struct rf_event event = {
        .type = rf_event_type_name(type),
        .severity = rf_event_severity(type),
        .subject = subject,
        .service = subject,
        .data = told_data(core, data),
    };
    if (call != NULL) {
        event.campaign = call->campaign;
        event.contact = call->contact;
        event.trace = call->trace;
    }
    if (event.data != NULL)
        core->effects->publish(core->arg, &event);
    json_decref(event.data);
    json_decref(data);
}

void publish_of(struct core *core, enum rf_event_type type, enum rf_provider p, json_t *data) {
    publish(core, NULL, type, rf_provider_name(p), data);
}

static void publish_attempt(struct core *core, const struct call *call, enum rf_event_type type,
                            const struct rf_attempt *attempt, json_t *data) {
    if (data == NULL)
        return;
    (void)json_object_set_new(data, "class", json_string(attempt->class));
    (void)json_object_set_new(data, "status", json_integer(attempt->status));
    (void)json_object_set_new(data, "message",
                              json_string(attempt->message != NULL ? attempt->message : ""));
    publish(core, call, type, attempt->provider, data);
}

void publish_retry(struct core *core, const struct call *call, const struct rf_attempt *attempt,
                   struct rf_duration wait) {
    publish_attempt(core, call, RF_EVENT_RETRY_SCHEDULED, attempt,
                    json_pack("{s:I, s:I}", "attempt", (json_int_t)call->policy.retry.retries,
                              "wait_ns", (json_int_t)wait.ns));
}

void publish_exhausted(struct core *core, const struct call *call,
                       const struct rf_attempt *attempt) {
    publish_attempt(core, call, RF_EVENT_RETRY_EXHAUSTED, attempt,
                    json_pack("{s:I}", "attempts", (json_int_t)call->attempt_count));
}

// Why the first link did not serve; of a call that another gateway handed back nobody knows it.
void publish_fallback(struct core *core, const struct call *call) {
    const struct link_failure *first = call->failure_count > 0 ? &call->failures[0] : NULL;
    const char *code = first != NULL ? first->verdict.code : "";
    const char *message = first != NULL ? first->verdict.message : "";
    publish(core, call, RF_EVENT_FALLBACK_USED, link_name(call),
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "service", gateway_service_name(call->service),
                      "instead_of", rf_provider_name(call->chain.links[0]), "class",
                      first != NULL ? rf_class_name(first->verdict.class) : "", "code", code,
                      "message", message));
}
