// Anthropic messages: providers.md, section 3.
#include <stdlib.h>
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
    enum rf_err err = provider_request_post(request, config->base_url, "/v1/messages", &body);
    if (err == RF_OK)
        err = provider_request_header(request, "X-Api-Key", "", settings->key.value);
    if (err == RF_OK)
        err = provider_request_header(request, "anthropic-version", "", "2023-06-01");
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "write: out of memory");
}

// The text blocks of content[], joined. A new string that the caller frees; NULL if out of memory.
static char *joined_text(const struct rf_value *content) {
    struct rf_text text = {0};
    for (const struct rf_value *block = rf_value_first(content); block != NULL;
         block = rf_value_next(content, block)) {
        const char *part = rf_value_text(rf_value_get(block, "text"));
        if (part != NULL)
            rf_text_add_bytes(&text, part, strlen(part));
    }
    return rf_text_take(&text);
}

static bool read_message(const struct provider_settings *settings, const struct rf_value *body,
                         struct provider_result *result, struct provider_verdict *verdict) {
    const struct rf_value *content = rf_value_get(body, "content");
    const struct rf_value *reason = rf_value_get(body, "stop_reason");
    const char *stop = rf_value_text(reason);
    if (rf_value_type(content) != RF_VALUE_ARRAY) {
        provider_found(verdict, "unreadable", "no content[] in it");
        return false;
    }
    if (rf_value_type(reason) == RF_VALUE_NULL) {
        provider_found(verdict, "incomplete", "stop_reason is null: it was still being written");
        return false;
    }
    if (stop != NULL && (strcmp(stop, "max_tokens") == 0 || strcmp(stop, "refusal") == 0)) {
        provider_found(verdict, stop, "the text is cut off or refused, so it cannot be used");
        return false;
    }
    char *text = joined_text(content);
    bool good =
        script_result(text, RF_PROVIDER_ANTHROPIC, settings->config->model, result, verdict);
    free(text);
    return good;
}

static bool read_text(const struct provider_settings *settings, struct provider_job *job,
                      const struct provider_reply *reply, struct provider_result *result,
                      struct provider_verdict *verdict) {
    (void)job;
    if (!script_is_map(reply, verdict))
        return false;
    const char *type = rf_value_text(rf_value_get(reply->json, "type"));
    if (type != NULL && strcmp(type, "error") == 0)
        return false; // an error after the status line: its own code tells
    return read_message(settings, reply->json, result, verdict);
}

const struct provider provider_anthropic = {
    .id = RF_PROVIDER_ANTHROPIC,
    .service = GATEWAY_SCRIPT,
    .build = build,
    .read = read_text,
};
