// ElevenLabs: speech, models, subscription (providers.md, section 1).
//
// A voice whose id begins with "unknown" does not exist; every other one does.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "sim.h"
#include "speech.h"

#define DEFAULT_FORMAT   "mp3_44100_128"
#define CHARACTERS_MOST  10000 // of one text, for eleven_multilingual_v2
#define CONCURRENT_LIMIT "15"

static void fail_with(struct sim *sim, unsigned status, const char *type, const char *code,
                      const char *message, struct sim_reply *reply) {
    char id[64];
    sim_request_id(sim, "", id);
    sim_reply_json(reply, status,
                   json_pack("{s:{s:s, s:s, s:s, s:s, s:s}}", "detail", "type", type, "code", code,
                             "message", message, "status", code, "request_id", id));
    sim_reply_header(reply, "request-id", "%s", id);
}

// A request that does not fit the schema: FastAPI's form.
static void fail_schema(const char *place, const char *field, const char *type, const char *message,
                        struct sim_reply *reply) {
    sim_reply_json(reply, 422,
                   json_pack("{s:[{s:s, s:[s,s], s:s}]}", "detail", "type", type, "loc", place,
                             field, "msg", message));
}

static const char *key(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room) {
    (void)sim;
    (void)path;
    (void)room;
    const char *value = sim_request_header(request, "xi-api-key");
    return value == NULL ? "" : value;
}

static void refuse(struct sim *sim, const char *value, struct sim_reply *reply) {
    if (value[0] == '\0')
        fail_with(sim, 401, "authentication_error", "needs_authorization",
                  "Neither authorization header nor xi-api-key received, please provide one.",
                  reply);
    else
        fail_with(sim, 401, "authentication_error", "invalid_api_key", "Invalid API key", reply);
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    if (status == 401)
        refuse(sim, "refused", reply);
    else if (status == 429)
        fail_with(sim, status, "rate_limit_error", "rate_limit_exceeded", "Too many requests",
                  reply);
    else if (status >= 500)
        fail_with(sim, status, "internal_error", "internal_server_error",
                  "The service is temporarily unavailable", reply);
    else
        fail_with(sim, status, "validation_error", "invalid_parameters", "Invalid parameters",
                  reply);
}

// What is wrong with the request; true if nothing is.
static bool check(struct sim *sim, const struct sim_request *request, const json_t *body,
                  const char *voice, struct sim_format *format, struct sim_reply *reply) {
    const json_t *text = json_object_get(body, "text");
    const char *format_name = sim_request_query(request, "output_format");
    if (body == NULL)
        fail_schema("body", "text", "json_invalid", "JSON decode error", reply);
    else if (text == NULL)
        fail_schema("body", "text", "missing", "Field required", reply);
    else if (!json_is_string(text))
        fail_schema("body", "text", "string_type", "Input should be a valid string", reply);
    else if (!sim_format_parse(format_name == NULL ? DEFAULT_FORMAT : format_name, format))
        fail_schema("query", "output_format", "enum",
                    "Input should be an output format that the simulator makes: mp3_*, pcm_* or "
                    "ulaw_8000",
                    reply);
    else if (strncmp(voice, "unknown", 7) == 0)
        fail_with(sim, 400, "not_found", "voice_not_found",
                  "A voice with the requested voice_id was not found.", reply);
    else if (json_string_length(text) == 0)
        fail_with(sim, 400, "validation_error", "invalid_parameters", "Input text cannot be empty.",
                  reply);
    else if (json_string_length(text) > CHARACTERS_MOST)
        fail_with(sim, 400, "validation_error", "max_character_limit_exceeded",
                  "The text is longer than the model allows.", reply);
    else if (sim->characters + json_string_length(text) > sim->characters_limit)
        fail_with(sim, 401, "quota_error", "quota_exceeded",
                  "This request exceeds your quota. You have 0 credits remaining.", reply);
    else
        return true;
    return false;
}

static void speak(struct sim *sim, const struct sim_request *request, const char *voice,
                  struct rf_utc now, struct sim_reply *reply) {
    json_t *body = sim_request_json(request);
    struct sim_format format;
    unsigned char *audio = NULL;
    size_t size = 0;
    if (!check(sim, request, body, voice, &format, reply))
        goto cleanup;
    const char *text = json_string_value(json_object_get(body, "text"));
    if (sim_speech_make(voice, text, &format, &audio, &size) != RF_OK) {
        fail(sim, 500, reply);
        goto cleanup;
    }
    char digest[RF_SHA256_HEX_SIZE], id[64];
    rf_sha256_hex(audio, size, digest);
    sim_request_id(sim, "", id);
    sim->characters += strlen(text);
    sim_ledger_add(&sim->ledger, SIM_LEDGER_SPEECHES, now,
                   json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "provider", "elevenlabs",
                             "text", text, "sha256", digest, "size", (json_int_t)size, "voice",
                             voice, "key", sim_request_header(request, "xi-api-key"), "request_id",
                             id));
    sim_reply_bytes(reply, 200, sim_format_content_type(&format), audio, size);
    sim_reply_header(reply, "request-id", "%s", id);
    sim_reply_header(reply, "character-cost", "%zu", strlen(text));
    sim_reply_header(reply, "current-concurrent-requests", "1");
    sim_reply_header(reply, "maximum-concurrent-requests", CONCURRENT_LIMIT);
cleanup:
    json_decref(body);
}

static json_t *models(void) {
    static const char *const names[] = {"eleven_multilingual_v2", "eleven_turbo_v2_5",
                                        "eleven_flash_v2_5"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:i}", "model_id", names[i], "name",
                                              names[i], "can_do_text_to_speech", 1,
                                              "maximum_text_length_per_request", CHARACTERS_MOST));
    return list;
}

static json_t *subscription(const struct sim *sim) {
    json_t *reset_at =
        sim->characters_reset == 0 ? json_null() : json_integer((json_int_t)sim->characters_reset);
    return json_pack("{s:s, s:I, s:I, s:b, s:b, s:o, s:s}", "tier", "creator", "character_count",
                     (json_int_t)sim->characters, "character_limit",
                     (json_int_t)sim->characters_limit, "can_extend_character_limit", 0,
                     "allowed_to_extend_character_limit", 0, "next_character_count_reset_unix",
                     reset_at, "status", "active");
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    static const char speech[] = "/v1/text-to-speech/";
    const char *voice =
        strncmp(path, speech, sizeof speech - 1) == 0 ? path + sizeof speech - 1 : NULL;
    if (voice != NULL && voice[0] != '\0' && strchr(voice, '/') == NULL) {
        if (sim_request_is(request, "POST"))
            speak(sim, request, voice, now, reply);
        else
            sim_reply_json(reply, 405, json_pack("{s:s}", "detail", "Method Not Allowed"));
    } else if (strcmp(path, "/v1/models") == 0 && sim_request_is(request, "GET")) {
        sim_reply_json(reply, 200, models());
    } else if (strcmp(path, "/v1/user/subscription") == 0 && sim_request_is(request, "GET")) {
        sim_reply_json(reply, 200, subscription(sim));
    } else {
        sim_reply_json(reply, 404, json_pack("{s:s}", "detail", "Not Found"));
    }
}

const struct sim_face sim_elevenlabs = {"elevenlabs", handle, key, refuse, fail};
