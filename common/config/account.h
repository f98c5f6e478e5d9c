// Whose calls a provider places and lists.
#ifndef RF_CONFIG_ACCOUNT_H
#define RF_CONFIG_ACCOUNT_H

#include "config/config.h"

#define RF_CONFIG_ACCOUNT_SIZE 256

// rf_config_account: names the account that a provider is configured with, and where it is, such as
// "AC1 at https://api.twilio.com": another name is another list of calls. "" without an
// account_sid. Cut where it is too long.
void rf_config_account(const struct rf_config_provider *provider, char out[RF_CONFIG_ACCOUNT_SIZE]);

#endif
