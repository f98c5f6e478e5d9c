// What our attempts came to, told once a second while there are any: metric.attempts, which no
// journal keeps. A second that could not be told is added to the next.
#include <jansson.h>
#include <string.h>

#include "base/log.h"
#include "gateway.h"

#define TOLD_EVERY rf_seconds(1)

static bool publish(struct gateway *gateway, const char *provider,
                    const struct rf_measure *measure) {
    json_t *data = rf_measure_json(measure);
    struct rf_event event = {
        .type = rf_event_type_name(RF_EVENT_METRIC_ATTEMPTS),
        .subject = provider,
        .service = provider,
        .data = data,
    };
    struct rf_error error = {.message = "out of memory"};
    bool taken = data != NULL && rf_bus_publish(gateway->process->bus, &event, &error) == RF_OK;
    if (!taken)
        rf_log(RF_LOG_WARNING, "%s of %s waits: %s", event.type, provider, error.message);
    json_decref(data);
    return taken;
}

static void on_second(void *arg) {
    struct gateway *gateway = arg;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        struct rf_measure *measure = &gateway->measures.of[p];
        if (rf_measure_total(measure) == 0)
            continue;
        if (publish(gateway, rf_provider_name((enum rf_provider)p), measure))
            memset(measure, 0, sizeof *measure);
        else
            rf_timer_after(&gateway->measures.timer, TOLD_EVERY);
    }
}

void measures_init(struct gateway *gateway) {
    rf_timer_init(&gateway->measures.timer, gateway->process->loop, on_second, gateway);
}

void measures_attempt(struct gateway *gateway, enum rf_provider provider, enum rf_class c,
                      struct rf_duration took) {
    if (c == RF_CLASS_LOCAL)
        return;
    rf_measure_attempt(&gateway->measures.of[provider], c, took);
    if (!rf_timer_running(&gateway->measures.timer))
        rf_timer_after(&gateway->measures.timer, TOLD_EVERY);
}

void measures_tell(struct gateway *gateway) {
    if (rf_timer_running(&gateway->measures.timer))
        on_second(gateway);
}

void measures_fini(struct gateway *gateway) {
    rf_timer_stop(&gateway->measures.timer);
}
