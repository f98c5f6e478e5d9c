// Notices that a courier has had for too long: dead letters, and summaries of what is late.
#include <stdio.h>
#include <string.h>

#include <ringfence/id.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "config/config.h"
#include "courier_parts.h"
#include "events/field.h"
#include "runtime/service.h"

#define FOLD_AGAIN rf_seconds(60)
#define FOLD_LEAST 2 // a single one is sent as it is: it tells its age

static const struct rf_config_alerter *config_of(const struct rf_courier *courier) {
    return &courier->process->config->alerter;
}

static void on_dead_stored(void *arg, const char *alert, const char *type, int64_t attempts) {
    struct rf_courier *courier = arg;
    char span[RF_TIME_TEXT_SIZE];
    (void)type, (void)attempts;
    rf_courier_publish(courier, RF_EVENT_ALERT_DEAD,
                       json_pack("{s:s, s:i, s:s+}", "alert", alert, "count", 1, "message",
                                 "the channel did not take it within ",
                                 rf_span_text(config_of(courier)->dead_after, span)));
}

static void bury(struct rf_courier *courier, const struct rf_delivery *delivery) {
    struct rf_settlement settlement = {.dead = true, .attempts = delivery->attempts};
    struct rf_ledger_result result = {.alert = delivery->alert,
                                      .type = "",
                                      .channel = courier->channel.name,
                                      .settlement = &settlement,
                                      .message = "it was not tried in this time",
                                      .remote = ""};
    struct rf_error error;
    if (rf_ledger_settle(courier->ledger, &result, on_dead_stored, courier, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
    rf_outbox_drop(&courier->outbox, delivery->alert);
}

struct rf_utc rf_courier_expire(struct rf_courier *courier, struct rf_utc now) {
    struct rf_duration most = config_of(courier)->dead_after;
    struct rf_utc before = {now.ns - most.ns}, next;
    const struct rf_delivery *old;
    while ((old = rf_outbox_old(&courier->outbox, before, &next)) != NULL)
        bury(courier, old);
    return next.ns == INT64_MAX ? next : rf_utc_add(next, most);
}

bool rf_courier_fold(struct rf_courier *courier, struct rf_utc now) {
    const struct rf_delivery *found[RF_FOLD_MOST];
    struct rf_ledger_fold *fold = &courier->fold;
    struct rf_utc before = {now.ns - config_of(courier)->stale_after.ns};
    bool works = courier->fold_after.ns <= now.ns && !courier->outbox.failing &&
                 !courier->gate.down && courier->gate.breaker.state == RF_BREAKER_CLOSED;
    size_t stale = works ? rf_outbox_stale(&courier->outbox, before, found, RF_FOLD_MOST) : 0;
    size_t count = 0;
    for (size_t i = 0; i < stale; i++)
        if (!rf_ledger_is_fold(found[i]->incident))
            snprintf(fold->ids[count++], sizeof fold->ids[0], "%s", found[i]->alert);
    if (count < FOLD_LEAST)
        return false;
    memcpy(fold->channel, courier->channel.name, sizeof fold->channel);
    fold->count = count;
    fold->now = now;
    rf_ulid_new(now, fold->summary);
    courier->busy = true;
    rf_ledger_fold(courier->ledger, fold);
    return true;
}

// Should it fail, the notices go out one by one, each with its age.
void rf_courier_folded(void *arg, enum rf_err result, const struct rf_error *error) {
    struct rf_courier *courier = arg;
    const struct rf_ledger_fold *fold = &courier->fold;
    struct rf_delivery delivery = {.alert = (char *)(uintptr_t)fold->summary,
                                   .incident = (char *)(uintptr_t)fold->incident,
                                   .concerns = fold->concerns,
                                   .n = fold->order,
                                   .due = fold->now,
                                   .made = fold->now};
    struct rf_error trouble;
    RF_CRASH_POINT(alerter, folded);
    if (courier->http == NULL) // stopped
        return;
    if (result != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s: old notices cannot be folded: %s", courier->channel.name,
               error->message);
        courier->fold_after = rf_utc_add(fold->now, FOLD_AGAIN);
    }
    for (size_t i = 0; result == RF_OK && i < fold->count; i++)
        rf_outbox_drop(&courier->outbox, fold->ids[i]);
    if (result == RF_OK && rf_outbox_add(&courier->outbox, &delivery, &trouble) != RF_OK)
        rf_log(RF_LOG_ERROR, "alert %s waits for the next start: %s", fold->summary,
               trouble.message);
    rf_courier_leave(courier);
}
