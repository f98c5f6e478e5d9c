// Anthropic: messages, models (providers.md, section 3).

#include <stdlib.h>
#include <string.h>

#include "chat.h"

static void fail_with(struct sim *sim, unsigned status, const char *type, const char *message,
                      struct sim_reply *reply) {
    char id[64];
    sim_request_id(sim, "req_", id);
    sim_reply_json(reply, status,
                   json_pack("{s:s, s:{s:s, s:s}, s:s}", "type", "error", "error", "type", type,
                             "message", message, "request_id", id));
    sim_reply_header(reply, "request-id", "%s", id);
}

static const char *key(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room) {
    (void)sim;
    (void)path;
    (void)room;
    const char *value = sim_request_header(request, "x-api-key");
    return value == NULL ? "" : value;
}

static void refuse(struct sim *sim, const char *value, struct sim_reply *reply) {
    fail_with(sim, 401, "authentication_error",
              value[0] == '\0' ? "x-api-key header is required" : "invalid x-api-key", reply);
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    static const struct {
        unsigned status;
        const char *type, *message;
    } errors[] = {
        {400, "invalid_request_error", "Invalid request"},
        {401, "authentication_error", "invalid x-api-key"},
        {402, "billing_error", "There is an issue with your billing"},
        {403, "permission_error", "Your API key does not have permission"},
        {404, "not_found_error", "Not found"},
        {413, "request_too_large", "Request exceeds the maximum size"},
        {429, "rate_limit_error", "This request would exceed your rate limit"},
        {500, "api_error", "Internal server error"},
        {504, "timeout_error", "The request timed out"},
        {529, "overloaded_error", "Overloaded"},
    };
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (errors[i].status == status) {
            fail_with(sim, status, errors[i].type, errors[i].message, reply);
            return;
        }
    }
    fail_with(sim, status, status >= 500 ? "api_error" : "invalid_request_error",
              status >= 500 ? "Internal server error" : "Invalid request", reply);
}

static void answer_with(struct sim *sim, const char *model, const char *prompt, int max_tokens,
                        struct rf_utc now, struct sim_reply *reply) {
    struct sim_chat_answer answer;
    if (sim_chat_answer(sim, "anthropic", model, prompt, max_tokens, now, &answer) != RF_OK) {
        fail(sim, 500, reply);
        return;
    }
    char id[64], request_id[64];
    sim_request_id(sim, "msg_", id);
    sim_request_id(sim, "req_", request_id);
    sim_reply_json(reply, 200,
                   json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:s}], s:s, s:n, s:{s:i, s:i}}", "id",
                             id, "type", "message", "role", "assistant", "model", model, "content",
                             "type", "text", "text", answer.text, "stop_reason",
                             answer.cut ? "max_tokens" : "end_turn", "stop_sequence", "usage",
                             "input_tokens", answer.prompt_tokens, "output_tokens", answer.tokens));
    sim_reply_header(reply, "request-id", "%s", request_id);
    free(answer.text);
}

static void messages(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                     struct sim_reply *reply) {
    static const char invalid[] = "invalid_request_error";
    json_t *body = sim_request_json(request);
    const char *model = json_string_value(json_object_get(body, "model"));
    const json_t *most = json_object_get(body, "max_tokens");
    const json_t *list = json_object_get(body, "messages");
    char *prompt = sim_chat_prompt(list);
    if (sim_request_header(request, "anthropic-version") == NULL)
        fail_with(sim, 400, invalid, "anthropic-version: header is required", reply);
    else if (body == NULL)
        fail_with(sim, 400, invalid, "The request body is not valid JSON", reply);
    else if (model == NULL)
        fail_with(sim, 400, invalid, "model: Field required", reply);
    else if (most == NULL)
        fail_with(sim, 400, invalid, "max_tokens: Field required", reply);
    else if (!json_is_integer(most) || json_integer_value(most) < 1 ||
             json_integer_value(most) > 1000000)
        fail_with(sim, 400, invalid, "max_tokens: must be greater than or equal to 1", reply);
    else if (list == NULL)
        fail_with(sim, 400, invalid, "messages: Field required", reply);
    else if (json_array_size(list) == 0)
        fail_with(sim, 400, invalid, "messages: at least one message is required", reply);
    else if (prompt == NULL)
        fail_with(sim, 400, invalid,
                  "messages: each needs a role and a content, one must be the user's", reply);
    else
        answer_with(sim, model, prompt, (int)json_integer_value(most), now, reply);
    free(prompt);
    json_decref(body);
}

static json_t *models(void) {
    static const char *const names[] = {"claude-sonnet-4-5", "claude-haiku-4-5"};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "type", "model", "id",
                                              names[i], "display_name", names[i], "created_at",
                                              "2025-10-01T00:00:00Z"));
    return json_pack("{s:o, s:b, s:s, s:s}", "data", list, "has_more", 0, "first_id", names[0],
                     "last_id", names[1]);
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    if (strcmp(path, "/v1/messages") == 0 && sim_request_is(request, "POST"))
        messages(sim, request, now, reply);
    else if (strcmp(path, "/v1/models") == 0 && sim_request_is(request, "GET"))
        sim_reply_json(reply, 200, models());
    else
        fail_with(sim, 404, "not_found_error", "Not found", reply);
}

const struct sim_face sim_anthropic = {"anthropic", handle, key, refuse, fail};
