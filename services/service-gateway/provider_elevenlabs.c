// ElevenLabs text-to-speech: providers.md, section 1.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/json_text.h"
#include "http/form.h"
#include "provider.h"
#include "sound.h"

static enum rf_err build(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error) {
    const struct rf_config_provider *config = settings->config;
    const char *text = provider_param(job, "text");
    if (text == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "speak: params.text: a text expected");
    char *voice = rf_form_escape(config->voice), *format = rf_form_escape(config->output_format);
    char *path = NULL;
    struct rf_text body = {0};
    rf_json_open(&body, NULL, '{');
    rf_json_add_text(&body, "text", text);
    rf_json_add_text(&body, "model_id", config->model);
    rf_json_close(&body, '}');
    enum rf_err err = RF_ERR_NOMEM;
    if (voice != NULL && format != NULL &&
        asprintf(&path, "/v1/text-to-speech/%s?output_format=%s", voice, format) < 0)
        path = NULL;
    if (path != NULL)
        err = provider_request_post(request, config->base_url, path, &body);
    if (err == RF_OK)
        err = provider_request_header(request, "xi-api-key", "", settings->key.value);
    free(voice);
    free(format);
    free(path);
    rf_text_fini(&body);
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
    char suffix[9];
    const char *format = settings->config->output_format;
    format_suffix(format, suffix);
    return sound_result(
        reply, &(struct sound_promise){suffix, sound_rate(format), provider_param(job, "text")},
        result, verdict);
}

const struct provider provider_elevenlabs = {
    .id = RF_PROVIDER_ELEVENLABS,
    .service = GATEWAY_SPEECH,
    .build = build,
    .read = read_audio,
};
