// An access token for a Google Sheet: the request that exchanges a service account's assertion for
// one, by the settings of the sheet.
#ifndef RF_GOOGLE_TOKEN_H
#define RF_GOOGLE_TOKEN_H

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/config.h"
#include "http/client.h"

// rf_google_token_send: begins it, as rf_http_send. The key file is read anew each time, as it may
// have been replaced: blocks on the disk. Errors name no secret.
RF_NODISCARD enum rf_err
rf_google_token_send(struct rf_http *http, const struct rf_config_sheets *sheets,
                     struct rf_duration timeout, struct rf_utc now, rf_http_fn *fn, void *arg,
                     struct rf_http_transfer **transfer, struct rf_error *error);

#endif
