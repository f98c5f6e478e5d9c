// Holds our own clock against the dates of the providers' answers to probes, and tells when it is
// wrong.
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/date.h"
#include "monitor.h"

static json_t *words_json(const struct health_skew *skew) {
    json_t *words = json_object();
    for (size_t i = 0; i < HEALTH_SKEW_VENDORS; i++)
        if (skew->words[i].vendor != NULL)
            (void)json_object_set_new(words, skew->words[i].vendor,
                                      json_integer((json_int_t)skew->words[i].ahead.ns));
    return words;
}

static void publish(struct monitor *monitor, enum health_skew_status from,
                    struct rf_duration held) {
    const struct health_skew *skew = &monitor->skew;
    bool off = skew->status == HEALTH_SKEW_OFF;
    char host[HEALTH_NAME_SIZE] = "";
    gethostname(host, sizeof host - 1);
    json_t *data =
        json_pack("{s:s, s:I, s:I, s:o}", "from", health_skew_status_name(from), "ahead_ns",
                  (json_int_t)skew->ahead.ns, "most_ns",
                  (json_int_t)monitor->config->health.clock_most.ns, "providers", words_json(skew));
    (void)json_object_set_new(data, "way", json_string(skew->ahead.ns < 0 ? "slow" : "fast"));
    (void)json_object_set_new(
        data, "by_ns",
        json_integer((json_int_t)(skew->ahead.ns < 0 ? -skew->ahead.ns : skew->ahead.ns)));
    if (!off)
        (void)json_object_set_new(data, "held_ns", json_integer((json_int_t)held.ns));
    struct rf_event event = {
        .type = rf_event_type_name(off ? RF_EVENT_CLOCK_OFF : RF_EVENT_CLOCK_RIGHT),
        .subject = host,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s: %s", event.type, error.message);
    json_decref(data);
}

void skew_watch_told(struct health_target *target, const struct rf_http_reply *reply) {
    struct monitor *monitor = target->monitor;
    struct health_skew *skew = &monitor->skew;
    struct rf_utc date, now = rf_clock_utc(), since = skew->since;
    struct rf_instant instant = rf_clock_now();
    enum health_skew_status from;
    // One that was kept on the way here has the date of long ago.
    if (rf_http_reply_header(reply, "Age") != NULL ||
        !rf_http_date_parse(rf_http_reply_header(reply, "Date"), &date))
        return;
    health_skew_heard(skew, own_side_vendor(target->provider),
                      rf_http_clock_ahead(date, target->asked, now), instant);
    if (health_skew_decide(skew, monitor->config->health.clock_most, instant, now, &from) &&
        (skew->status == HEALTH_SKEW_OFF || from == HEALTH_SKEW_OFF))
        publish(monitor, from, rf_utc_since(now, since));
}
