// Further channels of the alerter: what each may say, and its name among the others.
#include <stdio.h>
#include <string.h>

#include "config/address.h"
#include "config/check.h"
#include "config/config.h"
#include "config/rows.h"
#include "mail/mailbox.h"

#define NAME_MOST 32

#define AT(member) offsetof(struct rf_config_channel, member)
#define TEXT(key_, type_, at, help_)                                                               \
    { .key = (key_), .type = RF_CONFIG_##type_, .offset = (at), .help = (help_) }

static const struct rf_config_row rows[] = {
    TEXT("name", TEXT, AT(name), "its name: lower case letters, digits and -"),
    {.key = "kind",
     .type = RF_CONFIG_WORD,
     .offset = AT(kind),
     .words = "email|telegram|webhook",
     .fallback = "webhook",
     .help = "how it is reached"},
    {.key = "enabled",
     .type = RF_CONFIG_BOOL,
     .offset = AT(enabled),
     .fallback = "yes",
     .help = "no: it is told nothing, and what waits for it goes on waiting"},
    {.key = "severity",
     .type = RF_CONFIG_WORD,
     .offset = AT(limits.severity),
     .words = "info|warning|error|critical",
     .fallback = "info",
     .help = "what is less severe is not told on it"},
    {.key = "rate",
     .type = RF_CONFIG_COUNT,
     .offset = AT(limits.rate),
     .fallback = "0",
     .most = 6000,
     .help = "notices a minute at most; 0: as its kind allows (Telegram 20, Discord 30, Slack 60, "
             "PagerDuty 120, others without limit)"},
    {.key = "shape",
     .type = RF_CONFIG_WORD,
     .offset = AT(shape),
     .words = RF_WEBHOOK_SHAPES,
     .fallback = "generic",
     .help = "of a webhook: generic is our own JSON; else what that service's webhooks take"},
    TEXT("url", TEXT, AT(url), "of a webhook: where to; of email: smtp(s)://HOST:PORT"),
    TEXT("secret", SECRET, AT(secret),
         "of a webhook: whsec_..., signs after Standard Webhooks; of pagerduty: the routing key"),
    TEXT("from", TEXT, AT(from), "of email: the sender's address"),
    TEXT("to", TEXT, AT(to), "of email: one address, or several separated by commas"),
    TEXT("user", TEXT, AT(user), "of email: without it there is no authentication"),
    TEXT("password", SECRET, AT(password), "of email: of the user"),
    {.key = "require_tls",
     .type = RF_CONFIG_BOOL,
     .offset = AT(require_tls),
     .fallback = "yes",
     .help = "of email: STARTTLS must succeed on smtp://"},
    TEXT("base_url", BASE_URL, AT(base_url),
         "of telegram: address of the API; without it https://api.telegram.org"),
    TEXT("token", SECRET, AT(token), "of telegram: the bot's token"),
    TEXT("chat_id", TEXT, AT(chat_id), "of telegram: where to"),
    TEXT("ca_file", PATH, AT(ca_file), "further trusted certificates (PEM)"),
};

static bool is_name(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length <= NAME_MOST && name[length] == '\0';
}

static bool has_email_keys(const struct rf_config_channel *channel) {
    return channel->from != NULL || channel->to != NULL || channel->user != NULL ||
           channel->password.value != NULL;
}

static bool has_telegram_keys(const struct rf_config_channel *channel) {
    return channel->base_url != NULL || channel->chat_id != NULL || channel->token.value != NULL;
}

static bool has_webhook_keys(const struct rf_config_channel *channel) {
    return channel->shape != RF_SHAPE_GENERIC || channel->secret.value != NULL;
}

static const char *email_problem(const struct rf_config_channel *channel) {
    if (has_telegram_keys(channel) || has_webhook_keys(channel))
        return "is of kind email and has keys of another kind; expected url, from, to, user, "
               "password, require_tls, ca_file";
    if (channel->url == NULL || !rf_address_url(channel->url, "smtp", true))
        return "has no mail server; expected url: smtp://HOST:PORT or smtps://HOST:PORT";
    if (channel->from == NULL || channel->to == NULL)
        return "lacks from or to; expected the addresses of the sender and the receivers";
    if (channel->user != NULL && channel->password.value == NULL)
        return "has a user without a password; expected password: file:PATH or ${ENV}";
    return NULL;
}

static const char *telegram_problem(const struct rf_config_channel *channel) {
    if (has_email_keys(channel) || has_webhook_keys(channel) || channel->url != NULL)
        return "is of kind telegram and has keys of another kind; expected token, chat_id, "
               "base_url, ca_file";
    if (channel->token.value == NULL || channel->chat_id == NULL)
        return "lacks token or chat_id; expected token: file:PATH and the chat's number or @name";
    return NULL;
}

static const char *webhook_problem(const struct rf_config_channel *channel) {
    if (has_email_keys(channel) || has_telegram_keys(channel))
        return "is of kind webhook and has keys of another kind; expected shape, url, secret, "
               "ca_file";
    if (channel->url == NULL || !rf_address_url(channel->url, "http", false))
        return "has no address; expected url: https://HOST/PATH";
    if (channel->shape == RF_SHAPE_PAGERDUTY && channel->secret.value == NULL)
        return "has no routing key; expected secret: file:PATH or ${ENV}";
    return NULL;
}

static const char *problem(const void *item) {
    const struct rf_config_channel *channel = item;
    if (channel->name == NULL || !is_name(channel->name))
        return "has no name that can be used; expected lower case letters, digits and -, such as "
               "name: pager";
    switch (channel->kind) {
    case RF_CHANNEL_EMAIL:
        return email_problem(channel);
    case RF_CHANNEL_TELEGRAM:
        return telegram_problem(channel);
    case RF_CHANNEL_WEBHOOK:
        return webhook_problem(channel);
    }
    return NULL;
}

const struct rf_config_items rf_config_channel_items = {
    .size = sizeof(struct rf_config_channel),
    .most = RF_CHANNELS_MOST - RF_CHANNELS_FIXED,
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .expected = "a list of channels, each such as {name: pager, kind: webhook, url: "
                "\"https://pager.example/hook\", severity: critical}",
    .problem = problem,
};

static bool is_taken(const struct rf_config_channel *all, size_t index) {
    static const char *const fixed[RF_CHANNELS_FIXED] = {"email", "telegram", "webhook"};
    for (size_t i = 0; i < RF_CHANNELS_FIXED; i++)
        if (strcmp(fixed[i], all[index].name) == 0)
            return true;
    for (size_t i = 0; i < index; i++)
        if (strcmp(all[i].name, all[index].name) == 0)
            return true;
    return strcmp(all[index].name, "all") == 0;
}

static enum rf_err check_mailboxes(const struct check *check,
                                   const struct rf_config_channel *channel, const char *list) {
    struct rf_mailboxes mailboxes;
    struct rf_error why = {0};
    if (rf_mailboxes_parse(list, &mailboxes, &why) != RF_OK)
        return COMPLAIN(check, "alerter.channels", "channel %s: %s", channel->name, why.message);
    rf_mailboxes_fini(&mailboxes);
    return RF_OK;
}

enum rf_err check_channels(const struct check *check) {
    const struct rf_config_list *channels = &check->config->alerter.channels;
    const struct rf_config_channel *all = channels->items;
    enum rf_err err = RF_OK;
    for (size_t i = 0; i < channels->count; i++)
        if (is_taken(channels->items, i))
            return COMPLAIN(check, "alerter.channels",
                            "has the name %s a second time; expected names of their own beside "
                            "email, telegram, webhook and all",
                            ((const struct rf_config_channel *)channels->items)[i].name);
    for (size_t i = 0; err == RF_OK && i < channels->count; i++) {
        if (all[i].kind != RF_CHANNEL_EMAIL)
            continue;
        err = check_mailboxes(check, &all[i], all[i].from);
        if (err == RF_OK)
            err = check_mailboxes(check, &all[i], all[i].to);
    }
    return err;
}
