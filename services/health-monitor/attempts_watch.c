// What gateways tell of their attempts, and breakers that close. Both come by the plain SUB side
// and may be dropped: a second that is missing says less, and nothing wrong.
#include <ringfence/bus.h>

#include "base/log.h"
#include "monitor.h"

static struct health_target *target_named(struct monitor *monitor, const char *name) {
    enum rf_provider provider;
    if (name == NULL || !rf_provider_parse(name, &provider))
        return NULL;
    for (size_t i = 0; i < monitor->target_count; i++)
        if (monitor->targets[i].provider == provider)
            return &monitor->targets[i];
    return NULL;
}

static void on_attempts(void *arg, const char *topic, const struct rf_event *event) {
    struct health_target *target = target_named(arg, event->subject);
    struct rf_measure measure;
    struct rf_error error;
    if (target == NULL)
        return; // of another configuration: nobody probes it
    if (rf_measure_read(event->data, &measure, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "an event of topic %s: %s", topic, error.message);
    else
        health_target_heard(target, &measure);
}

static void on_closed(void *arg, const char *topic, const struct rf_event *event) {
    struct health_target *target = target_named(arg, event->subject);
    (void)topic;
    if (target != NULL)
        health_target_recovered(target);
}

enum rf_err attempts_watch_begin(struct monitor *monitor, struct rf_error *error) {
    enum rf_err err =
        rf_bus_listen(monitor->process->bus, rf_event_type_name(RF_EVENT_BREAKER_CLOSED), on_closed,
                      monitor, error);
    if (err != RF_OK)
        return err;
    return rf_bus_listen(monitor->process->bus, rf_event_type_name(RF_EVENT_METRIC_ATTEMPTS),
                         on_attempts, monitor, error);
}
