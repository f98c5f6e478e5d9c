// OpenAI: chat completions, speech, models (providers.md, sections 2 and 9).

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "chat.h"
#include "speech.h"

#define INPUT_MOST 4096 // characters of a text to speak

static void fail_with(struct sim *sim, unsigned status, const char *type, const char *code,
                      const char *param, const char *message, struct sim_reply *reply) {
    char id[64];
    sim_request_id(sim, "req_", id);
    sim_reply_json(reply, status,
                   json_pack("{s:{s:s, s:s, s:s?, s:s?}}", "error", "message", message, "type",
                             type, "param", param, "code", code));
    sim_reply_header(reply, "x-request-id", "%s", id);
}

static void invalid(struct sim *sim, const char *code, const char *param, const char *message,
                    struct sim_reply *reply) {
    fail_with(sim, 400, "invalid_request_error", code, param, message, reply);
}

static const char *key(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room) {
    (void)sim;
    (void)path;
    (void)room;
    const char *value = sim_request_bearer(request);
    return value == NULL ? "" : value;
}

static void refuse(struct sim *sim, const char *value, struct sim_reply *reply) {
    if (value[0] == '\0')
        fail_with(sim, 401, "invalid_request_error", NULL, NULL,
                  "You didn't provide an API key. You need to provide your API key in an "
                  "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
                  reply);
    else
        fail_with(sim, 401, "invalid_request_error", "invalid_api_key", NULL,
                  "Incorrect API key provided. You can find your API key at "
                  "https://platform.openai.com/account/api-keys.",
                  reply);
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    if (status == 401)
        refuse(sim, "refused", reply);
    else if (status == 429)
        fail_with(sim, status, "requests", "rate_limit_exceeded", NULL,
                  "Rate limit reached. Please try again later.", reply);
    else if (status == 503)
        fail_with(sim, status, "service_unavailable_error", "server_is_overloaded", NULL,
                  "The server is currently overloaded. Please try again later.", reply);
    else if (status >= 500)
        fail_with(sim, status, "server_error", NULL, NULL,
                  "The server had an error while processing your request.", reply);
    else
        fail_with(sim, status, "invalid_request_error", NULL, NULL, "Invalid request.", reply);
}

static int most_tokens(const json_t *body) {
    const json_t *most = json_object_get(body, "max_completion_tokens");
    if (most == NULL)
        most = json_object_get(body, "max_tokens");
    return json_is_integer(most) && json_integer_value(most) < 1000000
               ? (int)json_integer_value(most)
               : 0;
}

static void complete(struct sim *sim, const char *model, const char *prompt, int max_tokens,
                     struct rf_utc now, struct sim_reply *reply) {
    struct sim_chat_answer answer;
    if (sim_chat_answer(sim, "openai", model, prompt, max_tokens, now, &answer) != RF_OK) {
        fail(sim, 500, reply);
        return;
    }
    char id[64], request_id[64];
    sim_request_id(sim, "chatcmpl-", id);
    sim_request_id(sim, "req_", request_id);
    json_t *choice = json_pack("{s:i, s:{s:s, s:s, s:n}, s:n, s:s}", "index", 0, "message", "role",
                               "assistant", "content", answer.text, "refusal", "logprobs",
                               "finish_reason", answer.cut ? "length" : "stop");
    json_t *usage =
        json_pack("{s:i, s:i, s:i}", "prompt_tokens", answer.prompt_tokens, "completion_tokens",
                  answer.tokens, "total_tokens", answer.prompt_tokens + answer.tokens);
    sim_reply_json(reply, 200,
                   json_pack("{s:s, s:s, s:I, s:s, s:[o], s:o}", "id", id, "object",
                             "chat.completion", "created", (json_int_t)(now.ns / RF_NS_PER_S),
                             "model", model, "choices", choice, "usage", usage));
    sim_reply_header(reply, "x-request-id", "%s", request_id);
    free(answer.text);
}

