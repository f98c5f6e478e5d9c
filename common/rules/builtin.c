// Which table is whose, and in which order all are tried.
#include <assert.h>
#include <string.h>

#include "rules/set.h"

static const struct rf_rule_set *const sets[RF_PROVIDER_COUNT] = {
    [RF_PROVIDER_ELEVENLABS] = &rf_rules_elevenlabs, [RF_PROVIDER_OPENAI] = &rf_rules_openai,
    [RF_PROVIDER_ANTHROPIC] = &rf_rules_anthropic,   [RF_PROVIDER_TWILIO] = &rf_rules_twilio,
    [RF_PROVIDER_OPENAI_TTS] = &rf_rules_openai,
};

const struct rf_rule_set *rf_rules_of(enum rf_provider provider) {
    assert((unsigned)provider < RF_PROVIDER_COUNT && sets[provider] != NULL);
    return sets[provider];
}

static void each_of(const struct rf_rule_set *set, const char *whose, rf_rules_fn *fn, void *arg) {
    for (size_t i = 0; i < set->count; i++)
        fn(arg, whose, &set->rules[i]);
}

void rf_rules_each(enum rf_provider provider, const struct rf_config_list *own, rf_rules_fn *fn,
                   void *arg) {
    const struct rf_config_rule *rules = own->items;
    for (size_t i = 0; i < own->count; i++) {
        struct rf_rule rule = rf_rule_of_config(&rules[i]);
        fn(arg, "yours", &rule);
    }
    each_of(&rf_rules_redirects, "any provider", fn, arg);
    each_of(rf_rules_of(provider), "built-in", fn, arg);
    each_of(&rf_rules_general, "any provider", fn, arg);
}
