#include "tokens.h"

#include "follow.h"

void console_tokens_fini(struct console_tokens *tokens) {
    for (size_t i = 0; i < tokens->count; i++)
        rf_secret_fini(&tokens->items[i]);
    tokens->count = 0;
}

enum rf_err console_tokens_take(struct console_tokens *tokens, const struct rf_config *config,
                                struct rf_error *error) {
    const struct rf_config_provider *twilio = &config->providers[RF_PROVIDER_TWILIO];
    const struct rf_secret *more = twilio->keys.items;
    struct console_tokens fresh = {0};
    enum rf_err err = rf_secret_copy(&fresh.items[fresh.count++], &twilio->key);
    for (size_t i = 0; err == RF_OK && i < twilio->keys.count; i++)
        err = rf_secret_copy(&fresh.items[fresh.count++], &more[i]);
    struct console_tokens *old = err == RF_OK ? tokens : &fresh;
    console_tokens_fini(old);
    if (err != RF_OK)
        return rf_error_set(error, err, "out of memory");
    *tokens = fresh;
    return RF_OK;
}

bool console_tokens_refresh(struct console_tokens *tokens, struct rf_instant now) {
    bool any = false;
    if (!console_follow_due(&tokens->next, now))
        return false;
    for (size_t i = 0; i < tokens->count; i++)
        any |= console_follow(&tokens->items[i], "auth token", "twilio");
    return any;
}
