#include "orchestrator.h"

#include <string.h>

#include "config/config.h"

struct rf_rules rf_orchestrator_rules(const struct rf_orchestrator *orchestrator,
                                      const char *provider) {
    const struct rf_config *config = orchestrator->process->config;
    const struct rf_config_telephony *telephony = &config->telephony;
    enum rf_provider whose = RF_PROVIDER_TWILIO;
    if (provider)
        (void)rf_provider_parse(provider, &whose);
    return (struct rf_rules){
        .play = strcmp(telephony->audio, "play") == 0,
        .defer_delay = config->orchestrator.defer_delay,
        .send_margin = telephony->send_margin,
        .http_timeout = config->providers[RF_PROVIDER_TWILIO].timeout.attempt,
        .list_lag = telephony->list_lag,
        .clock_skew = telephony->clock_skew,
        .poll_initial = telephony->poll_initial,
        .poll_max = telephony->poll_max,
        .lost_after = telephony->lost_after,
        .max_attempts = config->providers[whose].retry.max_retries + 1,
    };
}

void rf_orchestrator_settle(struct rf_orchestrator *orchestrator) {
    if (!orchestrator->draining || orchestrator->drained || orchestrator->stopping ||
        orchestrator->calls > 0 || rf_store_pending(orchestrator->store) > 0 ||
        !rf_outbox_idle(&orchestrator->outbox))
        return;
    orchestrator->drained = true;
    rf_process_drained(orchestrator->process);
}
