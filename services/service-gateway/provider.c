// What all providers share.
#include "provider.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "rules/rules.h"

static const struct provider *const providers[RF_PROVIDER_COUNT] = {
    [RF_PROVIDER_ELEVENLABS] = &provider_elevenlabs, [RF_PROVIDER_OPENAI] = &provider_openai,
    [RF_PROVIDER_ANTHROPIC] = &provider_anthropic,   [RF_PROVIDER_TWILIO] = &provider_twilio,
    [RF_PROVIDER_OPENAI_TTS] = &provider_openai_tts,
};

const struct provider *provider_of(enum rf_provider id) {
    assert((unsigned)id < RF_PROVIDER_COUNT);
    return providers[id];
}

size_t provider_key_count(const struct provider_settings *settings) {
    return settings->key.value != NULL ? 1 + settings->more_count : 0;
}

const struct rf_secret *provider_key(const struct provider_settings *settings, size_t index) {
    return index == 0 ? &settings->key : &settings->more[index - 1];
}

bool provider_repeatable(enum gateway_operation operation) {
    return operation != GATEWAY_DIAL;
}

const char *provider_operation_name(enum gateway_operation operation) {
    static const char *const names[] = {
        [GATEWAY_SPEAK] = "speak",
        [GATEWAY_WRITE] = "write",
        [GATEWAY_DIAL] = "dial",
        [GATEWAY_FIND_CALL] = "find_call",
        [GATEWAY_CALL_STATUS] = "call_status",
    };
    return names[operation];
}

static void set_text(char *out, size_t size, const char *text) {
    text = text != NULL ? text : "";
    rf_utf8_mend(text, strlen(text), out, size);
}

void provider_verdict_set(struct provider_verdict *verdict, enum rf_class c, const char *code,
                          const char *message) {
    verdict->class = c;
    set_text(verdict->code, sizeof verdict->code, code);
    set_text(verdict->message, sizeof verdict->message, message);
}

void provider_found(struct provider_verdict *verdict, const char *failure, const char *message) {
    assert(rf_failure_of_body(failure));
    provider_verdict_set(verdict, RF_CLASS_OK, failure, message);
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

// A new string that the caller frees; NULL if out of memory.
static char *joined(const char *first, const char *second) {
    size_t more = strlen(second) + 1;
    char *text = malloc(strlen(first) + more);
    if (text != NULL)
        memcpy(stpcpy(text, first), second, more);
    return text;
}

enum rf_err provider_request_header(struct provider_request *request, const char *name,
                                    const char *prefix, const char *value) {
    assert(request->header_count < PROVIDER_MAX_HEADERS);
    char *text = joined(prefix, value);
    if (text == NULL)
        return RF_ERR_NOMEM;
    request->headers[request->header_count].name = name;
    request->headers[request->header_count].value = text;
    request->header_count++;
    return RF_OK;
}

enum rf_err provider_request_post(struct provider_request *request, const char *base_url,
                                  const char *path, struct rf_text *body) {
    request->method = "POST";
    request->url = joined(base_url, path);
    request->body = rf_text_take(body);
    if (request->url == NULL || request->body == NULL)
        return RF_ERR_NOMEM;
    return provider_request_header(request, "Content-Type", "", "application/json");
}
