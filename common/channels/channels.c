#include "channels/channels.h"

#include <stdio.h>
#include <string.h>

#include "base/severity.h"

// What receivers are known to take, in notices a minute: Telegram's FAQ on limits (a group; one a
// second to one chat), Discord's webhooks (30 a minute; 5 in 2 s), Slack's incoming webhooks (1 a
// second), PagerDuty's Events API v2 (120 a minute for an integration).
#define TELEGRAM_A_MINUTE  20
#define DISCORD_A_MINUTE   30
#define SLACK_A_MINUTE     60
#define PAGERDUTY_A_MINUTE 120

static bool has_shape(const struct rf_channel *channel, enum rf_config_shape shape) {
    return channel->kind == RF_CHANNEL_WEBHOOK && channel->webhook.shape == shape;
}

static int64_t usual_rate(const struct rf_channel *channel) {
    if (channel->kind == RF_CHANNEL_TELEGRAM)
        return TELEGRAM_A_MINUTE;
    if (has_shape(channel, RF_SHAPE_DISCORD))
        return DISCORD_A_MINUTE;
    if (has_shape(channel, RF_SHAPE_SLACK))
        return SLACK_A_MINUTE;
    return has_shape(channel, RF_SHAPE_PAGERDUTY) ? PAGERDUTY_A_MINUTE : 0;
}

static void set_limits(struct rf_channel *channel, const struct rf_config_channel_limits *limits) {
    const unsigned all = 0xF;
    int64_t rate = limits->rate > 0 ? limits->rate : usual_rate(channel);
    bool spaced = channel->kind == RF_CHANNEL_TELEGRAM || has_shape(channel, RF_SHAPE_DISCORD) ||
                  has_shape(channel, RF_SHAPE_SLACK);
    channel->takes = all & (all << limits->severity);
    channel->spacing = RF_RATE_LIMIT_POLICY_DEFAULT;
    channel->pace = RF_RATE_LIMIT_POLICY_DEFAULT;
    if (spaced && rate <= 60)
        channel->spacing.rate = 1;
    // A quarter at once after a rest, and the others spread, so that no minute has more than
    // `rate`.
    channel->pace.burst = rate < 4 ? 1 : rate / 4;
    channel->pace.rate = rate < 4 ? (double)rate / 60 : (double)(rate - channel->pace.burst) / 60;
}

static void set_name(struct rf_channel *channel, const char *name, enum rf_channel_kind kind) {
    snprintf(channel->name, sizeof channel->name, "%s", name);
    channel->kind = kind;
}

static void make_fixed(struct rf_channel *slots, const struct rf_config_alerter *config) {
    struct rf_channel *email = &slots[0], *telegram = &slots[1], *webhook = &slots[2];
    set_name(email, "email", RF_CHANNEL_EMAIL);
    email->enabled = config->email.enabled;
    email->email = config->email;
    set_limits(email, &config->email.limits);
    set_name(telegram, "telegram", RF_CHANNEL_TELEGRAM);
    telegram->enabled = config->telegram.enabled;
    telegram->telegram = config->telegram;
    set_limits(telegram, &config->telegram.limits);
    set_name(webhook, "webhook", RF_CHANNEL_WEBHOOK);
    webhook->enabled = config->webhook.enabled;
    webhook->webhook = config->webhook;
    set_limits(webhook, &config->webhook.limits);
}

static void set_settings(struct rf_channel *channel, const struct rf_config_channel *item) {
    switch (channel->kind) {
    case RF_CHANNEL_EMAIL:
        channel->email = (struct rf_config_email){.enabled = item->enabled,
                                                  .limits = item->limits,
                                                  .url = item->url,
                                                  .from = item->from,
                                                  .to = item->to,
                                                  .user = item->user,
                                                  .password = item->password,
                                                  .ca_file = item->ca_file,
                                                  .require_tls = item->require_tls};
        break;
    case RF_CHANNEL_TELEGRAM:
        channel->telegram = (struct rf_config_telegram){
            .enabled = item->enabled,
            .limits = item->limits,
            .base_url = item->base_url != NULL ? item->base_url
                                               : (char *)(uintptr_t) "https://api.telegram.org",
            .token = item->token,
            .chat_id = item->chat_id,
            .ca_file = item->ca_file};
        break;
    case RF_CHANNEL_WEBHOOK:
        channel->webhook = (struct rf_config_webhook){.enabled = item->enabled,
                                                      .limits = item->limits,
                                                      .shape = item->shape,
                                                      .url = item->url,
                                                      .secret = item->secret,
                                                      .ca_file = item->ca_file};
        break;
    }
}

