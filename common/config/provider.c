#include "config/config.h"

#include <string.h>

static const char *const names[RF_PROVIDER_COUNT] = {
    [RF_PROVIDER_ELEVENLABS] = "elevenlabs", [RF_PROVIDER_OPENAI] = "openai",
    [RF_PROVIDER_ANTHROPIC] = "anthropic",   [RF_PROVIDER_TWILIO] = "twilio",
    [RF_PROVIDER_OPENAI_TTS] = "openai-tts",
};

const char *rf_provider_name(enum rf_provider provider) {
    return (unsigned)provider < RF_PROVIDER_COUNT ? names[provider] : "unknown";
}

static const char *const locals[] = {
    [RF_LOCAL_NONE] = "", [RF_LOCAL_TEMPLATE] = "template", [RF_LOCAL_RECORDING] = "recording"};

const char *rf_local_name(enum rf_local local) {
    return (unsigned)local < sizeof locals / sizeof locals[0] ? locals[local] : "";
}

bool rf_local_parse(const char *name, enum rf_local *local) {
    for (size_t i = RF_LOCAL_TEMPLATE; i < sizeof locals / sizeof locals[0]; i++)
        if (strcmp(name, locals[i]) == 0) {
            *local = (enum rf_local)i;
            return true;
        }
    return false;
}

bool rf_config_chain_names(const struct rf_config_chain *chain, enum rf_provider provider) {
    for (size_t i = 0; i < chain->count; i++)
        if (chain->links[i] == provider)
            return true;
    return false;
}

bool rf_provider_parse(const char *name, enum rf_provider *provider) {
    for (int i = 0; i < RF_PROVIDER_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *provider = (enum rf_provider)i;
            return true;
        }
    return false;
}
