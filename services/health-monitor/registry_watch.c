#include <jansson.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "monitor.h"
#include "runtime/registry.h"

#define PREFIX "process/"

static void publish_lost(void *arg, const struct health_process *lost) {
    struct monitor *monitor = arg;
    json_t *data =
        json_pack("{s:s, s:I}", "service", lost->service, "last_change", (json_int_t)lost->seen.ns);
    struct rf_event event = {
        .type = rf_event_type_name(RF_EVENT_PROCESS_LOST),
        .subject = lost->instance,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell that %s is lost: %s", lost->instance, error.message);
    json_decref(data);
}

static void plan_tick(struct monitor *monitor) {
    struct rf_instant when;
    if (health_processes_wake(&monitor->processes, &when))
        rf_timer_at(&monitor->missing_timer, when);
    else
        rf_timer_stop(&monitor->missing_timer);
}

static void on_missing_timer(void *arg) {
    struct monitor *monitor = arg;
    health_processes_tick(&monitor->processes, rf_loop_now(monitor->process->loop), publish_lost,
                          monitor);
    plan_tick(monitor);
    absence_tell_look(monitor);
}

static void on_entry(struct monitor *monitor, const struct rf_state_entry *entry) {
    const char *instance = entry->key + strlen(PREFIX);
    if (entry->version == 0 || entry->value == NULL) {
        health_processes_gone(&monitor->processes, instance, publish_lost, monitor);
        return;
    }
    const char *service = json_string_value(json_object_get(entry->value, "service"));
    const char *state = json_string_value(json_object_get(entry->value, "state"));
    if (service == NULL || state == NULL ||
        !health_processes_seen(&monitor->processes, instance, service, state, rf_clock_utc()))
        rf_log(RF_LOG_WARNING, "%s cannot be watched", entry->key);
}

static void on_entries(void *arg, bool snapshot, const struct rf_state_entry *entries,
                       size_t count) {
    struct monitor *monitor = arg;
    if (snapshot)
        health_processes_absent(&monitor->processes, rf_loop_now(monitor->process->loop));
    for (size_t i = 0; i < count; i++)
        on_entry(monitor, &entries[i]);
    plan_tick(monitor);
    absence_tell_look(monitor);
}

enum rf_err registry_watch_begin(struct monitor *monitor, struct rf_error *error) {
    // A process registers again within a heartbeat once it has found the broker, and it looks for
    // the broker each heartbeat; two leases are what any of them may need at most.
    struct rf_duration grace = rf_ns(2 * rf_registry_lease(&monitor->config->bus).ns);
    health_processes_init(&monitor->processes, grace);
    rf_timer_init(&monitor->missing_timer, monitor->process->loop, on_missing_timer, monitor);
    return rf_bus_watch(monitor->process->bus, PREFIX, on_entries, monitor, error);
}

void registry_watch_end(struct monitor *monitor) {
    rf_timer_stop(&monitor->missing_timer);
    health_processes_fini(&monitor->processes);
}
