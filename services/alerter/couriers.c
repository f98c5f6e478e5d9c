#include "couriers.h"

#include <inttypes.h>
#include <stdlib.h>

#include <ringfence/bus.h>

#include "base/log.h"
#include "config/config.h"
#include "events/text.h"
#include "runtime/service.h"

#define GONE "the channel is not in the configuration any more"

static enum rf_err hire(struct rf_couriers *couriers, const struct rf_channel *channel,
                        struct rf_courier **courier, struct rf_error *error) {
    *courier = malloc(sizeof **courier);
    if (*courier == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for channel %s", channel->name);
    rf_courier_init(*courier, &couriers->means, channel);
    return RF_OK;
}

static void dismiss(struct rf_courier **courier) {
    if (*courier != NULL)
        rf_courier_fini(*courier);
    free(*courier);
    *courier = NULL;
}

enum rf_err rf_couriers_init(struct rf_couriers *couriers, const struct rf_courier_means *means,
                             struct rf_error *error) {
    enum rf_err result = RF_OK;
    *couriers = (struct rf_couriers){.means = *means};
    rf_channels_make(&couriers->channels, &means->process->config->alerter, NULL);
    for (size_t i = 0; result == RF_OK && i < RF_CHANNELS_MOST; i++)
        if (couriers->channels.slots[i].name[0] != '\0')
            result = hire(couriers, &couriers->channels.slots[i], &couriers->items[i], error);
    return result;
}

enum rf_err rf_couriers_load(struct rf_couriers *couriers, const char *channel,
                             const struct rf_delivery *delivery, struct rf_error *error) {
    int slot = rf_channels_find(&couriers->channels, channel);
    int64_t retries = couriers->means.process->config->alerter.retry.max_retries;
    struct rf_delivery kept = *delivery;
    kept.told = kept.refused || kept.attempts > retries;
    return slot < 0 ? RF_OK : rf_outbox_add(&couriers->items[slot]->outbox, &kept, error);
}

void rf_couriers_restore(void *arg, const struct rf_channel_state *state) {
    struct rf_couriers *couriers = arg;
    int slot = rf_channels_find(&couriers->channels, state->name);
    if (slot >= 0)
        rf_courier_restore(couriers->items[slot], state);
}

static void on_buried(void *arg, const char *channel, int64_t count) {
    struct rf_couriers *couriers = arg;
    struct rf_event event = {
        .type = rf_event_type_name(RF_EVENT_ALERT_DEAD),
        .subject = channel,
        .data = json_pack("{s:I, s:s}", "count", (json_int_t)count, "message", GONE)};
    struct rf_error error;
    rf_log(RF_LOG_ERROR,
           "%" PRId64 " notices are dead letters: channel %s is not in the "
           "configuration any more",
           count, channel);
    if (rf_bus_publish(couriers->means.process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot tell %s: %s", event.type, error.message);
    json_decref(event.data);
}

void rf_couriers_bury(struct rf_couriers *couriers) {
    struct rf_channel_names names = rf_channels_names(&couriers->channels);
    struct rf_error error;
    if (rf_ledger_bury(couriers->means.ledger, &names, GONE, on_buried, couriers, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
}

void rf_couriers_add(struct rf_couriers *couriers, const struct rf_alert *alert,
                     const struct rf_channel_names *names, struct rf_utc made) {
    bool gone = false;
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++) {
        struct rf_delivery delivery = {.alert = (char *)(uintptr_t)alert->id,
                                       .incident = alert->incident,
                                       .concerns = alert->concerns,
                                       .n = alert->order,
                                       .due = made,
                                       .made = made};
        struct rf_error error;
        if (!(alert->channels & 1U << i))
            continue;
        int slot = rf_channels_find(&couriers->channels, names->names[i]);
        gone = gone || slot < 0;
        // It is in the database all the same, so that the next start takes it up.
        if (slot >= 0 && rf_outbox_add(&couriers->items[slot]->outbox, &delivery, &error) != RF_OK)
            rf_log(RF_LOG_ERROR, "alert %s waits for the next start: %s", alert->id, error.message);
    }
    if (gone)
        rf_couriers_bury(couriers);
}

// ---- again ----

bool rf_couriers_takes(const struct rf_couriers *couriers, const char *channel) {
    int slot = rf_channels_find(&couriers->channels, channel);
    return slot >= 0 && couriers->channels.slots[slot].enabled;
}

json_t *rf_couriers_taking(const struct rf_couriers *couriers) {
    json_t *names = json_array();
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        if (couriers->channels.slots[i].enabled)
            json_array_append_new(names, json_string(couriers->channels.slots[i].name));
    return names;
}

enum rf_err rf_couriers_refuse(const struct rf_couriers *couriers, const json_t *channels,
                               struct rf_error *error) {
    struct rf_text text = {0};
    json_t *taking = rf_couriers_taking(couriers);
    for (size_t i = 0; i < json_array_size(channels); i++) {
        const char *name =
            json_string_value(json_object_get(json_array_get(channels, i), "channel"));
        bool known = rf_channels_find(&couriers->channels, name) >= 0;
        rf_text_add(&text, "%schannel ", i > 0 ? ", " : "");
        rf_text_add_clean(&text, name, RF_CHANNEL_NAME_SIZE);
        rf_text_add(&text, known ? " is not enabled" : " is not in the configuration");
    }
    rf_text_add(&text, json_array_size(taking) == 0 ? "; none is enabled" : "; enabled are");
    for (size_t i = 0; i < json_array_size(taking); i++)
        rf_text_add(&text, "%s %s", i > 0 ? "," : "", json_string_value(json_array_get(taking, i)));
    json_decref(taking);
    rf_error_set(error, RF_ERR_INVALID, "%s",
                 text.failed ? "a channel takes no notices" : text.data);
    rf_text_fini(&text);
    return RF_ERR_INVALID;
}

static char *text_of(const json_t *row, const char *name) {
    return (char *)(uintptr_t)json_string_value(json_object_get(row, name));
}

// Of a channel that is gone it becomes a dead letter again.
void rf_couriers_resend(struct rf_couriers *couriers, json_t *resent, struct rf_utc now) {
    bool gone = false;
    for (size_t i = 0; i < json_array_size(resent); i++) {
        json_t *row = json_array_get(resent, i);
        char *concerns = text_of(row, "concerns");
        struct rf_delivery delivery = {
            .alert = text_of(row, "alert"),
            .incident = text_of(row, "incident"),
            .concerns = concerns == NULL || concerns[0] == '\0' ? NULL : concerns,
            .n = json_integer_value(json_object_get(row, "order")),
            .due = now,
            .made = now};
        struct rf_error error;
        int slot = rf_channels_find(&couriers->channels, text_of(row, "channel"));
        gone = gone || slot < 0;
        if (slot >= 0 && rf_outbox_add(&couriers->items[slot]->outbox, &delivery, &error) != RF_OK)
            rf_log(RF_LOG_ERROR, "alert %s waits for the next start: %s", delivery.alert,
                   error.message);
        json_object_del(row, "concerns"); // nothing for the caller
    }
    if (gone)
        rf_couriers_bury(couriers);
    rf_couriers_kick(couriers);
}

void rf_couriers_kick(struct rf_couriers *couriers) {
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        if (couriers->items[i] != NULL)
            rf_courier_kick(couriers->items[i]);
}

// ---- reload ----

static enum rf_err hire_new(struct rf_couriers *couriers, const struct rf_channels *channels,
                            struct rf_courier **hired, struct rf_error *error) {
    enum rf_err result = RF_OK;
    for (size_t i = 0; result == RF_OK && i < RF_CHANNELS_MOST; i++) {
        const struct rf_channel *channel = &channels->slots[i];
        bool known = rf_channels_find(&couriers->channels, channel->name) >= 0;
        if (channel->name[0] != '\0' && !known)
            result = hire(couriers, channel, &hired[i], error);
    }
    for (size_t i = 0; result != RF_OK && i < RF_CHANNELS_MOST; i++)
        dismiss(&hired[i]);
    return result;
}

static void reap(struct rf_couriers *couriers) {
    struct rf_courier **place = &couriers->retired;
    while (*place != NULL) {
        struct rf_courier *courier = *place;
        if (courier->busy || rf_ledger_pending(couriers->means.ledger)) {
            place = &courier->next;
            continue;
        }
        *place = courier->next;
        dismiss(&courier);
    }
}

// It may be at work, so it is freed at a later reload, or at the end.
static void retire(struct rf_couriers *couriers, size_t slot) {
    struct rf_courier *courier = couriers->items[slot];
    couriers->items[slot] = NULL;
    rf_courier_retire(courier);
    courier->next = couriers->retired;
    couriers->retired = courier;
}

enum rf_err rf_couriers_reload(struct rf_couriers *couriers, const struct rf_config_alerter *fresh,
                               struct rf_error *error) {
    struct rf_channels channels;
    struct rf_courier *hired[RF_CHANNELS_MOST] = {NULL};
    rf_channels_make(&channels, fresh, &couriers->channels);
    enum rf_err result = hire_new(couriers, &channels, hired, error);
    if (result != RF_OK)
        return result;
    reap(couriers);
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++) {
        const struct rf_channel *channel = &channels.slots[i];
        if (couriers->items[i] != NULL &&
            rf_channels_find(&channels, couriers->items[i]->channel.name) < 0)
            retire(couriers, i);
        if (hired[i] != NULL)
            couriers->items[i] = hired[i];
        if (couriers->items[i] != NULL)
            rf_courier_mend(couriers->items[i], channel, fresh);
    }
    couriers->channels = channels;
    rf_couriers_bury(couriers);
    return RF_OK;
}

// ---- the end ----

bool rf_couriers_busy(const struct rf_couriers *couriers) {
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        if (couriers->items[i] != NULL && couriers->items[i]->busy)
            return true;
    for (const struct rf_courier *c = couriers->retired; c != NULL; c = c->next)
        if (c->busy)
            return true;
    return false;
}

size_t rf_couriers_waiting(const struct rf_couriers *couriers) {
    size_t waiting = 0;
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        waiting += couriers->items[i] != NULL ? couriers->items[i]->outbox.count : 0;
    return waiting;
}

void rf_couriers_stop(struct rf_couriers *couriers) {
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        if (couriers->items[i] != NULL)
            rf_courier_stop(couriers->items[i]);
    for (struct rf_courier *c = couriers->retired; c != NULL; c = c->next)
        rf_courier_stop(c);
}

void rf_couriers_fini(struct rf_couriers *couriers) {
    for (size_t i = 0; i < RF_CHANNELS_MOST; i++)
        dismiss(&couriers->items[i]);
    while (couriers->retired != NULL) {
        struct rf_courier *next = couriers->retired->next;
        dismiss(&couriers->retired);
        couriers->retired = next;
    }
}
