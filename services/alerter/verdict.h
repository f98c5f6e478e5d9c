// What a channel's reply means for the delivery. Pure. The facts are those of the providers'
// documentation, as collected in the adapters' notes: Telegram's error_code and parameters,
// Standard Webhooks' rules for senders, SMTP's reply classes (RFC 5321 section 4.2.1).
#ifndef RF_ALERTER_VERDICT_H
#define RF_ALERTER_VERDICT_H

#include "alert.h"
#include "http/client.h"
#include "outbox.h"

#define RF_VERDICT_MESSAGE_SIZE 256

struct rf_verdict {
    enum rf_outcome outcome;
    struct rf_duration retry_after;        // the receiver's wish; 0: none
    char message[RF_VERDICT_MESSAGE_SIZE]; // why, in one line without secrets; "" with OK
};

// rf_verdict_of: reads the reply of `channel`. `header_retry_after` is what rf_http_retry_after
// found in it.
struct rf_verdict rf_verdict_of(enum rf_channel channel, const struct rf_http_reply *reply,
                                struct rf_duration header_retry_after);

#endif
