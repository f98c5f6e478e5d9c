// One webhook of the health monitor's own: whoever tells people of everything else cannot tell that
// it is away itself.
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/bus.h>

#include "absence_kept.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/webhook_sign.h"
#include "monitor.h"

#define SERVICE     "alerter"
#define REPLY_BYTES 65536
#define KEEP_AGAIN  rf_seconds(1) // after a file that could not be written

// Without the broker the alerter hears of nothing, whether it is there or not.
static bool broker_is_away(const struct monitor *monitor) {
    return !rf_bus_connected(monitor->process->bus);
}

static const char *title_of(const struct monitor *monitor, enum health_absence_news news) {
    if (news != HEALTH_ABSENCE_AWAY)
        return "Ringfence's alerter is there again";
    return broker_is_away(monitor) ? "Ringfence's broker is away: no call is carried out, and "
                                     "nobody is told of anything"
                                   : "Ringfence's alerter is away: nobody is told of anything";
}

static const char *advice_of(const struct monitor *monitor, enum health_absence_news news) {
    if (news != HEALTH_ABSENCE_AWAY)
        return "Nothing: what happened meanwhile is told now.";
    return broker_is_away(monitor)
               ? "Start ringfence-broker, or look at the way to it; what is under way goes on then."
               : "Start ringfence-alerter; what happened meanwhile is told then.";
}

static json_t *generic(const struct monitor *monitor, enum health_absence_news news,
                       const char *id) {
    char now[RF_RFC3339_SIZE], since[RF_RFC3339_SIZE];
    return json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s}}", "type",
                     news == HEALTH_ABSENCE_AWAY ? "alerter.away" : "alerter.back", "timestamp",
                     rf_utc_format(rf_clock_utc(), now), "data", "id", id, "severity",
                     news == HEALTH_ABSENCE_AWAY ? "critical" : "info", "subject",
                     broker_is_away(monitor) ? "broker" : SERVICE, "title", title_of(monitor, news),
                     "since", rf_utc_format(monitor->absence.since_utc, since), "advice",
                     advice_of(monitor, news));
}

static json_t *body_of(const struct monitor *monitor, enum health_absence_news news,
                       const char *id) {
    const struct rf_config_alerter_webhook *hook = &monitor->config->health.alerter_webhook;
    switch (hook->shape) {
    case RF_SHAPE_SLACK:
        return json_pack("{s:s++}", "text", title_of(monitor, news), ". ",
                         advice_of(monitor, news));
    case RF_SHAPE_DISCORD:
        return json_pack("{s:s++}", "content", title_of(monitor, news), ". ",
                         advice_of(monitor, news));
    case RF_SHAPE_PAGERDUTY:
        return json_pack("{s:s, s:s, s:s, s:{s:s, s:s, s:s}}", "routing_key", hook->secret.value,
                         "event_action", news == HEALTH_ABSENCE_AWAY ? "trigger" : "resolve",
                         "dedup_key", "ringfence-alerter", "payload", "summary",
                         title_of(monitor, news), "source", "ringfence-health-monitor", "severity",
                         "critical");
    case RF_SHAPE_GENERIC:
        break;
    }
    return generic(monitor, news, id);
}

static void on_timer(void *arg) {
    absence_tell_look(arg);
}

// Keeps what a restart has to know, before anything is posted. What the disk does not take now is
// written later: to tell is more than to tell once.
static void keep(struct monitor *monitor) {
    struct health_absence_kept now = health_absence_keep(&monitor->absence);
    struct rf_error error;
    if (now.told == monitor->absence_kept.told && now.since.ns == monitor->absence_kept.since.ns)
        return;
    if (health_absence_save(monitor->absence_path, &now, &error) == RF_OK) {
        monitor->absence_kept = now;
        monitor->absence_unkept = false;
        return;
    }
    if (!monitor->absence_unkept)
        rf_log(RF_LOG_WARNING,
               "cannot keep what was told of the alerter, goes on trying; until then a restart may "
               "tell it twice: %s",
               error.message);
    monitor->absence_unkept = true;
}

// Its address can be a secret of the receiver's, so it is not told.
static void ended(struct monitor *monitor, bool taken, const char *why) {
    // First of all: killed before it is kept, the next monitor tells it again.
    health_absence_told(&monitor->absence, monitor->absence_posted, taken, rf_clock_now());
    keep(monitor);
    if (!taken)
        rf_log(RF_LOG_WARNING, "health.alerter_webhook does not take that the alerter is %s: %s",
               monitor->absence_posted == HEALTH_ABSENCE_AWAY ? "away" : "back", why);
    else
        rf_log(RF_LOG_INFO, "health.alerter_webhook took that the alerter is %s",
               monitor->absence_posted == HEALTH_ABSENCE_AWAY ? "away" : "back");
    rf_timer_after(&monitor->absence_timer, rf_ns(0));
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct monitor *monitor = arg;
    char why[64];
    monitor->absence_post = NULL;
    if (reply->status > 0)
        snprintf(why, sizeof why, "it answered %ld", (long)reply->status);
    else
        snprintf(why, sizeof why, "no answer");
    ended(monitor, reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299,
          why);
}