static void make_further(struct rf_channel *channel, const struct rf_config_channel *item) {
    set_name(channel, item->name, item->kind);
    channel->enabled = item->enabled;
    set_settings(channel, item);
    set_limits(channel, &item->limits);
}

static struct rf_channel *free_slot(struct rf_channels *channels) {
    size_t slot = 0;
    while (channels->slots[slot].name[0] != '\0')
        slot++;
    return &channels->slots[slot];
}

// First those that keep a slot, so that a new one cannot take it. The configuration has no more
// than there is room for.
void rf_channels_make(struct rf_channels *channels, const struct rf_config_alerter *config,
                      const struct rf_channels *before) {
    const struct rf_config_channel *items = config->channels.items;
    struct rf_channels made = {0};
    make_fixed(made.slots, config);
    for (size_t i = 0; before != NULL && i < config->channels.count; i++) {
        int slot = rf_channels_find(before, items[i].name);
        if (slot >= 0)
            make_further(&made.slots[slot], &items[i]);
    }
    for (size_t i = 0; i < config->channels.count; i++)
        if (rf_channels_find(&made, items[i].name) < 0)
            make_further(free_slot(&made), &items[i]);
    *channels = made;
}

unsigned rf_channels_enabled(const struct rf_channels *channels) {
    unsigned bits = 0;
    for (unsigned slot = 0; slot < RF_CHANNELS_MOST; slot++)
        bits |= channels->slots[slot].enabled ? 1U << slot : 0U;
    return bits;
}

unsigned rf_channels_acks(const struct rf_channels *channels) {
    unsigned bits = 0;
    for (unsigned slot = 0; slot < RF_CHANNELS_MOST; slot++)
        bits |= has_shape(&channels->slots[slot], RF_SHAPE_PAGERDUTY) ? 1U << slot : 0U;
    return bits;
}

// Of a severity that is not known, all are told.
unsigned rf_channels_taking(const struct rf_channels *channels, const char *severity) {
    int rank = rf_severity_parse(severity);
    unsigned bits = 0, wanted = rank >= 0 ? 1U << rank : 0xF;
    for (unsigned slot = 0; slot < RF_CHANNELS_MOST; slot++)
        bits |= channels->slots[slot].takes & wanted ? 1U << slot : 0U;
    return bits & rf_channels_enabled(channels);
}

int rf_channels_find(const struct rf_channels *channels, const char *name) {
    for (int slot = 0; name[0] != '\0' && slot < RF_CHANNELS_MOST; slot++)
        if (strcmp(channels->slots[slot].name, name) == 0)
            return slot;
    return -1;
}

unsigned rf_channels_named(const struct rf_channels *channels, const char *names) {
    unsigned bits = 0;
    bool all = names == NULL || strcmp(names, "all") == 0;
    for (unsigned slot = 0; all && slot < RF_CHANNELS_MOST; slot++)
        bits |= channels->slots[slot].name[0] != '\0' ? 1U << slot : 0U;
    while (!all && *names != '\0') {
        char name[RF_CHANNEL_NAME_SIZE];
        size_t length = strcspn(names, ", ");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        int slot = length < sizeof name ? rf_channels_find(channels, name) : -1;
        bits |= slot >= 0 ? 1U << slot : 0U;
        names += length;
        names += strspn(names, ", ");
    }
    return bits;
}

struct rf_channel_names rf_channels_names(const struct rf_channels *channels) {
    struct rf_channel_names names;
    for (size_t slot = 0; slot < RF_CHANNELS_MOST; slot++)
        memcpy(names.names[slot], channels->slots[slot].name, RF_CHANNEL_NAME_SIZE);
    return names;
}
