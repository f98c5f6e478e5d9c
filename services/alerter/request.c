#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "events/text.h"
#include "format.h"

#define REPLY_BYTES   65536
#define CONNECT_LIMIT rf_seconds(10)

// A sending and who is told of its end.
struct order {
    const struct rf_sending *sending;
    rf_http_fn *fn;
    void *arg;
    struct rf_http_transfer **transfer;
};

static struct rf_duration connect_timeout(const struct rf_config_alerter *config) {
    return config->timeout.ns < CONNECT_LIMIT.ns ? config->timeout : CONNECT_LIMIT;
}

static void tell_trouble(const struct rf_error *trouble) {
    if (trouble->message[0] != '\0')
        rf_log(RF_LOG_ERROR, "%s", trouble->message);
}

static enum rf_err send_mail(const struct order *order, const struct rf_mailboxes *from,
                             const struct rf_mailboxes *to, struct rf_error *error) {
    const struct rf_sending *s = order->sending;
    const struct rf_config_email *email = &s->channel->email;
    struct rf_error trouble = {0};
    struct rf_email_form form = {.alert = s->alert,
                                 .first = s->first,
                                 .forms = s->forms,
                                 .from = from,
                                 .to = to,
                                 .now = s->now,
                                 .trouble = &trouble};
    char *message = NULL;
    const char **bare = calloc(s->recipients->count + 1, sizeof *bare);
    enum rf_err result = bare == NULL ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a mail")
                                      : rf_format_email(&form, &message, error);
    tell_trouble(&trouble);
    if (result == RF_OK && message != NULL) {
        struct rf_mail mail = {
            .url = email->url,
            .from = from->items[0].address,
            .to = bare,
            .to_count = rf_recipients_waiting(s->recipients, bare),
            .answers = s->recipients->answers,
            .user = email->user,
            .password = email->user == NULL ? NULL : email->password.value,
            .ca_file = email->ca_file,
            .require_tls = email->require_tls,
            .message = message,
            .message_size = strlen(message),
            // Not less: the greeting and the login are counted too, and a server may keep a client
            // waiting for its greeting, as spam does not (RFC 5321, 4.5.3.2.1: for minutes).
            .connect_timeout = s->config->timeout,
            .timeout = s->config->timeout,
            .trace = s->trace,
        };
        result = rf_mail_send(s->http, &mail, order->fn, order->arg, order->transfer, error);
    }
    free(bare);
    free(message);
    return result;
}

static enum rf_err parse_mailboxes(const char *name, const char *key, const char *list,
                                   struct rf_mailboxes *out, struct rf_error *error) {
    struct rf_error why;
    enum rf_err result = rf_mailboxes_parse(list, out, &why);
    if (result != RF_OK)
        rf_error_set(error, result, "channel %s, %s: %s", name, key, why.message);
    return result;
}

enum rf_err rf_request_recipients(const struct rf_channel *channel, const char *kept,
                                  struct rf_recipients *recipients, struct rf_error *error) {
    struct rf_mailboxes to = {0};
    enum rf_err result = parse_mailboxes(channel->name, "to", channel->email.to, &to, error);
    if (result == RF_OK)
        result = rf_recipients_make(recipients, &to, kept, error);
    rf_mailboxes_fini(&to);
    return result;
}

static enum rf_err send_email(const struct order *order, struct rf_error *error) {
    const struct rf_config_email *email = &order->sending->channel->email;
    struct rf_mailboxes from = {0}, to = {0};
    enum rf_err result =
        parse_mailboxes(order->sending->channel->name, "from", email->from, &from, error);
    if (result == RF_OK)
        result = parse_mailboxes(order->sending->channel->name, "to", email->to, &to, error);
    if (result == RF_OK)
        result = send_mail(order, &from, &to, error);
    rf_mailboxes_fini(&from);
    rf_mailboxes_fini(&to);
    return result;
}

static enum rf_err post(const struct order *order, const char *url, const char *ca_file,
                        const struct rf_http_header *headers, size_t header_count, const char *body,
                        struct rf_error *error) {
    const struct rf_sending *s = order->sending;
    struct rf_http_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = header_count,
        .body = body,
        .body_size = strlen(body),
        .ca_file = ca_file,
        .connect_timeout = connect_timeout(s->config),
        .timeout = s->config->timeout,
        .max_body_bytes = REPLY_BYTES,
        .trace = s->trace,
        .fresh = true, // a pooled connection can make libcurl send an alert twice
    };
    return rf_http_send(s->http, &request, order->fn, order->arg, order->transfer, error);
}

static enum rf_err call_telegram(const struct order *order, const char *method, const char *body,
                                 struct rf_error *error) {
    const struct rf_config_telegram *telegram = &order->sending->channel->telegram;
    static const struct rf_http_header headers[] = {{"Content-Type", "application/json"}};
    struct rf_text url = {0};
    struct rf_error hidden; // it can hold the address, and with it the token
    rf_text_add(&url, "%s/bot%s/%s", telegram->base_url, telegram->token.value, method);
    enum rf_err result = RF_OK;
    if (url.failed)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for an address");
    else if ((result = post(order, url.data, telegram->ca_file, headers, 1, body, &hidden)) !=
             RF_OK)
        rf_error_set(error, result, "channel %s: the request cannot be made",
                     order->sending->channel->name);
    rf_text_fini(&url);
    return result;
}