static enum rf_err send_signed(struct monitor *monitor, const char *id, const char *body,
                               struct rf_error *error) {
    const struct rf_config_alerter_webhook *hook = &monitor->config->health.alerter_webhook;
    char timestamp[24], signature[RF_WEBHOOK_SIGNATURE_SIZE];
    int64_t seconds = rf_clock_utc().ns / RF_NS_PER_S;
    struct rf_http_header headers[] = {{"Content-Type", "application/json"},
                                       {"webhook-id", id},
                                       {"webhook-timestamp", timestamp},
                                       {"webhook-signature", signature}};
    bool is_signed = hook->shape == RF_SHAPE_GENERIC && hook->secret.value != NULL;
    enum rf_err result = RF_OK;
    snprintf(timestamp, sizeof timestamp, "%" PRId64, seconds);
    if (is_signed)
        result = rf_webhook_sign(hook->secret.value, id, seconds, body, signature, error);
    if (result != RF_OK)
        return result;
    struct rf_http_request request = {.method = "POST",
                                      .url = hook->url,
                                      .headers = headers,
                                      .header_count = is_signed ? 4 : 3,
                                      .body = body,
                                      .body_size = strlen(body),
                                      .ca_file = hook->ca_file,
                                      .connect_timeout = monitor->config->health.timeout,
                                      .timeout = monitor->config->health.timeout,
                                      .max_body_bytes = REPLY_BYTES,
                                      .fresh = true};
    struct rf_error hidden;
    if (rf_http_send(monitor->http, &request, on_reply, monitor, &monitor->absence_post, &hidden) !=
        RF_OK)
        return rf_error_set(error, RF_ERR_IO, "the request cannot be made");
    return RF_OK;
}

static void post(struct monitor *monitor, enum health_absence_news news) {
    char id[64]; // the same each time that this is told, also after a restart
    struct rf_error error = {0};
    snprintf(id, sizeof id, "alerter-%s-%" PRId64, news == HEALTH_ABSENCE_AWAY ? "away" : "back",
             monitor->absence.outage.ns);
    monitor->absence_posted = news;
    health_absence_begin(&monitor->absence, news);
    keep(monitor);
    json_t *value = body_of(monitor, news, id);
    char *body = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
    json_decref(value);
    if (body == NULL)
        ended(monitor, false, "out of memory");
    else if (send_signed(monitor, id, body, &error) != RF_OK)
        ended(monitor, false, error.message);
    free(body);
}

void absence_tell_look(struct monitor *monitor) {
    struct rf_instant wake, now = rf_clock_now();
    if (monitor->absence_timer.loop == NULL) // not begun
        return;
    bool there = !broker_is_away(monitor) && health_processes_serve(&monitor->processes, SERVICE);
    health_absence_seen(&monitor->absence, there, now, rf_clock_utc());
    if (monitor->config->health.alerter_webhook.url == NULL || monitor->absence_post != NULL)
        return;
    enum health_absence_news news = health_absence_due(
        &monitor->absence, monitor->config->health.alerter_webhook.after, now, &wake);
    if (news != HEALTH_ABSENCE_NOTHING) {
        post(monitor, news);
        return;
    }
    keep(monitor);
    struct rf_instant again = rf_instant_add(now, KEEP_AGAIN);
    if (monitor->absence_unkept && rf_instant_before(again, wake))
        wake = again;
    if (wake.ns != INT64_MAX)
        rf_timer_at(&monitor->absence_timer, wake);
}

// A file that cannot be read costs no more than a second telling.
static void restore(struct monitor *monitor) {
    struct rf_error error;
    if (health_absence_load(monitor->absence_path, &monitor->absence_kept, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "what was told of the alerter is not known any more: %s",
               error.message);
    health_absence_restore(&monitor->absence, &monitor->absence_kept);
}

enum rf_err absence_tell_begin(struct monitor *monitor, struct rf_error *error) {
    if (asprintf(&monitor->absence_path, "%s/health-monitor/alerter.json",
                 monitor->config->state_dir) < 0) {
        monitor->absence_path = NULL;
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    health_absence_init(&monitor->absence, rf_clock_now(), rf_clock_utc());
    restore(monitor);
    rf_timer_init(&monitor->absence_timer, monitor->process->loop, on_timer, monitor);
    absence_tell_look(monitor);
    return RF_OK;
}

void absence_tell_end(struct monitor *monitor) {
    if (monitor->absence_timer.loop != NULL)
        rf_timer_stop(&monitor->absence_timer);
    if (monitor->absence_post != NULL)
        rf_http_cancel(monitor->absence_post);
    monitor->absence_post = NULL;
    free(monitor->absence_path);
    monitor->absence_path = NULL;
}
