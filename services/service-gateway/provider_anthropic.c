// Anthropic messages: providers.md, section 3.
#include <stdlib.h>
#include <string.h>

#include "provider.h"
#include "rules.h"
#include "script.h"

// Sources: [D] docs.claude.com/en/api/errors; [S] anthropic-sdk-python error_type.py; [T] as quoted
// in providers.md. Two quota errors come as invalid_request_error, and only their message tells.
static const struct rule rules[] = {
    {0, "invalid_request_error", "credit balance is too low", RF_CLASS_PERMANENT_QUOTA,
     0}, // [T] claude-code#4207
    {0, "invalid_request_error", "you have reached your specified", RF_CLASS_PERMANENT_QUOTA,
     0}, // [T]
    {0, "enforced_spend_limit_reached", NULL, RF_CLASS_PERMANENT_QUOTA,
     0},                                                           // [T] 429 without Retry-After
    {0, "billing_error", NULL, RF_CLASS_PERMANENT_QUOTA, 0},       // [S] 402
    {0, "authentication_error", NULL, RF_CLASS_PERMANENT_AUTH, 0}, // [D] 401
    {0, "permission_error", NULL, RF_CLASS_PERMANENT_AUTH, 0},     // [D] 403
    {0, "not_found_error", NULL, RF_CLASS_PERMANENT_CONFIG, 0}, // [D] 404: the model, as configured
    {0, "request_too_large", NULL, RF_CLASS_PERMANENT_INVALID, 0},     // [D] 413
    {0, "invalid_request_error", NULL, RF_CLASS_PERMANENT_INVALID, 0}, // [D] 400 and unlisted 4xx
    {0, "conflict_error", NULL, RF_CLASS_TRANSIENT, 0},                // [T] 409; [S] retries it
    {0, "rate_limit_error", NULL, RF_CLASS_RATE_LIMITED, 0},           // [D] 429
    {0, "api_error", NULL, RF_CLASS_TRANSIENT, 0},                     // [D] 500
    {0, "timeout_error", NULL, RF_CLASS_TRANSIENT, 0},                 // [S] 504
    {0, "overloaded_error", NULL, RF_CLASS_TRANSIENT, 0},              // [D] 529
};

static enum rf_err build(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error) {
    const struct rf_config_provider *config = settings->config;
    const char *prompt = provider_param(job, "prompt");
    if (prompt == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "write: params.prompt: a text expected");
    json_t *body =
        json_pack("{s:s, s:I, s:[{s:s, s:s}]}", "model", config->model, "max_tokens",
                  (json_int_t)config->max_tokens, "messages", "role", "user", "content", prompt);
    enum rf_err err = script_request(request, config->base_url, "/v1/messages", body);
    if (err == RF_OK)
        err = provider_request_header(request, "X-Api-Key", "", settings->key.value);
    if (err == RF_OK)
        err = provider_request_header(request, "anthropic-version", "", "2023-06-01");
    json_decref(body);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "write: out of memory");
}

// {"type": "error", "error": {"type", "message", "details": {"error_code"}}, "request_id"}
static void judge_error(json_t *body, long status, struct provider_verdict *verdict) {
    json_t *error = json_object_get(body, "error");
    json_t *details = json_object_get(error, "details");
    struct rule_facts facts = {
        .status = status,
        .codes = {json_string_value(json_object_get(details, "error_code")),
                  json_string_value(json_object_get(error, "type"))},
        .message = json_string_value(json_object_get(error, "message")),
    };
    rules_judge(rules, sizeof rules / sizeof *rules, &facts, verdict);
}

// The text blocks of content[], joined. A new string that the caller frees; NULL if out of memory.
static char *joined_text(json_t *content) {
    size_t size = 1, i;
    json_t *block;
    json_array_foreach(content, i, block) size +=
        json_string_length(json_object_get(block, "text"));
    char *text = malloc(size), *end = text;
    if (text == NULL)
        return NULL;
    json_array_foreach(content, i, block) {
        json_t *part = json_object_get(block, "text");
        if (json_is_string(part)) {
            memcpy(end, json_string_value(part), json_string_length(part));
            end += json_string_length(part);
        }
    }
    *end = '\0';
    return text;
}

static bool read_message(const struct provider_settings *settings, json_t *body,
                         struct provider_result *result, struct provider_verdict *verdict) {
    const char *stop = json_string_value(json_object_get(body, "stop_reason"));
    if (!json_is_array(json_object_get(body, "content"))) {
        provider_verdict_set(verdict, RF_CLASS_TRANSIENT, "unreadable", "no content[] in it");
        return false;
    }
    if (stop != NULL && (strcmp(stop, "max_tokens") == 0 || strcmp(stop, "refusal") == 0)) {
        provider_verdict_set(verdict, RF_CLASS_PERMANENT_INVALID, stop,
                             "the text is cut off or refused, so it cannot be used");
        return false;
    }
    char *text = joined_text(json_object_get(body, "content"));
    bool good =
        script_result(text, RF_PROVIDER_ANTHROPIC, settings->config->model, result, verdict);
    free(text);
    return good;
}

static bool read_text(const struct provider_settings *settings, struct provider_job *job,
                      const struct provider_reply *reply, struct provider_result *result,
                      struct provider_verdict *verdict) {
    (void)job;
    json_t *body = script_body(reply, verdict);
    if (body == NULL)
        return false;
    const char *type = json_string_value(json_object_get(body, "type"));
    bool good = false;
    if (type != NULL && strcmp(type, "error") == 0) // an error after the status line
        judge_error(body, reply->status, verdict);
    else
        good = read_message(settings, body, result, verdict);
    json_decref(body);
    return good;
}

static void classify(const struct provider_job *job, const struct provider_reply *reply,
                     struct provider_verdict *verdict) {
    (void)job;
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    judge_error(body, reply->status, verdict);
    json_decref(body);
}

const struct provider provider_anthropic = {
    .id = RF_PROVIDER_ANTHROPIC,
    .service = GATEWAY_SCRIPT,
    .build = build,
    .read = read_text,
    .classify = classify,
};
