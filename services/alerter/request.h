// An alert handed to the channel's provider over the wire.
#ifndef RF_ALERTER_REQUEST_H
#define RF_ALERTER_REQUEST_H

#include "alert.h"
#include "channels/channels.h"
#include "config/config.h"
#include "http/client.h"
#include "recipients.h"
#include "verdict.h"

struct rf_forms;

// What is to be sent, and how. Borrowed for the time of the call.
struct rf_sending {
    struct rf_http *http;
    const struct rf_config_alerter *config;
    const struct rf_forms *forms;
    const struct rf_channel *channel;
    const struct rf_alert *alert;
    const struct rf_alert *first; // of its thread; NULL: not known, or it is this one
    const char *remote;           // what this channel calls the first one's message; NULL: unknown
    const struct rf_manner *manner;
    struct rf_recipients *recipients; // of a mail: who waits gets it; until its end
    struct rf_utc now;
    struct rf_http_trace *trace; // where its steps are noted; NULL: nowhere
};

// rf_request_send: begins to send it. `fn` as for rf_http_send. RF_ERR_INVALID if the settings are
// wrong: then no attempt can succeed before they are changed. Errors name no secret.
RF_NODISCARD enum rf_err rf_request_send(const struct rf_sending *sending, rf_http_fn *fn,
                                         void *arg, struct rf_http_transfer **transfer,
                                         struct rf_error *error);

// rf_request_recipients: those of a channel of mail; `kept` as for rf_recipients_make.
// RF_ERR_INVALID if the settings are wrong.
RF_NODISCARD enum rf_err rf_request_recipients(const struct rf_channel *channel, const char *kept,
                                               struct rf_recipients *recipients,
                                               struct rf_error *error);

// rf_request_hide: takes the channel's secrets out of `text`, which a far side may have written.
void rf_request_hide(const struct rf_channel *channel, char *text);

// rf_request_secrets: what rf_request_hide looks for, RF_HTTP_HIDDEN_MOST pointers, NULL: none.
void rf_request_secrets(const struct rf_channel *channel, const char **secrets);

#endif
