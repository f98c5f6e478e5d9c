#include "config/config.h"

#include <string.h>

static const char *const names[RF_PROVIDER_COUNT] = {
    [RF_PROVIDER_ELEVENLABS] = "elevenlabs",
    [RF_PROVIDER_OPENAI] = "openai",
    [RF_PROVIDER_ANTHROPIC] = "anthropic",
    [RF_PROVIDER_TWILIO] = "twilio",
};

const char *rf_provider_name(enum rf_provider provider) {
    return (unsigned)provider < RF_PROVIDER_COUNT ? names[provider] : "unknown";
}

bool rf_provider_parse(const char *name, enum rf_provider *provider) {
    for (int i = 0; i < RF_PROVIDER_COUNT; i++)
        if (strcmp(name, names[i]) == 0) {
            *provider = (enum rf_provider)i;
            return true;
        }
    return false;
}
