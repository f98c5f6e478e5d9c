// One alert: what the channels are to tell people. Made once by a rule, kept in the outbox, told
// the same by every channel.
#ifndef RF_ALERTER_ALERT_H
#define RF_ALERTER_ALERT_H

#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

enum rf_channel { RF_CHANNEL_EMAIL, RF_CHANNEL_TELEGRAM, RF_CHANNEL_WEBHOOK };
#define RF_CHANNEL_COUNT 3

// rf_channel_name: "email", "telegram" or "webhook". Never NULL.
const char *rf_channel_name(enum rf_channel channel);

#define RF_ALERT_ID_SIZE 65

// All texts are owned, valid UTF-8 and never NULL.
struct rf_alert {
    char id[RF_ALERT_ID_SIZE]; // of the event; letters, digits, '-' and '_' only
    int64_t n;                 // the event's journal number: the order of alerts
    struct rf_utc at;          // when it happened
    char *severity;            // info, warning, error, critical
    char *type;                // of the event
    char *subject;             // of the event
    char *incident;            // alerts of one incident keep their order
    char *title;               // one line
    char *text;                // lines, each ended by '\n'
    char *payload;             // the webhook's body, JSON
};

// rf_alert_fini: frees the texts and zeroes the alert.
void rf_alert_fini(struct rf_alert *alert);

#endif
