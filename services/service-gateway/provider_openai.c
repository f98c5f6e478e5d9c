// OpenAI chat completions, and how OpenAI says that something failed: providers.md, section 2.
#include <stdio.h>
#include <string.h>

#include "openai.h"
#include "provider.h"
#include "rules.h"
#include "script.h"

// Sources: [D] help.openai.com 5955604, developers.openai.com/docs/guides/error-codes; [T]
// Microsoft's dev-proxy samples and developersdigest.tech, as quoted in providers.md.
static const struct rule rules[] = {
    {0, "insufficient_quota", NULL, RF_CLASS_PERMANENT_QUOTA, 0},       // [D] 5955604; incident 13
    {0, "credit_balance_exhausted", NULL, RF_CLASS_PERMANENT_QUOTA, 0}, // [D] 5955604
    {0, "organization_spend_limit_exceeded", NULL, RF_CLASS_PERMANENT_QUOTA, 0}, // [D] 5955604
    {0, "project_spend_limit_exceeded", NULL, RF_CLASS_PERMANENT_QUOTA, 0},      // [D] 5955604
    {0, "organization_usage_limit_exceeded", NULL, RF_CLASS_PERMANENT_QUOTA, 0}, // [D] 5955604
    {0, "slow_down", NULL, RF_CLASS_RATE_LIMITED, 0},             // [T] 429, and the older 503
    {429, "rate_limit_exceeded", NULL, RF_CLASS_RATE_LIMITED, 0}, // [T] dev-proxy
    {503, NULL, NULL, RF_CLASS_TRANSIENT, 0},                     // [T] server_is_overloaded
    {403, "unsupported_country_region_territory", NULL, RF_CLASS_PERMANENT_CONFIG,
     0}, // [D] error-codes
    {404, "model_not_found", NULL, RF_CLASS_PERMANENT_CONFIG,
     0}, // our model is not theirs: fix config
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
    enum rf_err err = script_request(request, config->base_url, "/v1/chat/completions", body);
    if (err == RF_OK)
        err = provider_request_header(request, "Authorization", "Bearer ", settings->key.value);
    json_decref(body);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "write: out of memory");
}

static bool read_text(const struct provider_settings *settings, struct provider_job *job,
                      const struct provider_reply *reply, struct provider_result *result,
                      struct provider_verdict *verdict) {
    (void)job;
    json_t *body = script_body(reply, verdict);
    if (body == NULL)
        return false;
    json_t *choice = json_array_get(json_object_get(body, "choices"), 0);
    json_t *message = json_object_get(choice, "message");
    const char *text = json_string_value(json_object_get(message, "content"));
    const char *finish = json_string_value(json_object_get(choice, "finish_reason"));
    const char *refusal = json_string_value(json_object_get(message, "refusal"));
    bool good = false;
    if (!json_is_object(message))
        provider_verdict_set(verdict, RF_CLASS_TRANSIENT, "unreadable",
                             "no choices[0].message in it");
    else if (finish != NULL &&
             (strcmp(finish, "length") == 0 || strcmp(finish, "content_filter") == 0))
        provider_verdict_set(verdict, RF_CLASS_PERMANENT_INVALID, finish,
                             "the text is cut off or filtered, so it cannot be used");
    else if (refusal != NULL && *refusal != '\0')
        provider_verdict_set(verdict, RF_CLASS_PERMANENT_INVALID, "refusal", refusal);
    else
        good = script_result(text, RF_PROVIDER_OPENAI, settings->config->model, result, verdict);
    json_decref(body);
    return good;
}

// {"error": {"message", "type", "param", "code"}}
void openai_classify(const struct provider_job *job, const struct provider_reply *reply,
                     struct provider_verdict *verdict) {
    (void)job;
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    json_t *error = json_object_get(body, "error");
    struct rule_facts facts = {
        .status = reply->status,
        .codes = {json_string_value(json_object_get(error, "code")),
                  json_string_value(json_object_get(error, "type"))},
        .message = json_string_value(json_object_get(error, "message")),
    };
    rules_judge(rules, sizeof rules / sizeof *rules, &facts, verdict);
    json_decref(body);
}

const struct provider provider_openai = {
    .id = RF_PROVIDER_OPENAI,
    .service = GATEWAY_SCRIPT,
    .build = build,
    .read = read_text,
    .classify = openai_classify,
};
