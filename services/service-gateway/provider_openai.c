// OpenAI chat completions: providers.md, section 2.
#include <stdio.h>
#include <string.h>

#include "provider.h"
#include "script.h"

static enum rf_err build(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error) {
    const struct rf_config_provider *config = settings->config;
    const char *prompt = provider_param(job, "prompt");
    if (prompt == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "write: params.prompt: a text expected");
    struct rf_text body = {0};
    script_request(&body, config, prompt);
    enum rf_err err =
        provider_request_post(request, config->base_url, "/v1/chat/completions", &body);
    if (err == RF_OK)
        err = provider_request_header(request, "Authorization", "Bearer ", settings->key.value);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "write: out of memory");
}

static bool read_text(const struct provider_settings *settings, struct provider_job *job,
                      const struct provider_reply *reply, struct provider_result *result,
                      struct provider_verdict *verdict) {
    (void)job;
    const struct rf_value *body = reply->json;
    if (!script_is_map(reply, verdict))
        return false;
    const struct rf_value *choice = rf_value_first(rf_value_get(body, "choices"));
    const struct rf_value *message = rf_value_get(choice, "message");
    const struct rf_value *reason = rf_value_get(choice, "finish_reason");
    const char *text = rf_value_text(rf_value_get(message, "content"));
    const char *finish = rf_value_text(reason);
    const char *refusal = rf_value_text(rf_value_get(message, "refusal"));
    bool good = false;
    if (rf_value_type(message) != RF_VALUE_MAP)
        provider_found(verdict, "unreadable", "no choices[0].message in it");
    else if (rf_value_type(reason) == RF_VALUE_NULL)
        provider_found(verdict, "incomplete", "finish_reason is null: it was still being written");
    else if (finish != NULL &&
             (strcmp(finish, "length") == 0 || strcmp(finish, "content_filter") == 0))
        provider_found(verdict, finish, "the text is cut off or filtered, so it cannot be used");
    else if (refusal != NULL && *refusal != '\0')
        provider_found(verdict, "refusal", refusal);
    else
        good = script_result(text, RF_PROVIDER_OPENAI, settings->config->model, result, verdict);
    return good;
}

const struct provider provider_openai = {
    .id = RF_PROVIDER_OPENAI,
    .service = GATEWAY_SCRIPT,
    .build = build,
    .read = read_text,
};
