#include "courier.h"

#include <string.h>

#include <ringfence/bus.h>
#include <ringfence/id.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "config/config.h"
#include "request.h"
#include "runtime/service.h"
#include "verdict.h"

// Deliveries are due by the wall clock; a timer never sleeps longer than this, so that a clock
// that was put forward or back is noticed.
#define LONGEST_SLEEP rf_seconds(30)
#define SHORT_REST    rf_seconds(1)

static void on_timer(void *arg) {
    rf_courier_kick(arg);
}

static void sleep_until(struct rf_courier *courier, struct rf_utc wake, struct rf_utc now) {
    struct rf_duration wait = rf_utc_since(wake, now);
    if (wake.ns == INT64_MAX) {
        rf_timer_stop(&courier->timer);
        return;
    }
    rf_timer_after(&courier->timer, wait.ns < LONGEST_SLEEP.ns ? wait : LONGEST_SLEEP);
}

static void leave(struct rf_courier *courier) {
    courier->busy = false;
    if (courier->process->draining)
        courier->idle(courier->arg);
    else
        rf_courier_kick(courier);
}

static void publish(struct rf_courier *courier, enum rf_event_type type, json_t *data) {
    struct rf_event event = {
        .type = rf_event_type_name(type), .subject = courier->channel.name, .data = data};
    struct rf_error error;
    if (rf_bus_publish(courier->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot tell %s: %s", event.type, error.message);
    json_decref(data);
}

static void on_sent_stored(void *arg, const char *alert, const char *type, int64_t attempts) {
    RF_CRASH_POINT(alerter, delivery_stored);
    publish(arg, RF_EVENT_ALERT_SENT,
            json_pack("{s:s, s:s, s:I}", "alert", alert, "event", type, "attempts",
                      (json_int_t)attempts));
}

// The provider took it before this line; a kill between the two repeats it under the same id.
static void settle(struct rf_courier *courier, const struct rf_verdict *verdict) {
    const struct rf_alert *alert = &courier->reading.alert;
    struct rf_settlement settlement =
        rf_outbox_settle(&courier->outbox, verdict->outcome, verdict->retry_after, rf_clock_utc());
    struct rf_error error;
    if (verdict->outcome == RF_OUTCOME_OK)
        RF_CRASH_POINT(alerter, delivered);
    if (rf_ledger_settle(courier->ledger, alert, courier->channel.name, &settlement,
                         verdict->message, settlement.done ? on_sent_stored : NULL, courier,
                         &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
    if (!settlement.done && settlement.tell)
        publish(courier, RF_EVENT_ALERT_FAILED,
                json_pack("{s:s, s:s, s:I, s:s, s:b}", "alert", alert->id, "event", alert->type,
                          "attempts", (json_int_t)settlement.attempts, "message", verdict->message,
                          "final", settlement.final));
}

static void on_reply(void *arg, const struct rf_http_reply *reply);

// A request that cannot be made for its settings bars the channel until they are mended.
static void on_not_sent(struct rf_courier *courier, enum rf_err result,
                        const struct rf_error *error) {
    struct rf_verdict verdict = {.outcome = result == RF_ERR_INVALID ? RF_OUTCOME_BARRED
                                                                     : RF_OUTCOME_TRANSIENT};
    size_t length = strnlen(error->message, sizeof verdict.message - 1);
    memcpy(verdict.message, error->message, length);
    settle(courier, &verdict);
    leave(courier);
}

static void send_alert(struct rf_courier *courier) {
    const struct rf_alert *first = &courier->reading.first;
    struct rf_sending sending = {.http = courier->http,
                                 .config = &courier->process->config->alerter,
                                 .forms = *courier->forms,
                                 .channel = &courier->channel,
                                 .alert = &courier->reading.alert,
                                 .first = first->id[0] == '\0' ? NULL : first,
                                 .manner = &courier->manner,
                                 .now = rf_clock_utc()};
    struct rf_error error;
    enum rf_err result = rf_request_send(&sending, on_reply, courier, &courier->transfer, &error);
    if (result != RF_OK)
        on_not_sent(courier, result, &error);
}

// One address of several that is refused for good must not keep the alert from the others. One that
// is refused for now does: the mail comes again, for all.
static bool may_be_partial(const struct rf_courier *courier, const struct rf_verdict *verdict) {
    const char *to = courier->channel.email.to;
    return courier->channel.kind == RF_CHANNEL_EMAIL && verdict->outcome == RF_OUTCOME_REFUSED &&
           !courier->manner.partial && to != NULL && strchr(to, ',') != NULL;
}

// The chat stays the new one until the configuration is read again: the old one answers with it
// each time.
static void tell_remedy(const struct rf_courier *courier, const struct rf_verdict *verdict) {
    if (verdict->remedy == RF_REMEDY_CHAT)
        rf_log(
            RF_LOG_WARNING,
            "%s: the group is a supergroup now, and its number is %s: set the chat_id of channel "
            "%s to it",
            courier->channel.name, verdict->migrated, courier->channel.name);
    else
        rf_log(RF_LOG_WARNING, "%s: alert %s is sent again in another form: %s",
               courier->channel.name, courier->reading.alert.id, verdict->message);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct rf_courier *courier = arg;
    courier->transfer = NULL;
    struct rf_verdict verdict = rf_verdict_of(courier->channel.kind, courier->channel.webhook.shape,
                                              reply, rf_http_retry_after(reply, rf_clock_utc()));
    rf_request_hide(&courier->channel, verdict.message);
    if (may_be_partial(courier, &verdict)) {
        courier->manner.partial = true;
        send_alert(courier);
        return;
    }
    if (rf_manner_adapt(&courier->manner, &verdict)) {
        tell_remedy(courier, &verdict);
        send_alert(courier);
        return;
    }
    settle(courier, &verdict);
    leave(courier);
}

static void give_back(struct rf_courier *courier) {
    rf_outbox_give_back(&courier->outbox, rf_utc_add(rf_clock_utc(), SHORT_REST));
    leave(courier);
}

static void on_read(void *arg, enum rf_err result, const struct rf_error *error) {
    struct rf_courier *courier = arg;
    struct rf_process *process = courier->process;
    if (courier->http == NULL) // stopped
        return;
    if (result != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s: %s", courier->channel.name, error->message);
        give_back(courier);
        return;
    }
    if (process->draining || courier->retired) { // nothing new is begun
        give_back(courier);
        return;
    }
    rf_manner_reset(&courier->manner);
    send_alert(courier);
}

void rf_courier_init(struct rf_courier *courier, const struct rf_courier_means *means,
                     const struct rf_channel *channel) {
    *courier = (struct rf_courier){.process = means->process,
                                   .ledger = means->ledger,
                                   .http = means->http,
                                   .forms = means->forms,
                                   .channel = *channel,
                                   .reading = {.done = on_read, .arg = courier},
                                   .idle = means->idle,
                                   .arg = means->arg};
    rf_outbox_init(&courier->outbox, &means->process->config->alerter.retry, rf_random_u64());
    rf_timer_init(&courier->timer, means->process->loop, on_timer, courier);
}

void rf_courier_stop(struct rf_courier *courier) {
    rf_timer_stop(&courier->timer);
    if (courier->transfer != NULL)
        rf_http_cancel(courier->transfer);
    courier->transfer = NULL;
    courier->http = NULL;
}

void rf_courier_fini(struct rf_courier *courier) {
    rf_alert_fini(&courier->reading.alert);
    rf_alert_fini(&courier->reading.first);
    rf_outbox_fini(&courier->outbox);
}

void rf_courier_kick(struct rf_courier *courier) {
    struct rf_utc now = rf_clock_utc(), wake;
    if (courier->busy || courier->process->draining || courier->retired ||
        !courier->channel.enabled)
        return;
    const struct rf_delivery *delivery = rf_outbox_take(&courier->outbox, now, &wake);
    if (delivery == NULL) {
        sleep_until(courier, wake, now);
        return;
    }
    courier->busy = true;
    rf_timer_stop(&courier->timer);
    memset(courier->reading.id, 0, sizeof courier->reading.id);
    memcpy(courier->reading.id, delivery->alert,
           strnlen(delivery->alert, sizeof courier->reading.id - 1));
    rf_ledger_read(courier->ledger, &courier->reading);
}

void rf_courier_mend(struct rf_courier *courier, const struct rf_channel *channel,
                     const struct rf_retry_policy *policy) {
    memset(&courier->manner, 0, sizeof courier->manner);
    courier->channel = *channel;
    rf_outbox_policy(&courier->outbox, policy);
    rf_outbox_retry_now(&courier->outbox, rf_clock_utc());
    rf_timer_after(&courier->timer, rf_ns(0));
}

void rf_courier_retire(struct rf_courier *courier) {
    courier->retired = true;
    rf_timer_stop(&courier->timer);
}
