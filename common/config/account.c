#include "config/account.h"

#include <stdio.h>

void rf_config_account(const struct rf_config_provider *provider,
                       char out[RF_CONFIG_ACCOUNT_SIZE]) {
    out[0] = '\0';
    if (provider->account_sid && provider->base_url)
        (void)snprintf(out, RF_CONFIG_ACCOUNT_SIZE, "%s at %s", provider->account_sid,
                       provider->base_url);
}
