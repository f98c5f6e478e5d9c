// What all providers share.
#include "provider.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules.h"

static const struct provider *const providers[RF_PROVIDER_COUNT] = {
    [RF_PROVIDER_ELEVENLABS] = &provider_elevenlabs, [RF_PROVIDER_OPENAI] = &provider_openai,
    [RF_PROVIDER_ANTHROPIC] = &provider_anthropic,   [RF_PROVIDER_TWILIO] = &provider_twilio,
    [RF_PROVIDER_OPENAI_TTS] = &provider_openai_tts,
};

const struct provider *provider_of(enum rf_provider id) {
    assert((unsigned)id < RF_PROVIDER_COUNT);
    return providers[id];
}

bool provider_repeatable(enum gateway_operation operation) {
    return operation != GATEWAY_DIAL;
}

void provider_verdict_set(struct provider_verdict *verdict, enum rf_class c, const char *code,
                          const char *message) {
    verdict->class = c;
    snprintf(verdict->code, sizeof verdict->code, "%s", code != NULL ? code : "");
    snprintf(verdict->message, sizeof verdict->message, "%s", message != NULL ? message : "");
}

const char *provider_param(const struct provider_job *job, const char *name) {
    const char *text = json_string_value(json_object_get(job->params, name));
    return text != NULL && *text != '\0' ? text : NULL;
}

void provider_job_fini(struct provider_job *job) {
    json_decref(job->params);
    json_decref(job->gathered);
    free(job->next_page);
    *job = (struct provider_job){0};
}

void provider_request_fini(struct provider_request *request) {
    for (size_t i = 0; i < request->header_count; i++) {
        explicit_bzero(request->headers[i].value,
                       strlen(request->headers[i].value)); // may be a key
        free(request->headers[i].value);
    }
    free(request->url);
    free(request->body);
    *request = (struct provider_request){0};
}

enum rf_err provider_request_header(struct provider_request *request, const char *name,
                                    const char *prefix, const char *value) {
    assert(request->header_count < PROVIDER_MAX_HEADERS);
    char *text;
    if (asprintf(&text, "%s%s", prefix, value) < 0)
        return RF_ERR_NOMEM;
    request->headers[request->header_count].name = name;
    request->headers[request->header_count].value = text;
    request->header_count++;
    return RF_OK;
}

// The provider did the work, and we cannot read what it gave, or it failed in the middle, or
// nothing is known: whatever took effect must not be done twice. Only a request that was never
// written, or a reply that says by its code that nothing was done, may be repeated.
static void guard_effects(const struct provider_job *job, const struct provider_reply *reply,
                          struct provider_verdict *verdict) {
    if (provider_repeatable(job->operation) || !reply->sent)
        return;
    if (verdict->class == RF_CLASS_TRANSIENT)
        verdict->class = RF_CLASS_AMBIGUOUS;
}

bool provider_judge(const struct provider *provider, const struct provider_settings *settings,
                    struct provider_job *job, const struct provider_reply *reply,
                    struct provider_result *result, struct provider_verdict *verdict) {
    *verdict = (struct provider_verdict){0};
    *result = (struct provider_result){0};
    bool whole = reply->failure == RF_HTTP_NONE;
    if (whole && reply->status >= 200 && reply->status <= 299 &&
        provider->read(settings, job, reply, result, verdict))
        return true;
    if (!whole)
        rules_judge_failure(reply, verdict);
    else if (reply->status < 200 || reply->status > 299)
        provider->classify(job, reply, verdict);
    guard_effects(job, reply, verdict);
    // OpenAI's and Anthropic's servers may say so themselves; their clients obey (providers.md).
    verdict->no_retry =
        reply->should_retry != NULL && strcasecmp(reply->should_retry, "false") == 0;
    if (verdict->message[0] == '\0')
        snprintf(verdict->message, sizeof verdict->message, "status %ld without an explanation",
                 reply->status);
    return false;
}
