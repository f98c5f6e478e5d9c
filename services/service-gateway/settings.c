// The providers as they are configured now, with copies of the keys that follow their files.
#include <string.h>

#include "base/log.h"
#include "gateway.h"

static void keys_fini(struct provider_settings *settings) {
    rf_secret_fini(&settings->key);
    for (size_t i = 0; i < settings->more_count; i++)
        rf_secret_fini(&settings->more[i]);
    settings->more_count = 0;
}

static bool is_known(const struct provider_settings *settings, const struct rf_secret *key) {
    for (size_t i = 0; i < provider_key_count(settings); i++)
        if (strcmp(provider_key(settings, i)->fingerprint, key->fingerprint) == 0)
            return true;
    return false;
}

// `key`, and those of `keys` that are others, in their order.
static enum rf_err keys_copy(struct provider_settings *settings) {
    const struct rf_config_provider *config = settings->config;
    const struct rf_secret *keys = config->keys.items;
    enum rf_err err = rf_secret_copy(&settings->key, &config->key);
    for (size_t i = 0; err == RF_OK && i < config->keys.count; i++) {
        if (is_known(settings, &keys[i]))
            continue;
        err = rf_secret_copy(&settings->more[settings->more_count], &keys[i]);
        settings->more_count += err == RF_OK ? 1 : 0;
    }
    return err;
}

enum rf_err gateway_settings_take(struct gateway *gateway, const struct rf_config *config,
                                  struct rf_error *error) {
    struct provider_settings fresh[RF_PROVIDER_COUNT];
    enum rf_err err = RF_OK;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        fresh[p] = (struct provider_settings){.config = &config->providers[p],
                                              .telephony = &config->telephony};
        if (err == RF_OK)
            err = keys_copy(&fresh[p]);
    }
    struct provider_settings *old = err == RF_OK ? gateway->settings : fresh;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        keys_fini(&old[p]);
    if (err != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    memcpy(gateway->settings, fresh, sizeof fresh);
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
        keys_fini(&gateway->settings[p]);
}

static void refresh(const char *provider, struct rf_secret *key) {
    struct rf_error error;
    bool changed = false;
    if (rf_secret_refresh(key, &changed, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "key of %s: %s", provider, error.message);
    else if (changed)
        rf_log(RF_LOG_INFO, "the key of %s is another now", provider);
}

void gateway_keys_refresh(struct gateway *gateway) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        struct provider_settings *settings = &gateway->settings[p];
        const char *name = rf_provider_name((enum rf_provider)p);
        refresh(name, &settings->key);
        for (size_t i = 0; i < settings->more_count; i++)
            refresh(name, &settings->more[i]);
    }
}
