// ElevenLabs text-to-speech: providers.md, section 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "form.h"
#include "provider.h"
#include "rules.h"
#include "sound.h"

// Sources: [D] elevenlabs.io/docs/eleven-api/resources/errors, help.elevenlabs.io 19572237925521
// and 19571824571921; others named at the row.
static const struct rule rules[] = {
    {0, "quota_exceeded", NULL, RF_CLASS_PERMANENT_QUOTA, 0}, // [D] errors page, 400 or 401
    {0, "payment_required", NULL, RF_CLASS_PERMANENT_QUOTA,
     0}, // 401 or 402: livekit agents-js #2399
    {0, "voice_not_found", NULL, RF_CLASS_PERMANENT_CONFIG,
     0},                                                      // [D] help 19572237925521: fix config
    {0, "invalid_api_key", NULL, RF_CLASS_PERMANENT_AUTH, 0}, // [D] errors page
    {401, "detected_unusual_activity", NULL, RF_CLASS_PERMANENT_AUTH, 0}, // [T] n8n-io/n8n#17252
    {0, "max_character_limit_exceeded", NULL, RF_CLASS_PERMANENT_INVALID,
     0},                                                                // [D] help 19572237925521
    {0, "invalid_parameters", NULL, RF_CLASS_PERMANENT_INVALID, 0},     // [D] errors page
    {0, "validation_error", NULL, RF_CLASS_PERMANENT_INVALID, 0},       // [D] errors page
    {429, "concurrent_limit_exceeded", NULL, RF_CLASS_RATE_LIMITED, 0}, // [D] errors page
    {429, "too_many_concurrent_requests", NULL, RF_CLASS_RATE_LIMITED, 0}, // [D] its older name
    {429, "rate_limit_exceeded", NULL, RF_CLASS_RATE_LIMITED, 0},          // [D] errors page
    {429, "system_busy", NULL, RF_CLASS_TRANSIENT, 0}, // [D] help 19571824571921: overloaded
};

static enum rf_err build(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error) {
    const struct rf_config_provider *config = settings->config;
    const char *text = provider_param(job, "text");
    if (text == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "speak: params.text: a text expected");
    char *voice = form_escape(config->voice), *format = form_escape(config->output_format);
    json_t *body = json_pack("{s:s, s:s}", "text", text, "model_id", config->model);
    enum rf_err err = RF_ERR_NOMEM;
    request->method = "POST";
    if (voice == NULL || format == NULL || body == NULL)
        goto cleanup;
    if (asprintf(&request->url, "%s/v1/text-to-speech/%s?output_format=%s", config->base_url, voice,
                 format) < 0) {
        request->url = NULL;
        goto cleanup;
    }
    request->body = json_dumps(body, JSON_COMPACT);
    if (request->body == NULL)
        goto cleanup;
    err = provider_request_header(request, "xi-api-key", "", settings->key.value);
    if (err == RF_OK)
        err = provider_request_header(request, "Content-Type", "", "application/json");
cleanup:
    free(voice);
    free(format);
    json_decref(body);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "speak: out of memory");
}

// "mp3_22050_32" is mp3.
static void format_suffix(const char *output_format, char suffix[9]) {
    size_t size = strcspn(output_format, "_");
    snprintf(suffix, 9, "%.*s", (int)(size < 8 ? size : 8), output_format);
}

static bool read_audio(const struct provider_settings *settings, struct provider_job *job,
                       const struct provider_reply *reply, struct provider_result *result,
                       struct provider_verdict *verdict) {
    (void)job;
    char suffix[9];
    format_suffix(settings->config->output_format, suffix);
    return sound_result(reply, suffix, result, verdict);
}

// {"detail": {"code", "status" (older), "type", "message"}}, or an array for a validation error.
static void classify(const struct provider_job *job, const struct provider_reply *reply,
                     struct provider_verdict *verdict) {
    (void)job;
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    json_t *detail = json_object_get(body, "detail");
    struct rule_facts facts = {
        .status = reply->status,
        .codes = {json_string_value(json_object_get(detail, "code")),
                  json_string_value(json_object_get(detail, "status")),
                  json_string_value(json_object_get(detail, "type"))},
        .message = json_string_value(json_object_get(detail, "message")),
    };
    if (json_is_string(detail))
        facts.message = json_string_value(detail);
    if (json_is_array(detail))
        facts.message = json_string_value(json_object_get(json_array_get(detail, 0), "msg"));
    rules_judge(rules, sizeof rules / sizeof *rules, &facts, verdict);
    json_decref(body);
}

const struct provider provider_elevenlabs = {
    .id = RF_PROVIDER_ELEVENLABS,
    .service = GATEWAY_SPEECH,
    .build = build,
    .read = read_audio,
    .classify = classify,
};
