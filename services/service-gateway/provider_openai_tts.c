// OpenAI text-to-speech, POST /v1/audio/speech {model, input, voice, response_format}:
// providers.md, section 9; openai-python's resources/audio/speech.py. It answers with the bytes of
// the audio.
#include <string.h>

#include "events/json_text.h"
#include "provider.h"
#include "sound.h"

// Its bit rate is not documented: the lowest that the formats have (MPEG-2 layer III, 8 kbit/s; 8
// bits at 8 kHz).
#define LEAST_MP3_RATE 1000
#define LEAST_WAV_RATE 8000

static enum rf_err build(const struct provider_settings *settings, const struct provider_job *job,
                         struct provider_request *request, struct rf_error *error) {
    const struct rf_config_provider *config = settings->config;
    const char *text = provider_param(job, "text");
    if (text == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "speak: params.text: a text expected");
    struct rf_text body = {0};
    rf_json_open(&body, NULL, '{');
    rf_json_add_text(&body, "model", config->model);
    rf_json_add_text(&body, "input", text);
    rf_json_add_text(&body, "voice", config->voice);
    rf_json_add_text(&body, "response_format", config->output_format);
    rf_json_close(&body, '}');
    enum rf_err err = provider_request_post(request, config->base_url, "/v1/audio/speech", &body);
    if (err == RF_OK)
        err = provider_request_header(request, "Authorization", "Bearer ", settings->key.value);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "speak: out of memory");
}

static bool read_audio(const struct provider_settings *settings, struct provider_job *job,
                       const struct provider_reply *reply, struct provider_result *result,
                       struct provider_verdict *verdict) {
    const char *format = settings->config->output_format;
    int64_t least = strcmp(format, "mp3") == 0 ? LEAST_MP3_RATE : LEAST_WAV_RATE;
    return sound_result(reply, &(struct sound_promise){format, least, provider_param(job, "text")},
                        result, verdict);
}

const struct provider provider_openai_tts = {
    .id = RF_PROVIDER_OPENAI_TTS,
    .service = GATEWAY_SPEECH,
    .build = build,
    .read = read_audio,
};
