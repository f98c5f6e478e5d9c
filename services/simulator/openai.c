// OpenAI: chat completions, models (providers.md, section 2).

#include <stdlib.h>
#include <string.h>

#include "chat.h"

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

static json_t *models(void) {
    static const char *const names[] = {"gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"};
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
    else if (strcmp(path, "/v1/models") == 0 && sim_request_is(request, "GET"))
        sim_reply_json(reply, 200, models());
    else
        fail_with(sim, 404, "invalid_request_error", NULL, NULL, "Invalid URL", reply);
}

const struct sim_face sim_openai = {"openai", handle, key, refuse, fail};
