// An alert handed to the channel's provider over the wire.
#ifndef RF_ALERTER_REQUEST_H
#define RF_ALERTER_REQUEST_H

#include "alert.h"
#include "config/config.h"
#include "http/client.h"

// rf_request_send: begins to send `alert` by `channel` with its settings. `fn` as for rf_http_send.
// `partial`: a mail goes to those recipients that the server accepts, if any.
// RF_ERR_INVALID if the settings are wrong: then no attempt can succeed before they are changed.
// Errors name no secret.
RF_NODISCARD enum rf_err rf_request_send(struct rf_http *http,
                                         const struct rf_config_alerter *config,
                                         enum rf_channel channel, const struct rf_alert *alert,
                                         bool partial, struct rf_utc now, rf_http_fn *fn, void *arg,
                                         struct rf_http_transfer **transfer,
                                         struct rf_error *error);

#endif
