// The alerter's channels, without a notice: a mail server up to the login, Telegram's bot and chat,
// a webhook's receiver up to the connection.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "channels/channels.h"
#include "doctor.h"
#include "doctor_judge.h"

#define REPLY_BYTES ((size_t)65536)

struct trying {
    struct doctor *doctor;
    struct rf_channel channel; // its texts are the configuration's
    struct doctor_check *check, *chat;
    struct rf_http_trace trace;
    char key[80]; // of the configuration: where the address stands
};

// Where the settings of a channel stand.
static void place_of(const struct trying *trying, const char *member, char *out, size_t size) {
    static const char *const fixed[] = {"email", "telegram", "webhook"};
    bool further = true;
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        further = further && strcmp(fixed[i], trying->channel.name) != 0;
    if (further)
        snprintf(out, size, "%s of %s in alerter.channels", member, trying->channel.name);
    else
        snprintf(out, size, "alerter.%s.%s", trying->channel.name, member);
}

static void fail_transport(struct trying *trying, struct doctor_check *check,
                           const struct rf_http_reply *reply) {
    char steps[DOCTOR_TEXT_SIZE], mend[DOCTOR_TEXT_SIZE];
    doctor_steps(&trying->trace, steps, sizeof steps);
    doctor_end(trying->doctor, check, DOCTOR_FAIL,
               doctor_transport_mend(reply->failure, trying->key, mend, sizeof mend), "%s",
               steps[0] != '\0' ? steps : reply->error_text);
}

// ---- mail ----

static bool has_step(const struct trying *trying, const char *name) {
    for (size_t i = 0; i < trying->trace.count; i++)
        if (strcmp(trying->trace.steps[i].name, name) == 0)
            return true;
    return false;
}

static void on_mail(void *arg, const struct rf_http_reply *reply) {
    struct trying *trying = arg;
    char steps[DOCTOR_TEXT_SIZE], mend[DOCTOR_TEXT_SIZE];
    doctor_steps(&trying->trace, steps, sizeof steps);
    if (reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299) {
        doctor_end(trying->doctor, trying->check, DOCTOR_OK, NULL, "%s; no mail was sent", steps);
    } else if (reply->failure == RF_HTTP_NONE) {
        char place[80];
        place_of(trying, has_step(trying, "auth") ? "user and password" : "url", place,
                 sizeof place);
        snprintf(mend, sizeof mend, "look at %s", place);
        doctor_end(trying->doctor, trying->check, DOCTOR_FAIL, mend, "%s", steps);
    } else {
        fail_transport(trying, trying->check, reply);
    }
    free(trying);
}

static void try_mail(struct trying *trying) {
    const struct rf_config_email *email = &trying->channel.email;
    struct doctor *doctor = trying->doctor;
    const struct rf_mail mail = {.url = email->url,
                                 .login_only = true,
                                 .user = email->user,
                                 .password = email->user == NULL ? NULL : email->password.value,
                                 .ca_file = email->ca_file,
                                 .require_tls = email->require_tls,
                                 .connect_timeout = doctor->options->timeout,
                                 .timeout = doctor->options->timeout,
                                 .trace = &trying->trace};
    struct rf_error error;
    trying->trace.hidden[0] = email->password.value;
    if (rf_mail_send(doctor->http, &mail, on_mail, trying, NULL, &error) == RF_OK)
        return;
    doctor_send_failed(doctor, trying->check, &error);
    free(trying);
}

// ---- Telegram ----

static const char *words_of(const json_t *body) {
    const char *words = json_string_value(json_object_get(body, "description"));
    return words != NULL ? words : "no words of Telegram's";
}

