// Telegram's bot API: sendMessage, editMessageText, getMe, getChat (providers.md, section 5). Each
// message and each change of one is an entry of the ledger, with the text as people see it.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/form.h"
#include "markdown.h"
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

// What a request says, whether it was JSON or a form; borrowed.
struct message {
    const char *chat, *text, *mode;
    json_int_t number;   // of the message that is to be changed; 0: none
    json_int_t reply_to; // of the message that it answers; 0: none
    bool without_reply;  // it may go without that one
    char *plain;         // as people see it, owned
    json_t *entities;    // owned
};

// The newest entry of a message; NULL: there is no such one.
static json_t *find_message(const struct sim *sim, const char *chat, json_int_t number) {
    const json_t *list = sim->ledger.lists[SIM_LEDGER_TELEGRAM];
    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *entry = json_array_get(list, i);
        if (json_integer_value(json_object_get(entry, "message_id")) == number &&
            strcmp(json_string_value(json_object_get(entry, "chat_id")), chat) == 0)
            return entry;
    }
    return NULL;
}

// Numbers ascend; a change of a message has that one's.
static json_int_t next_number(const struct sim *sim) {
    const json_t *list = sim->ledger.lists[SIM_LEDGER_TELEGRAM];
    for (size_t i = json_array_size(list); i-- > 0;) {
        const json_t *entry = json_array_get(list, i);
        if (!json_is_true(json_object_get(entry, "edited")))
            return json_integer_value(json_object_get(entry, "message_id")) + 1;
    }
    return 1;
}

// False: answered already.
static bool check_text(struct message *message, struct sim_reply *reply) {
    char why[SIM_MARKDOWN_WHY], description[SIM_MARKDOWN_WHY + 64];
    bool markdown = message->mode != NULL && strcmp(message->mode, "MarkdownV2") == 0;
    if (message->text == NULL || message->text[0] == '\0') {
        fail_with(400, "Bad Request: message text is empty", reply);
        return false;
    }
    if (!markdown)
        message->plain = strdup(message->text);
    else if (!sim_markdown_parse(message->text, &message->plain, &message->entities, why)) {
        snprintf(description, sizeof description, "Bad Request: can't parse entities: %s", why);
        fail_with(400, description, reply);
        return false;
    }
    if (sim_utf16_length(message->plain) <= TEXT_MOST)
        return true;
    fail_with(400, "Bad Request: message is too long", reply);
    return false;
}

// A group that became a supergroup has another number.
static bool check_chat(const struct sim *sim, const struct message *message,
                       struct sim_reply *reply) {
    if (message->chat == NULL || message->chat[0] == '\0') {
        fail_with(400, "Bad Request: chat_id is empty", reply);
        return false;
    }
    const json_t *moved = json_object_get(sim->chats, message->chat);
    if (moved == NULL)
        return true;
    sim_reply_json(reply, 400,
                   json_pack("{s:b, s:i, s:s, s:{s:I}}", "ok", 0, "error_code", 400, "description",
                             "Bad Request: group chat was upgraded to a supergroup chat",
                             "parameters", "migrate_to_chat_id", json_integer_value(moved)));
    return false;
}

static void keep(struct sim *sim, const struct message *message, json_int_t number, bool edited,
                 struct rf_utc now, struct sim_reply *reply) {
    json_t *entry = json_pack(
        "{s:s, s:s, s:s, s:s?, s:O?, s:I, s:b, s:I}", "chat_id", message->chat, "text",
        message->plain, "sent", message->text, "parse_mode", message->mode, "entities",
        message->entities, "message_id", number, "edited", edited, "reply_to", message->reply_to);
    sim_ledger_add(&sim->ledger, SIM_LEDGER_TELEGRAM, now, entry);
    sim_reply_json(reply, 200,
                   json_pack("{s:b, s:{s:I, s:I, s:{s:s, s:s}, s:s}}", "ok", 1, "result",
                             "message_id", number, "date", (json_int_t)(now.ns / RF_NS_PER_S),
                             "chat", "id", message->chat, "type", "private", "text",
                             message->plain));
}

static void send(struct sim *sim, struct message *message, struct rf_utc now,
                 struct sim_reply *reply) {
    if (!check_chat(sim, message, reply) || !check_text(message, reply))
        return;
    if (message->reply_to != 0 && find_message(sim, message->chat, message->reply_to) == NULL) {
        if (!message->without_reply) {
            fail_with(400, "Bad Request: message to be replied not found", reply);
            return;
        }
        message->reply_to = 0;
    }
    keep(sim, message, next_number(sim), false, now, reply);
}

