// The providers as they are configured now, with copies of the keys that follow their files.
#include "base/log.h"
#include "gateway.h"

enum rf_err gateway_settings_take(struct gateway *gateway, const struct rf_config *config,
                                  struct rf_error *error) {
    struct rf_secret keys[RF_PROVIDER_COUNT] = {0};
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        if (rf_secret_copy(&keys[p], &config->providers[p].key) != RF_OK) {
            for (int i = 0; i < p; i++)
                rf_secret_fini(&keys[i]);
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        }
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        rf_secret_fini(&gateway->settings[p].key);
        gateway->settings[p] = (struct provider_settings){
            .config = &config->providers[p], .telephony = &config->telephony, .key = keys[p]};
    }
    // What the broker was told at the start stays; the rest may change.
    struct rf_config_gateway limits = config->gateway;
    if (gateway->config != NULL) {
        limits.speech_concurrency = gateway->limits.speech_concurrency;
        limits.script_concurrency = gateway->limits.script_concurrency;
        limits.telephony_concurrency = gateway->limits.telephony_concurrency;
        limits.max_waiting = gateway->limits.max_waiting;
    }
    gateway->limits = limits;
    gateway->config = config;
    return RF_OK;
}

void gateway_settings_fini(struct gateway *gateway) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        rf_secret_fini(&gateway->settings[p].key);
}

void gateway_keys_refresh(struct gateway *gateway) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        struct rf_error error;
        bool changed = false;
        if (rf_secret_refresh(&gateway->settings[p].key, &changed, &error) != RF_OK)
            rf_log(RF_LOG_WARNING, "key of %s: %s", rf_provider_name((enum rf_provider)p),
                   error.message);
        else if (changed)
            rf_log(RF_LOG_INFO, "the key of %s is another now",
                   rf_provider_name((enum rf_provider)p));
    }
}
