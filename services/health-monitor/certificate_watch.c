// Tells when a provider's certificate comes near its end.
#include <jansson.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor.h"

static void publish(const struct health_target *target, enum health_certificate_status from,
                    struct rf_utc until, struct rf_duration left) {
    const char *name = rf_provider_name(target->provider);
    bool expiring = target->certificate.status == HEALTH_CERTIFICATE_EXPIRING;
    json_t *data = json_pack("{s:s, s:I, s:I}", "from", health_certificate_status_name(from),
                             "until", (json_int_t)until.ns, "left_ns", (json_int_t)left.ns);
    struct rf_event event = {
        .type = rf_event_type_name(expiring ? RF_EVENT_CERTIFICATE_EXPIRING
                                            : RF_EVENT_CERTIFICATE_VALID),
        .subject = name,
        .service = name,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(target->monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s of %s: %s", event.type, name, error.message);
    json_decref(data);
}

void certificate_watch_told(struct health_target *target, struct rf_utc until) {
    struct monitor *monitor = target->monitor;
    struct rf_utc now = rf_clock_utc();
    enum health_certificate_status from;
    if (health_certificate_record(&target->certificate, until,
                                  monitor->config->health.certificate_least, now,
                                  rf_loop_now(monitor->process->loop), &from))
        publish(target, from, until, rf_utc_since(until, now));
}
