// The HTTP requests of the Sheets sink.
#ifndef RF_LOGGER_SHEET_REQUEST_H
#define RF_LOGGER_SHEET_REQUEST_H

#include "config/config.h"
#include "http/client.h"
#include "sheet.h"

// rf_sheet_request_send: begins the request of `action` (all but NOTHING and KEEP) with the
// settings of `config`. `fn` as for rf_http_send. Errors name no secret.
RF_NODISCARD enum rf_err
rf_sheet_request_send(struct rf_http *http, const struct rf_config_logger *config,
                      const struct rf_sheet *sheet, enum rf_sheet_action action, struct rf_utc now,
                      rf_http_fn *fn, void *arg, struct rf_http_transfer **transfer,
                      struct rf_error *error);

#endif
