#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "note.h"

#define KEY_TOLD 8 // digits of a key's fingerprint that are told

static bool copy_text(char **to, const char *from) {
    *to = from != NULL ? strdup(from) : NULL;
    return from == NULL || *to != NULL;
}

static bool copy_start(char **to, const char *from, size_t size) {
    *to = from != NULL ? strndup(from, size) : NULL;
    return from == NULL || *to != NULL;
}

// The earlier of the absolute deadline and the time that was left when it was sent: neither a wrong
// clock nor a slow queue prolongs it.
static struct rf_instant deadline_of(const struct rf_call_request *request, struct moment at) {
    int64_t left = rf_ns_sub(request->deadline, at.utc.ns);
    if (request->remaining_ns > 0 && request->remaining_ns < left)
        left = request->remaining_ns;
    return rf_instant_add(at.now, rf_ns(left));
}

// As long before the deadline as was told: no clock that is set while the call waits, here or at
// the broker, lets a dial begin later.
static struct rf_instant send_until_of(const struct rf_call_request *request,
                                       struct rf_instant deadline) {
    if (request->send_before == 0)
        return (struct rf_instant){INT64_MAX};
    return rf_instant_add(deadline, rf_ns(rf_ns_sub(request->send_before, request->deadline)));
}

static bool copy_attempts(struct call *call, const struct rf_call_request *request) {
    for (size_t i = 0; i < request->attempts.count; i++)
        if (!call_add_attempt(call, &request->attempts.items[i]))
            return false;
    return true;
}

struct call *call_new(const struct rf_call_request *request, enum gateway_service service,
                      enum gateway_operation operation, const struct rf_config_chain *chain,
                      struct moment at) {
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return NULL;
    call->service = service;
    call->job.operation = operation;
    call->job.params = json_incref(request->params);
    call->deadline = deadline_of(request, at);
    call->send_before = (struct rf_utc){request->send_before};
    call->send_until = send_until_of(request, call->deadline);
    call->chain = *chain;
    call->credit = true;
    call->explain = request->explain;
    call->retries = request->retries;
    call->anyway = request->anyway;
    call->elsewhere = request->attempts.count > 0;
    if (!copy_text(&call->id, request->id) || !copy_text(&call->campaign, request->campaign) ||
        !copy_text(&call->contact, request->contact) || !copy_text(&call->trace, request->trace) ||
        !copy_attempts(call, request)) {
        call_free(call);
        return NULL;
    }
    call->job.id = call->id;
    return call;
}

static void attempt_fini(struct rf_attempt *attempt) {
    free((char *)attempt->provider);
    free((char *)attempt->class);
    free((char *)attempt->code);
    free((char *)attempt->message);
    free((char *)attempt->request_id);
    free((char *)attempt->rule);
    free((char *)attempt->key);
}

void call_free(struct call *call) {
    if (call == NULL)
        return;
    for (size_t i = 0; i < call->attempt_count; i++)
        attempt_fini(&call->attempts[i]);
    free(call->attempts);
    call_notes_free(call);
    free(call->failures);
    free(call->mark);
    free(call->hedge);
    free(call->failed);
    json_decref(call->stored);
    provider_job_fini(&call->job);
    free(call->id);
    free(call->campaign);
    free(call->contact);
    free(call->trace);
    free(call);
}

bool call_add_attempt(struct call *call, const struct rf_attempt *attempt) {
    struct rf_attempt *grown =
        realloc(call->attempts, (call->attempt_count + 1) * sizeof *call->attempts);
    if (grown == NULL)
        return false;
    call->attempts = grown;
    struct rf_attempt copy = *attempt;
    copy.provider = copy.class = copy.code = copy.message = copy.request_id = NULL;
    copy.rule = copy.key = NULL;
    if (!copy_text((char **)&copy.provider, attempt->provider) ||
        !copy_text((char **)&copy.class, attempt->class) ||
        !copy_text((char **)&copy.code, attempt->code) ||
        !copy_text((char **)&copy.message, attempt->message) ||
        !copy_text((char **)&copy.request_id, attempt->request_id) ||
        !copy_text((char **)&copy.rule, attempt->rule) ||
        !copy_start((char **)&copy.key, attempt->key, KEY_TOLD)) {
        attempt_fini(&copy);
        return false;
    }
    call->attempts[call->attempt_count++] = copy;
    return true;
}

bool call_add_failure(struct call *call, const struct link_failure *failure) {
    struct link_failure *grown =
        realloc(call->failures, (call->failure_count + 1) * sizeof *call->failures);
    if (grown == NULL)
        return false;
    call->failures = grown;
    call->failures[call->failure_count++] = *failure;
    return true;
}

bool call_repeatable(const struct call *call) {
    return provider_repeatable(call->job.operation);
}

bool call_is_local(const struct call *call) {
    return call->link == call->chain.count;
}

bool call_has_next(const struct call *call) {
    return call->link + 1 < call->chain.count ||
           (!call_is_local(call) && call->chain.local != RF_LOCAL_NONE);
}

const char *link_name(const struct call *call) {
    return call_is_local(call) ? rf_local_name(call->chain.local)
                               : rf_provider_name(provider_now(call));
}

enum rf_provider provider_now(const struct call *call) {
    return call->chain.links[call->link];
}