static void chat(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                 struct sim_reply *reply) {
    json_t *body = sim_request_json(request);
    const char *model = json_string_value(json_object_get(body, "model"));
    const json_t *messages = json_object_get(body, "messages");
    char *prompt = sim_chat_prompt(messages);
    if (body == NULL)
        invalid(sim, NULL, NULL,
                "We could not parse the JSON body of your request. The API expects a JSON payload.",
                reply);
    else if (model == NULL)
        invalid(sim, NULL, NULL, "you must provide a model parameter", reply);
    else if (messages == NULL)
        invalid(sim, "missing_required_parameter", "messages",
                "Missing required parameter: 'messages'.", reply);
    else if (json_array_size(messages) == 0)
        invalid(sim, "empty_array", "messages",
                "Invalid 'messages': empty array. Expected an array with minimum length 1.", reply);
    else if (prompt == NULL)
        invalid(sim, "invalid_type", "messages",
                "Invalid 'messages': each needs a role and a content, one must be the user's.",
                reply);
    else
        complete(sim, model, prompt, most_tokens(body), now, reply);
    free(prompt);
    json_decref(body);
}

// OpenAI's names of formats that we can make. False for any other.
static bool speech_format(const char *name, struct sim_format *format) {
    if (strcmp(name, "mp3") == 0)
        return sim_format_parse("mp3_24000_48", format);
    return strcmp(name, "pcm") == 0 && sim_format_parse("pcm_24000", format);
}

// What is wrong with the request; true if nothing is.
static bool check_speech(struct sim *sim, const json_t *body, struct sim_format *format,
                         struct sim_reply *reply) {
    static const char *const needed[] = {"model", "input", "voice"};
    const json_t *name = json_object_get(body, "response_format");
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (json_string_length(json_object_get(body, needed[i])) == 0) {
            char words[64];
            snprintf(words, sizeof words, "Missing required parameter: '%s'.", needed[i]);
            invalid(sim, "missing_required_parameter", needed[i], words, reply);
            return false;
        }
    if (strncmp(json_string_value(json_object_get(body, "voice")), "unknown", 7) == 0)
        invalid(sim, "invalid_value", "voice", "Invalid value: 'voice'.", reply);
    else if (json_string_length(json_object_get(body, "input")) > INPUT_MOST)
        invalid(sim, "string_above_max_length", "input",
                "Invalid 'input': string too long. Expected a string with maximum length 4096.",
                reply);
    else if (name != NULL &&
             (!json_is_string(name) || !speech_format(json_string_value(name), format)))
        invalid(sim, "invalid_value", "response_format",
                "Invalid value: 'response_format'. The simulator makes mp3 and pcm.", reply);
    else
        return true;
    return false;
}

static void speak(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                  struct sim_reply *reply) {
    json_t *body = sim_request_json(request);
    struct sim_format format;
    unsigned char *audio = NULL;
    size_t size = 0;
    (void)speech_format("mp3", &format);
    if (!check_speech(sim, body, &format, reply))
        goto cleanup;
    const char *text = json_string_value(json_object_get(body, "input"));
    const char *voice = json_string_value(json_object_get(body, "voice"));
    if (sim_speech_make(voice, text, &format, &audio, &size) != RF_OK) {
        fail(sim, 500, reply);
        goto cleanup;
    }
    char digest[RF_SHA256_HEX_SIZE], id[64];
    rf_sha256_hex(audio, size, digest);
    sim_request_id(sim, "req_", id);
    sim_ledger_add(&sim->ledger, SIM_LEDGER_SPEECHES, now,
                   json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:s}", "provider", "openai", "text",
                             text, "sha256", digest, "size", (json_int_t)size, "voice", voice,
                             "key", sim_request_bearer(request), "request_id", id));
    sim_reply_bytes(reply, 200, sim_format_content_type(&format), audio, size);
    sim_reply_header(reply, "x-request-id", "%s", id);
cleanup:
    json_decref(body);
}

static json_t *models(void) {
    static const char *const names[] = {"gpt-4o", "gpt-4o-mini", "gpt-4.1-mini", "gpt-4o-mini-tts",
                                        "tts-1"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:i, s:s}", "id", names[i], "object", "model",
                                        "created", 1721172741, "owned_by", "system"));
    return json_pack("{s:s, s:o}", "object", "list", "data", list);
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    if (strcmp(path, "/v1/chat/completions") == 0 && sim_request_is(request, "POST"))
        chat(sim, request, now, reply);
    else if (strcmp(path, "/v1/audio/speech") == 0 && sim_request_is(request, "POST"))
        speak(sim, request, now, reply);
    else if (strcmp(path, "/v1/models") == 0 && sim_request_is(request, "GET"))
        sim_reply_json(reply, 200, models());
    else
        fail_with(sim, 404, "invalid_request_error", NULL, NULL, "Invalid URL", reply);
}

const struct sim_face sim_openai = {"openai", handle, key, refuse, fail};