static void edit(struct sim *sim, struct message *message, struct rf_utc now,
                 struct sim_reply *reply) {
    if (!check_chat(sim, message, reply) || !check_text(message, reply))
        return;
    const json_t *old = find_message(sim, message->chat, message->number);
    if (old == NULL)
        fail_with(400, "Bad Request: message to edit not found", reply);
    else if (strcmp(json_string_value(json_object_get(old, "sent")), message->text) == 0)
        fail_with(
            400,
            "Bad Request: message is not modified: specified new message content and reply "
            "markup are exactly the same as a current content and reply markup of the message",
            reply);
    else
        keep(sim, message, message->number, true, now, reply);
}

static void get_chat(struct sim *sim, struct message *message, struct rf_utc now,
                     struct sim_reply *reply) {
    (void)now;
    if (check_chat(sim, message, reply))
        sim_reply_json(reply, 200,
                       json_pack("{s:b, s:{s:s, s:s, s:s}}", "ok", 1, "result", "id", message->chat,
                                 "type", "group", "title", "Simulated"));
}

typedef void work_fn(struct sim *sim, struct message *message, struct rf_utc now,
                     struct sim_reply *reply);

static void do_json(struct sim *sim, const struct sim_request *request, work_fn *work,
                    struct rf_utc now, struct sim_reply *reply) {
    json_t *body = sim_request_json(request);
    const json_t *chat = json_object_get(body, "chat_id");
    const json_t *answered = json_object_get(body, "reply_parameters");
    char number[32];
    struct message message = {
        .chat = json_string_value(chat),
        .text = json_string_value(json_object_get(body, "text")),
        .mode = json_string_value(json_object_get(body, "parse_mode")),
        .number = json_integer_value(json_object_get(body, "message_id")),
        .reply_to = json_integer_value(json_object_get(answered, "message_id")),
        .without_reply = json_is_true(json_object_get(answered, "allow_sending_without_reply")),
    };
    if (json_is_integer(chat)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(chat));
        message.chat = number;
    }
    work(sim, &message, now, reply);
    free(message.plain);
    json_decref(message.entities);
    json_decref(body);
}

static void do_form(struct sim *sim, const struct rf_form *form, work_fn *work, struct rf_utc now,
                    struct sim_reply *reply) {
    const char *number = rf_form_get(form, "message_id");
    struct message message = {.chat = rf_form_get(form, "chat_id"),
                              .text = rf_form_get(form, "text"),
                              .mode = rf_form_get(form, "parse_mode"),
                              .number = number == NULL ? 0 : strtoll(number, NULL, 10)};
    work(sim, &message, now, reply);
    free(message.plain);
    json_decref(message.entities);
}

static void do_work(struct sim *sim, const struct sim_request *request, work_fn *work,
                    struct rf_utc now, struct sim_reply *reply) {
    const char *type = sim_request_header(request, "content-type");
    struct rf_form form;
    if (type != NULL && strncmp(type, "application/json", 16) == 0) {
        do_json(sim, request, work, now, reply);
    } else if (sim_request_form(request, &form) == RF_OK) {
        do_form(sim, &form, work, now, reply);
        rf_form_fini(&form);
    } else {
        fail(sim, 500, reply);
    }
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    const char *method = strchr(path + 1, '/');
    if (method != NULL && strcmp(method, "/sendMessage") == 0)
        do_work(sim, request, send, now, reply);
    else if (method != NULL && strcmp(method, "/editMessageText") == 0)
        do_work(sim, request, edit, now, reply);
    else if (method != NULL && strcmp(method, "/getMe") == 0)
        sim_reply_json(reply, 200,
                       json_pack("{s:b, s:{s:i, s:b, s:s, s:s}}", "ok", 1, "result", "id", 1,
                                 "is_bot", 1, "first_name", "Simulated", "username",
                                 "simulated_bot"));
    else if (method != NULL && strcmp(method, "/getChat") == 0)
        do_work(sim, request, get_chat, now, reply);
    else
        fail_with(404, "Not Found", reply);
}

const struct sim_face sim_telegram = {"telegram", handle, key, refuse, fail};