// The address has the token in it, so that none of it is ever told.
static enum rf_err ask_telegram(struct trying *trying, const char *method, const char *body,
                                rf_http_fn *fn, struct rf_error *error) {
    static const struct rf_http_header headers[] = {{"Content-Type", "application/json"}};
    const struct rf_config_telegram *telegram = &trying->channel.telegram;
    char url[2048];
    snprintf(url, sizeof url, "%s/bot%s/%s", telegram->base_url, telegram->token.value, method);
    trying->trace = (struct rf_http_trace){.hidden = {telegram->token.value}};
    const struct rf_http_request request = {.method = "POST",
                                            .url = url,
                                            .headers = headers,
                                            .header_count = 1,
                                            .body = body,
                                            .body_size = strlen(body),
                                            .ca_file = telegram->ca_file,
                                            .connect_timeout = trying->doctor->options->timeout,
                                            .timeout = trying->doctor->options->timeout,
                                            .max_body_bytes = REPLY_BYTES,
                                            .fresh = true,
                                            .trace = &trying->trace};
    struct rf_error cause;
    enum rf_err result = rf_http_send(trying->doctor->http, &request, fn, trying, NULL, &cause);
    explicit_bzero(url, sizeof url);
    return result == RF_OK ? RF_OK : rf_error_set(error, result, "the request cannot be made");
}

static void on_chat(void *arg, const struct rf_http_reply *reply) {
    struct trying *trying = arg;
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const json_t *chat = json_object_get(body, "result");
    const char *title = json_string_value(json_object_get(chat, "title"));
    const char *type = json_string_value(json_object_get(chat, "type"));
    if (reply->failure != RF_HTTP_NONE)
        fail_transport(trying, trying->chat, reply);
    else if (reply->status == 200)
        doctor_end(trying->doctor, trying->chat, DOCTOR_OK, NULL, "chat %s: %s%s%s",
                   trying->channel.telegram.chat_id, type != NULL ? type : "found",
                   title != NULL ? " " : "", title != NULL ? title : "");
    else
        doctor_end(trying->doctor, trying->chat, DOCTOR_FAIL,
                   "put the bot into the chat, and its id (a group's is below zero) into chat_id",
                   "chat %s: HTTP %ld: %s", trying->channel.telegram.chat_id, reply->status,
                   words_of(body));
    json_decref(body);
    free(trying);
}

static void ask_chat(struct trying *trying) {
    struct rf_error error;
    char *body = NULL;
    json_t *object = json_pack("{s:s}", "chat_id", trying->channel.telegram.chat_id);
    body = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    enum rf_err result = body != NULL ? ask_telegram(trying, "getChat", body, on_chat, &error)
                                      : rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
    free(body);
    if (result == RF_OK)
        return;
    doctor_send_failed(trying->doctor, trying->chat, &error);
    free(trying);
}

static void on_bot(void *arg, const struct rf_http_reply *reply) {
    struct trying *trying = arg;
    json_t *body = json_loadb(reply->body, reply->body_size, 0, NULL);
    const char *name =
        json_string_value(json_object_get(json_object_get(body, "result"), "username"));
    bool good = reply->failure == RF_HTTP_NONE && reply->status == 200;
    if (reply->failure != RF_HTTP_NONE)
        fail_transport(trying, trying->check, reply);
    else if (good)
        doctor_end(trying->doctor, trying->check, DOCTOR_OK, NULL, "the bot is %s",
                   name != NULL ? name : "there");
    else
        doctor_end(trying->doctor, trying->check, DOCTOR_FAIL,
                   "take the token from BotFather (/token), as a file of mode 0600",
                   "the token is not accepted: HTTP %ld: %s", reply->status, words_of(body));
    json_decref(body);
    if (good && trying->chat != NULL) {
        ask_chat(trying);
        return;
    }
    doctor_end(trying->doctor, trying->chat, DOCTOR_SKIPPED, NULL, "the bot cannot be asked");
    free(trying);
}

static void try_telegram(struct trying *trying) {
    struct rf_error error;
    if (trying->channel.telegram.token.value == NULL)
        rf_error_set(&error, RF_ERR_INVALID, "there is no token");
    else if (ask_telegram(trying, "getMe", "{}", on_bot, &error) == RF_OK)
        return;
    doctor_send_failed(trying->doctor, trying->check, &error);
    doctor_end(trying->doctor, trying->chat, DOCTOR_SKIPPED, NULL, "the bot cannot be asked");
    free(trying);
}

