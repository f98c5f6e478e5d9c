// What a channel's reply means for the delivery. Pure. The facts are those of the providers'
// documentation, as collected in the adapters' notes: Telegram's error_code and parameters,
// Standard Webhooks' rules for senders, SMTP's reply classes (RFC 5321 section 4.2.1).
#ifndef RF_ALERTER_VERDICT_H
#define RF_ALERTER_VERDICT_H

#include <stdbool.h>

#include "alert.h"
#include "config/config.h"
#include "http/client.h"
#include "outbox.h"

#define RF_VERDICT_MESSAGE_SIZE 256
#define RF_REMOTE_SIZE          64
#define RF_CHAT_SIZE            24

// What would let the same notice pass at once.
enum rf_remedy {
    RF_REMEDY_NONE,
    RF_REMEDY_PLAIN, // without markup
    RF_REMEDY_ANEW,  // as a message of its own: the one to be changed is gone
    RF_REMEDY_CHAT,  // to `migrated`
};

struct rf_verdict {
    enum rf_outcome outcome;
    enum rf_remedy remedy;
    struct rf_duration retry_after;        // the receiver's wish; 0: none
    char message[RF_VERDICT_MESSAGE_SIZE]; // why, in one line without secrets; "" with OK
    char remote[RF_REMOTE_SIZE]; // what the receiver calls the message it took; "": nothing
    char migrated[RF_CHAT_SIZE]; // the chat's new id; "": it has not changed
};

// How one attempt differs from the usual; zeroed: not at all.
struct rf_manner {
    bool plain;              // without markup
    bool anew;               // changes no earlier message
    bool moved;              // to another chat, in this delivery
    char chat[RF_CHAT_SIZE]; // Telegram's chat instead of the configured one; "": that one
};

// rf_verdict_of: reads the reply of a channel of this kind; `shape` is a webhook's.
// `header_retry_after` is what rf_http_retry_after found in it.
struct rf_verdict rf_verdict_of(enum rf_channel_kind kind, enum rf_config_shape shape,
                                const struct rf_http_reply *reply,
                                struct rf_duration header_retry_after);

// rf_manner_adapt: whether the notice is to be sent again at once, in another manner, which is set
// then. Each manner is tried once, so this ends.
bool rf_manner_adapt(struct rf_manner *manner, const struct rf_verdict *verdict);

// rf_manner_reset: for another notice: all but the chat.
void rf_manner_reset(struct rf_manner *manner);

#endif