static enum rf_err send_telegram(const struct order *order, struct rf_error *error) {
    const struct rf_sending *s = order->sending;
    const struct rf_config_telegram *telegram = &s->channel->telegram;
    struct rf_error trouble = {0};
    const struct rf_manner *manner = s->manner;
    struct rf_telegram_form form = {.alert = s->alert,
                                    .forms = s->forms,
                                    .chat_id =
                                        manner->chat[0] != '\0' ? manner->chat : telegram->chat_id,
                                    .remote = s->remote,
                                    .anew = manner->anew,
                                    .plain = manner->plain,
                                    .now = s->now,
                                    .trouble = &trouble};
    const char *method;
    char *body = NULL;
    if (telegram->token.value == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "channel %s has no token", s->channel->name);
    enum rf_err result = rf_format_telegram(&form, &method, &body, error);
    tell_trouble(&trouble);
    if (result == RF_OK)
        result = call_telegram(order, method, body, error);
    free(body);
    return result;
}

static enum rf_err post_signed(const struct order *order, const char *body,
                               struct rf_error *error) {
    const struct rf_sending *s = order->sending;
    const struct rf_config_webhook *webhook = &s->channel->webhook;
    int64_t seconds = s->now.ns / RF_NS_PER_S;
    char timestamp[24], signature[RF_WEBHOOK_SIGNATURE_SIZE];
    struct rf_http_header headers[] = {
        {"Content-Type", "application/json"},
        {"webhook-id", s->alert->id},
        {"webhook-timestamp", timestamp},
        {"webhook-signature", signature},
    };
    snprintf(timestamp, sizeof timestamp, "%" PRId64, seconds);
    size_t count = webhook->secret.value == NULL ? 3 : 4;
    if (webhook->secret.value != NULL) {
        enum rf_err result =
            rf_webhook_sign(webhook->secret.value, s->alert->id, seconds, body, signature, error);
        if (result != RF_OK)
            return result;
    }
    return post(order, webhook->url, webhook->ca_file, headers, count, body, error);
}

// Discord tells a message's id only to who waits for it. A service's webhook address is a secret,
// so no error may hold it.
static enum rf_err post_to_service(const struct order *order, const char *body,
                                   struct rf_error *error) {
    const struct rf_config_webhook *webhook = &order->sending->channel->webhook;
    static const struct rf_http_header headers[] = {{"Content-Type", "application/json"}};
    struct rf_text url = {0};
    struct rf_error hidden;
    rf_text_add(&url, "%s", webhook->url);
    if (webhook->shape == RF_SHAPE_DISCORD && strstr(webhook->url, "wait=") == NULL)
        rf_text_add(&url, "%cwait=true", strchr(webhook->url, '?') == NULL ? '?' : '&');
    enum rf_err result = RF_OK;
    if (url.failed)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for an address");
    else if ((result = post(order, url.data, webhook->ca_file, headers, 1, body, &hidden)) != RF_OK)
        rf_error_set(error, result, "channel %s: the request cannot be made",
                     order->sending->channel->name);
    rf_text_fini(&url);
    return result;
}

static enum rf_err send_webhook(const struct order *order, struct rf_error *error) {
    const struct rf_sending *s = order->sending;
    const struct rf_config_webhook *webhook = &s->channel->webhook;
    struct rf_error trouble = {0};
    struct rf_webhook_form form = {.alert = s->alert,
                                   .forms = s->forms,
                                   .shape = webhook->shape,
                                   .secret = webhook->secret.value,
                                   .now = s->now,
                                   .trouble = &trouble};
    char *body = NULL;
    enum rf_err result = rf_format_webhook(&form, &body, error);
    tell_trouble(&trouble);
    if (result == RF_OK)
        result = webhook->shape == RF_SHAPE_GENERIC ? post_signed(order, body, error)
                                                    : post_to_service(order, body, error);
    free(body);
    return result;
}

enum rf_err rf_request_send(const struct rf_sending *sending, rf_http_fn *fn, void *arg,
                            struct rf_http_transfer **transfer, struct rf_error *error) {
    struct order order = {sending, fn, arg, transfer};
    switch (sending->channel->kind) {
    case RF_CHANNEL_EMAIL:
        return send_email(&order, error);
    case RF_CHANNEL_TELEGRAM:
        return send_telegram(&order, error);
    case RF_CHANNEL_WEBHOOK:
        return send_webhook(&order, error);
    }
    return rf_error_set(error, RF_ERR_INVALID, "no such channel");
}

// The address of a service's webhook is as good as a password.
void rf_request_secrets(const struct rf_channel *channel, const char **secrets) {
    const struct rf_config_webhook *webhook = &channel->webhook;
    bool service = webhook->shape == RF_SHAPE_SLACK || webhook->shape == RF_SHAPE_DISCORD;
    const char *const all[RF_HTTP_HIDDEN_MOST] = {
        channel->email.password.value, channel->telegram.token.value, webhook->secret.value,
        service ? webhook->url : NULL};
    memcpy(secrets, all, sizeof all);
}

void rf_request_hide(const struct rf_channel *channel, char *text) {
    const char *secrets[RF_HTTP_HIDDEN_MOST];
    rf_request_secrets(channel, secrets);
    for (size_t i = 0; i < RF_HTTP_HIDDEN_MOST; i++)
        rf_http_hide(text, secrets[i]);
}