// ---- webhook ----

static bool hold_back(void *arg) {
    (void)arg;
    return false;
}

static void on_webhook(void *arg, const struct rf_http_reply *reply) {
    struct trying *trying = arg;
    char steps[DOCTOR_TEXT_SIZE];
    doctor_steps(&trying->trace, steps, sizeof steps);
    // The step at which it was held back is none of the connection's.
    char *last = strstr(steps, ", reply");
    if (last != NULL)
        *last = '\0';
    if (reply->failure == RF_HTTP_HELD_BACK)
        doctor_end(trying->doctor, trying->check, DOCTOR_OK, NULL, "%s; nothing was sent", steps);
    else
        fail_transport(trying, trying->check, reply);
    free(trying);
}

static void try_webhook(struct trying *trying) {
    const struct rf_config_webhook *webhook = &trying->channel.webhook;
    struct doctor *doctor = trying->doctor;
    const struct rf_http_request request = {.method = "GET",
                                            .url = webhook->url,
                                            .ca_file = webhook->ca_file,
                                            .connect_timeout = doctor->options->timeout,
                                            .timeout = doctor->options->timeout,
                                            .max_body_bytes = REPLY_BYTES,
                                            .fresh = true,
                                            .trace = &trying->trace,
                                            .written = hold_back};
    struct rf_error error;
    trying->trace.hidden[0] = webhook->secret.value;
    trying->trace.hidden[1] = webhook->url; // a service's is as good as a password
    if (rf_http_send(doctor->http, &request, on_webhook, trying, NULL, &error) == RF_OK)
        return;
    rf_error_set(&error, RF_ERR_INVALID, "its address cannot be used");
    doctor_send_failed(doctor, trying->check, &error);
    free(trying);
}

// ---- all of them ----

static const struct {
    const char *group, *member;
    void (*try)(struct trying *trying);
} kinds[RF_CHANNEL_KIND_COUNT] = {
    [RF_CHANNEL_EMAIL] = {"mail", "url", try_mail},
    [RF_CHANNEL_TELEGRAM] = {"telegram", "base_url", try_telegram},
    [RF_CHANNEL_WEBHOOK] = {"webhook", "url", try_webhook},
};

static struct trying *trying_new(struct doctor *doctor, const struct rf_channel *channel) {
    const char *group = kinds[channel->kind].group;
    char subject[DOCTOR_NAME_SIZE];
    struct trying *trying = calloc(1, sizeof *trying);
    if (trying == NULL)
        return NULL;
    trying->doctor = doctor;
    trying->channel = *channel;
    place_of(trying, kinds[channel->kind].member, trying->key, sizeof trying->key);
    trying->check = doctor_new_check(doctor, group, channel->name);
    if (!channel->enabled) {
        doctor_end(doctor, trying->check, DOCTOR_SKIPPED, NULL, "not enabled");
        trying->check = NULL;
    } else if (channel->kind == RF_CHANNEL_TELEGRAM) {
        snprintf(subject, sizeof subject, "%s/chat", channel->name);
        trying->chat = doctor_new_check(doctor, group, subject);
    }
    if (trying->check != NULL || trying->chat != NULL)
        return trying;
    free(trying);
    return NULL;
}

void doctor_channels(struct doctor *doctor) {
    struct rf_channels channels;
    struct trying *all[RF_CHANNELS_MOST];
    size_t count = 0;
    rf_channels_make(&channels, &doctor->config->alerter, NULL);
    for (int kind = 0; kind < RF_CHANNEL_KIND_COUNT; kind++)
        for (size_t i = 0; i < RF_CHANNELS_MOST; i++) {
            const struct rf_channel *channel = &channels.slots[i];
            bool wanted = channel->name[0] != '\0' && channel->kind == (enum rf_channel_kind)kind;
            struct trying *trying = wanted ? trying_new(doctor, channel) : NULL;
            if (trying != NULL)
                all[count++] = trying;
        }
    for (size_t i = 0; i < count; i++)
        kinds[all[i]->channel.kind].try(all[i]);
}
