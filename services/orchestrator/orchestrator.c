#include "orchestrator.h"

#include <string.h>

#include "config/config.h"
#include "reopen.h"

struct rf_rules rf_orchestrator_rules(const struct rf_orchestrator *orchestrator,
                                      const char *provider) {
    const struct rf_config *config = orchestrator->process->config;
    const struct rf_config_telephony *telephony = &config->telephony;
    enum rf_provider whose = RF_PROVIDER_TWILIO;
    if (provider)
        (void)rf_provider_parse(provider, &whose);
    return (struct rf_rules){
        .play = strcmp(telephony->audio, "play") == 0,
        .media_ttl = telephony->media_ttl,
        .defer_delay = config->orchestrator.defer_delay,
        .send_margin = telephony->send_margin,
        .http_timeout = config->providers[RF_PROVIDER_TWILIO].timeout.attempt,
        .list_lag = telephony->list_lag,
        .clock_skew = telephony->clock_skew,
        .poll_initial = telephony->poll_initial,
        .poll_max = telephony->poll_max,
        .told_poll = telephony->callback_url ? telephony->callback_poll : rf_ns(0),
        .lost_after = telephony->lost_after,
        .max_attempts = config->providers[whose].retry.max_retries + 1,
    };
}

enum rf_err rf_orchestrator_zone(struct rf_orchestrator *orchestrator,
                                 const struct rf_contact *contact,
                                 const struct rf_config_campaign *campaign,
                                 const struct rf_zone **zone, struct rf_error *error) {
    const char *name = contact->time_zone ? contact->time_zone : campaign->time_zone;
    return rf_zones_find(&orchestrator->zones, name ? name : "UTC", zone, error);
}

struct rf_utc rf_orchestrator_usable(const struct rf_orchestrator *orchestrator) {
    struct rf_utc first = {0}, now = rf_clock_utc();
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        struct rf_utc until = orchestrator->breaker_until[p];
        if (rf_claim_holds_up(&orchestrator->claim, (enum rf_provider)p) && until.ns > now.ns &&
            (first.ns == 0 || until.ns < first.ns))
            first = until;
    }
    return first;
}

enum rf_err rf_orchestrator_read(const struct rf_config *config, struct rf_holidays **holidays,
                                 struct rf_error *error) {
    const struct rf_config_campaign *campaign = &config->campaign;
    enum rf_err err = RF_OK;
    *holidays = NULL;
    if (campaign->time_zone) {
        struct rf_zone *zone;
        err = rf_zone_new(campaign->time_zone, &zone, error);
        if (err != RF_OK)
            rf_error_prefix(error, "campaign.time_zone: ");
        else
            rf_zone_destroy(&zone);
    }
    if (err == RF_OK && campaign->holidays) {
        err = rf_holidays_read(campaign->holidays, holidays, error);
        if (err != RF_OK)
            rf_error_prefix(error, "campaign.holidays: ");
    }
    return err == RF_OK ? RF_OK : (error->code = RF_ERR_CONFIG);
}

void rf_orchestrator_take(struct rf_orchestrator *orchestrator, const struct rf_config *config,
                          struct rf_holidays *holidays) {
    rf_holidays_destroy(&orchestrator->holidays);
    orchestrator->holidays = holidays;
    rf_reopen_fingerprint(&config->campaign, holidays, orchestrator->calendar);
    rf_zones_fini(&orchestrator->zones);
}

bool rf_orchestrator_alone(const struct rf_orchestrator *orchestrator) {
    return rf_store_lease_end(orchestrator->store).ns == INT64_MAX;
}

void rf_orchestrator_settle(struct rf_orchestrator *orchestrator) {
    if (!orchestrator->draining || orchestrator->drained || orchestrator->stopping ||
        orchestrator->calls > 0 || rf_store_pending(orchestrator->store) > 0 ||
        !rf_outbox_idle(&orchestrator->outbox))
        return;
    orchestrator->drained = true;
    rf_process_drained(orchestrator->process);
}
