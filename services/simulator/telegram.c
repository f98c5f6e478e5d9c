// Telegram's bot API: sendMessage, getMe (providers.md, section 5).

#include <stdio.h>
#include <string.h>

#include "http/form.h"
#include "sim.h"

#define TEXT_MOST 4096 // characters, as UTF-16 counts them

static void fail_with(unsigned status, const char *description, struct sim_reply *reply) {
    sim_reply_json(reply, status,
                   json_pack("{s:b, s:i, s:s}", "ok", 0, "error_code", (int)status, "description",
                             description));
}

// The token is between "/bot" and the next slash.
static const char *key(const struct sim *sim, const struct sim_request *request, const char *path,
                       char *room) {
    (void)sim;
    (void)request;
    if (strncmp(path, "/bot", 4) != 0)
        return "";
    snprintf(room, SIM_KEY_SIZE, "%.*s", (int)strcspn(path + 4, "/"), path + 4);
    return room;
}

static void refuse(struct sim *sim, const char *value, struct sim_reply *reply) {
    (void)sim;
    if (value[0] == '\0')
        fail_with(404, "Not Found", reply);
    else
        fail_with(401, "Unauthorized", reply);
}

static void fail(struct sim *sim, unsigned status, struct sim_reply *reply) {
    (void)sim;
    if (status == 401)
        fail_with(status, "Unauthorized", reply);
    else if (status == 429)
        sim_reply_json(reply, status,
                       json_pack("{s:b, s:i, s:s, s:{s:i}}", "ok", 0, "error_code", 429,
                                 "description", "Too Many Requests: retry after 1", "parameters",
                                 "retry_after", 1));
    else
        fail_with(status, status >= 500 ? "Internal Server Error" : "Bad Request", reply);
}

static size_t utf16_length(const char *text) {
    size_t length = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
        if ((*c & 0xc0) != 0x80)
            length += *c >= 0xf0 ? 2 : 1;
    return length;
}

// MarkdownV2 wants these escaped wherever they are meant as themselves; Telegram refuses the
// message else.
static char unescaped(const char *text) {
    static const char reserved[] = ">#+-=|{}.!";
    bool code = false;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '\\' && c[1] != '\0')
            c++;
        else if (*c == '`')
            code = !code;
        else if (!code && strchr(reserved, *c) != NULL)
            return *c;
    }
    return '\0';
}

static void send(struct sim *sim, const char *chat, const char *text, const char *mode,
                 struct rf_utc now, struct sim_reply *reply) {
    char description[160];
    bool markdown = mode != NULL && strcmp(mode, "MarkdownV2") == 0;
    char bad = '\0';
    if (markdown && text != NULL)
        bad = unescaped(text);
    if (chat == NULL || chat[0] == '\0') {
        fail_with(400, "Bad Request: chat_id is empty", reply);
    } else if (text == NULL || text[0] == '\0') {
        fail_with(400, "Bad Request: message text is empty", reply);
    } else if (utf16_length(text) > TEXT_MOST) {
        fail_with(400, "Bad Request: message is too long", reply);
    } else if (bad != '\0') {
        snprintf(
            description, sizeof description,
            "Bad Request: can't parse entities: Character '%c' is reserved and must be escaped "
            "with the preceding '\\'",
            bad);
        fail_with(400, description, reply);
    } else {
        sim_ledger_add(
            &sim->ledger, SIM_LEDGER_TELEGRAM, now,
            json_pack("{s:s, s:s, s:s?}", "chat_id", chat, "text", text, "parse_mode", mode));
        size_t number = json_array_size(sim->ledger.lists[SIM_LEDGER_TELEGRAM]);
        sim_reply_json(reply, 200,
                       json_pack("{s:b, s:{s:I, s:I, s:{s:s, s:s}, s:s}}", "ok", 1, "result",
                                 "message_id", (json_int_t)number, "date",
                                 (json_int_t)(now.ns / RF_NS_PER_S), "chat", "id", chat, "type",
                                 "private", "text", text));
    }
}

static void send_json(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                      struct sim_reply *reply) {
    json_t *body = sim_request_json(request);
    const json_t *chat = json_object_get(body, "chat_id");
    char number[32];
    const char *id = json_string_value(chat);
    if (json_is_integer(chat)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(chat));
        id = number;
    }
    send(sim, id, json_string_value(json_object_get(body, "text")),
         json_string_value(json_object_get(body, "parse_mode")), now, reply);
    json_decref(body);
}

static void send_message(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                         struct sim_reply *reply) {
    const char *type = sim_request_header(request, "content-type");
    struct rf_form form;
    if (type != NULL && strncmp(type, "application/json", 16) == 0) {
        send_json(sim, request, now, reply);
    } else if (sim_request_form(request, &form) == RF_OK) {
        send(sim, rf_form_get(&form, "chat_id"), rf_form_get(&form, "text"),
             rf_form_get(&form, "parse_mode"), now, reply);
        rf_form_fini(&form);
    } else {
        fail(sim, 500, reply);
    }
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    const char *method = strchr(path + 1, '/');
    if (method != NULL && strcmp(method, "/sendMessage") == 0)
        send_message(sim, request, now, reply);
    else if (method != NULL && strcmp(method, "/getMe") == 0)
        sim_reply_json(reply, 200,
                       json_pack("{s:b, s:{s:i, s:b, s:s, s:s}}", "ok", 1, "result", "id", 1,
                                 "is_bot", 1, "first_name", "Simulated", "username",
                                 "simulated_bot"));
    else
        fail_with(404, "Not Found", reply);
}

const struct sim_face sim_telegram = {"telegram", handle, key, refuse, fail};
