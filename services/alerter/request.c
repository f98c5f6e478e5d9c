#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/text.h"
#include "format.h"

#define REPLY_BYTES   65536
#define CONNECT_LIMIT rf_seconds(10)

// What a sending needs besides its alert.
struct sending {
    struct rf_http *http;
    const struct rf_config_alerter *config;
    const struct rf_alert *alert;
    bool partial;
    struct rf_utc now;
    rf_http_fn *fn;
    void *arg;
    struct rf_http_transfer **transfer;
};

static struct rf_duration connect_timeout(const struct rf_config_alerter *config) {
    return config->timeout.ns < CONNECT_LIMIT.ns ? config->timeout : CONNECT_LIMIT;
}

static enum rf_err send_email(const struct sending *s, struct rf_error *error) {
    const struct rf_config_email *email = &s->config->email;
    char **from = NULL, **to = NULL, *message = NULL;
    size_t from_count = 0, to_count = 0;
    enum rf_err result = rf_email_addresses(email->from, &from, &from_count, error);
    if (result == RF_OK)
        result = rf_email_addresses(email->to, &to, &to_count, error);
    if (result == RF_OK)
        result = rf_format_email(s->alert, email->from, email->to, s->now, &message, error);
    if (result == RF_OK) {
        struct rf_mail mail = {
            .url = email->url,
            .from = from[0],
            .to = (const char *const *)to,
            .to_count = to_count,
            .user = email->user,
            .password = email->user == NULL ? NULL : email->password.value,
            .ca_file = email->ca_file,
            .require_tls = email->require_tls,
            .partial = s->partial,
            .message = message,
            .message_size = strlen(message),
            .connect_timeout = connect_timeout(s->config),
            .timeout = s->config->timeout,
        };
        result = rf_mail_send(s->http, &mail, s->fn, s->arg, s->transfer, error);
    }
    rf_email_addresses_free(&from);
    rf_email_addresses_free(&to);
    free(message);
    return result;
}

static enum rf_err post(const struct sending *s, const char *url, const char *ca_file,
                        const struct rf_http_header *headers, size_t header_count, const char *body,
                        struct rf_error *error) {
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
        .fresh = true, // a pooled connection can make libcurl send an alert twice
    };
    return rf_http_send(s->http, &request, s->fn, s->arg, s->transfer, error);
}

// The token is a part of the address, which therefore must not get into any log or error.
static enum rf_err send_telegram(const struct sending *s, struct rf_error *error) {
    const struct rf_config_telegram *telegram = &s->config->telegram;
    static const struct rf_http_header headers[] = {{"Content-Type", "application/json"}};
    struct rf_text url = {0};
    char *body = NULL;
    struct rf_error hidden;
    if (telegram->token.value == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "alerter.telegram.token is not set");
    enum rf_err result = rf_format_telegram(s->alert, telegram->chat_id, s->now, &body, error);
    if (result != RF_OK)
        return result;
    rf_text_add(&url, "%s/bot%s/sendMessage", telegram->base_url, telegram->token.value);
    if (url.failed)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for an address");
    else if ((result = post(s, url.data, telegram->ca_file, headers, 1, body, &hidden)) != RF_OK)
        rf_error_set(error, result, "alerter.telegram: the request cannot be made");
    rf_text_fini(&url);
    free(body);
    return result;
}

static enum rf_err send_webhook(const struct sending *s, struct rf_error *error) {
    const struct rf_config_webhook *webhook = &s->config->webhook;
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
        enum rf_err result = rf_webhook_sign(webhook->secret.value, s->alert->id, seconds,
                                             s->alert->payload, signature, error);
        if (result != RF_OK)
            return result;
    }
    return post(s, webhook->url, webhook->ca_file, headers, count, s->alert->payload, error);
}

enum rf_err rf_request_send(struct rf_http *http, const struct rf_config_alerter *config,
                            enum rf_channel channel, const struct rf_alert *alert, bool partial,
                            struct rf_utc now, rf_http_fn *fn, void *arg,
                            struct rf_http_transfer **transfer, struct rf_error *error) {
    struct sending sending = {http, config, alert, partial, now, fn, arg, transfer};
    switch (channel) {
    case RF_CHANNEL_EMAIL:
        return send_email(&sending, error);
    case RF_CHANNEL_TELEGRAM:
        return send_telegram(&sending, error);
    case RF_CHANNEL_WEBHOOK:
        return send_webhook(&sending, error);
    }
    return rf_error_set(error, RF_ERR_INVALID, "no such channel");
}
