#include "monitor.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"

static void on_retained(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct health_target *target = arg;
    if (code == NULL && entry != NULL && entry->value != NULL) {
        const char *status = json_string_value(json_object_get(entry->value, "status"));
        const char *why = json_string_value(json_object_get(entry->value, "why"));
        json_int_t since = json_integer_value(json_object_get(entry->value, "since"));
        if (status != NULL && why != NULL)
            health_restore(&target->health, status, (struct rf_utc){since}, why);
    }
    rf_timer_after(&target->timer, rf_ns(0));
}

void health_target_begin(struct health_target *target) {
    char key[64];
    snprintf(key, sizeof key, "provider/%s", rf_provider_name(target->provider));
    rf_bus_state_get(target->monitor->process->bus, key, on_retained, target);
}

void health_target_store(struct health_target *target) {
    if (target->health.why[0] == '\0')
        return; // nothing was found out yet
    char key[64];
    snprintf(key, sizeof key, "provider/%s", rf_provider_name(target->provider));
    json_t *value =
        json_pack("{s:s, s:I, s:s}", "status", health_status_name(target->health.status), "since",
                  (json_int_t)target->health.since.ns, "why", target->health.why);
    if (value == NULL) {
        rf_log(RF_LOG_ERROR, "cannot store the status of %s: out of memory", key);
        return;
    }
    rf_bus_state_put(target->monitor->process->bus, key, value, rf_ns(0), NULL, NULL);
    json_decref(value);
}

static void publish_change(struct health_target *target, enum health_status from) {
    const struct health_provider *health = &target->health;
    const char *name = rf_provider_name(target->provider);
    json_t *data = json_pack("{s:s, s:I, s:s}", "from", health_status_name(from), "since",
                             (json_int_t)health->since.ns, "why", health->why);
    struct rf_event event = {
        .type = rf_event_type_name(health->status == HEALTH_UP ? RF_EVENT_PROVIDER_UP
                                                               : RF_EVENT_PROVIDER_DOWN),
        .subject = name,
        .service = name,
        .data = data,
    };
    struct rf_error error;
    if (rf_bus_publish(target->monitor->process->bus, &event, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "cannot tell %s of %s: %s", event.type, name, error.message);
    json_decref(data);
}

void health_target_told(struct health_target *target, const struct health_verdict *verdict) {
    const struct rf_config_health *config = &target->monitor->config->health;
    enum health_status from;
    // Words that change with each answer are not worth a write; a fault of ours that comes or goes
    // is.
    bool worth_telling =
        (verdict->ours || target->ours) && strcmp(target->health.why, verdict->why) != 0;
    target->ours = verdict->ours;
    if (health_record(&target->health, verdict, config->rise, config->fall, rf_clock_utc(),
                      &from)) {
        publish_change(target, from);
        health_target_store(target);
    } else if (worth_telling) {
        health_target_store(target);
    }
    rf_timer_after(&target->timer, config->interval);
}
