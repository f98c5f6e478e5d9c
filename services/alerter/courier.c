#include "courier_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

void rf_courier_leave(struct rf_courier *courier) {
    courier->busy = false;
    if (courier->process->draining)
        courier->idle(courier->arg);
    else
        rf_courier_kick(courier);
}

void rf_courier_publish(struct rf_courier *courier, enum rf_event_type type, json_t *data) {
    struct rf_event event = {
        .type = rf_event_type_name(type), .subject = courier->channel.name, .data = data};
    struct rf_error error;
    if (rf_bus_publish(courier->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "cannot tell %s: %s", event.type, error.message);
    json_decref(data);
}

static void on_sent_stored(void *arg, const char *alert, const char *type, int64_t attempts) {
    RF_CRASH_POINT(alerter, delivery_stored);
    rf_courier_publish(arg, RF_EVENT_ALERT_SENT,
                       json_pack("{s:s, s:s, s:I}", "alert", alert, "event", type, "attempts",
                                 (json_int_t)attempts));
}

static void tell_gate(struct rf_courier *courier, enum rf_gate_news news, const char *why) {
    struct rf_channel_state *state = &courier->state;
    if (news == RF_GATE_SAME)
        return;
    if (news == RF_GATE_DOWN) {
        state->down = rf_clock_utc();
        snprintf(state->why, sizeof state->why, "%s", why);
        rf_courier_publish(courier, RF_EVENT_CHANNEL_DOWN, json_pack("{s:s}", "message", why));
    } else {
        rf_courier_publish(courier, RF_EVENT_CHANNEL_UP,
                           json_pack("{s:I}", "since", (json_int_t)state->down.ns));
        state->down = (struct rf_utc){0};
        state->why[0] = '\0';
    }
    rf_ledger_keep_channel(courier->ledger, state);
}

// The provider took it before this line; a kill between the two repeats it under the same id.
static void settle(struct rf_courier *courier, const struct rf_verdict *verdict) {
    const struct rf_alert *alert = &courier->reading.alert;
    struct rf_settlement settlement =
        rf_outbox_settle(&courier->outbox, verdict->outcome, verdict->retry_after, rf_clock_utc());
    char *recipients = rf_recipients_keep(&courier->recipients);
    struct rf_ledger_result result = {.alert = alert->id,
                                      .type = alert->type,
                                      .channel = courier->channel.name,
                                      .settlement = &settlement,
                                      .message = verdict->message,
                                      .remote = verdict->remote,
                                      .recipients = recipients};
    struct rf_error error;
    if (verdict->outcome == RF_OUTCOME_OK || verdict->outcome == RF_OUTCOME_PARTIAL)
        RF_CRASH_POINT(alerter, delivered);
    if (rf_ledger_settle(courier->ledger, &result, settlement.done ? on_sent_stored : NULL, courier,
                         &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
    free(recipients);
    rf_courier_mail_tell(courier);
    if (!settlement.done && settlement.tell)
        rf_courier_publish(courier, RF_EVENT_ALERT_FAILED,
                           json_pack("{s:s, s:s, s:I, s:s, s:b}", "alert", alert->id, "event",
                                     alert->type, "attempts", (json_int_t)settlement.attempts,
                                     "message", verdict->message, "final", settlement.final));
    tell_gate(courier,
              rf_gate_settle(&courier->gate, verdict->outcome, settlement.final, rf_clock_now()),
              verdict->message);
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
    rf_courier_leave(courier);
}

static void send_alert(struct rf_courier *courier) {
    const struct rf_alert *first = &courier->reading.first;
    const char *remote = courier->reading.remote;
    struct rf_sending sending = {.http = courier->http,
                                 .config = &courier->process->config->alerter,
                                 .forms = *courier->forms,
                                 .channel = &courier->channel,
                                 .alert = &courier->reading.alert,
                                 .first = first->id[0] == '\0' ? NULL : first,
                                 .remote = remote[0] == '\0' ? NULL : remote,
                                 .manner = &courier->manner,
                                 .recipients = &courier->recipients,
                                 .now = rf_clock_utc()};
    struct rf_error error;
    enum rf_err result = rf_request_send(&sending, on_reply, courier, &courier->transfer, &error);
    if (result != RF_OK)
        on_not_sent(courier, result, &error);
}

static void keep_chat(struct rf_courier *courier, const char *chat) {
    snprintf(courier->state.chat, sizeof courier->state.chat, "%s", chat);
    snprintf(courier->state.chat_of, sizeof courier->state.chat_of, "%s",
             courier->channel.telegram.chat_id);
    rf_ledger_keep_channel(courier->ledger, &courier->state);
}

// Until the configuration has another one, the chat is the new one: the old one answers with it
// each time.
static void take_chat(struct rf_courier *courier) {
    const char *chat_id = courier->channel.telegram.chat_id;
    bool same = courier->channel.kind == RF_CHANNEL_TELEGRAM && chat_id != NULL &&
                strcmp(chat_id, courier->state.chat_of) == 0;
    snprintf(courier->manner.chat, sizeof courier->manner.chat, "%.*s",
             (int)sizeof courier->manner.chat - 1, same ? courier->state.chat : "");
}

static void tell_remedy(struct rf_courier *courier, const struct rf_verdict *verdict) {
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
    rf_courier_mail_judge(courier, &verdict);
    rf_request_hide(&courier->channel, verdict.message);
    if (rf_manner_adapt(&courier->manner, &verdict)) {
        tell_remedy(courier, &verdict);
        if (verdict.remedy == RF_REMEDY_CHAT)
            keep_chat(courier, verdict.migrated);
        send_alert(courier);
        return;
    }
    settle(courier, &verdict);
    rf_courier_leave(courier);
}

static void give_back(struct rf_courier *courier) {
    rf_gate_cancel(&courier->gate, rf_clock_now());
    rf_outbox_give_back(&courier->outbox, rf_utc_add(rf_clock_utc(), SHORT_REST));
    rf_courier_leave(courier);
}

static void begin_sending(struct rf_courier *courier) {
    bool owed;
    struct rf_error error;
    enum rf_err result = rf_courier_mail_begin(courier, &owed, &error);
    if (result != RF_OK) {
        on_not_sent(courier, result, &error);
    } else if (owed) {
        send_alert(courier);
    } else { // who had not got it is not to get it any more
        settle(courier, &(struct rf_verdict){.outcome = RF_OUTCOME_OK});
        rf_courier_leave(courier);
    }
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
    begin_sending(courier);
}

void rf_courier_init(struct rf_courier *courier, const struct rf_courier_means *means,
                     const struct rf_channel *channel) {
    *courier = (struct rf_courier){.process = means->process,
                                   .ledger = means->ledger,
                                   .http = means->http,
                                   .forms = means->forms,
                                   .channel = *channel,
                                   .reading = {.done = on_read, .arg = courier},
                                   .fold = {.done = rf_courier_folded, .arg = courier},
                                   .idle = means->idle,
                                   .arg = means->arg};
    rf_outbox_init(&courier->outbox, &means->process->config->alerter.retry, rf_random_u64());
    rf_gate_init(&courier->gate, channel, &means->process->config->alerter, false, rf_clock_now());
    snprintf(courier->state.name, sizeof courier->state.name, "%s", channel->name);
    rf_timer_init(&courier->timer, means->process->loop, on_timer, courier);
}

void rf_courier_restore(struct rf_courier *courier, const struct rf_channel_state *state) {
    courier->state = *state;
    courier->gate.down = state->down.ns > 0;
    take_chat(courier);
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
    free(courier->reading.recipients);
    rf_recipients_fini(&courier->recipients);
    rf_outbox_fini(&courier->outbox);
    free(courier->fold.concerns);
}

static void begin(struct rf_courier *courier, const struct rf_delivery *delivery) {
    struct rf_ledger_reading *reading = &courier->reading;
    courier->busy = true;
    rf_timer_stop(&courier->timer);
    memset(reading->id, 0, sizeof reading->id);
    memcpy(reading->id, delivery->alert, strnlen(delivery->alert, sizeof reading->id - 1));
    memcpy(reading->channel, courier->channel.name, sizeof reading->channel);
    rf_ledger_read(courier->ledger, reading);
}

// When it is to be looked again, by the wall clock, if the gate opens after `wait`.
static struct rf_utc later(struct rf_utc now, struct rf_duration wait) {
    return wait.ns > INT64_MAX - now.ns ? (struct rf_utc){INT64_MAX} : rf_utc_add(now, wait);
}

void rf_courier_kick(struct rf_courier *courier) {
    struct rf_utc now = rf_clock_utc(), wake, expiry;
    struct rf_instant when, instant = rf_clock_now();
    if (courier->busy || courier->process->draining || courier->retired)
        return;
    expiry = rf_courier_expire(courier, now);
    if (!courier->channel.enabled) {
        sleep_until(courier, expiry, now);
        return;
    }
    if (rf_courier_fold(courier, now))
        return;
    const struct rf_delivery *delivery = rf_outbox_take(&courier->outbox, now, &wake);
    if (delivery != NULL && rf_gate_pass(&courier->gate, instant, &when)) {
        begin(courier, delivery);
        return;
    }
    if (delivery != NULL) {
        rf_outbox_give_back(&courier->outbox, delivery->due);
        wake = later(now, rf_instant_since(when, instant));
    }
    sleep_until(courier, wake.ns < expiry.ns ? wake : expiry, now);
}

void rf_courier_mend(struct rf_courier *courier, const struct rf_channel *channel,
                     const struct rf_config_alerter *config) {
    courier->channel = *channel;
    rf_manner_reset(&courier->manner);
    take_chat(courier);
    rf_gate_change(&courier->gate, channel, config, rf_clock_now());
    rf_outbox_policy(&courier->outbox, &config->retry);
    rf_outbox_retry_now(&courier->outbox, rf_clock_utc());
    rf_timer_after(&courier->timer, rf_ns(0));
}

void rf_courier_retire(struct rf_courier *courier) {
    courier->retired = true;
    rf_timer_stop(&courier->timer);
}
