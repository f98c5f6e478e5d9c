// One alert: what the channels are to tell people. Made once by a rule, kept in the outbox, told
// the same by every channel.
#ifndef RF_ALERTER_ALERT_H
#define RF_ALERTER_ALERT_H

#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

// Why people are told: an incident has one OPENED, and one RESOLVED at most, which is its last.
enum rf_notice {
    RF_NOTICE_OPENED,
    RF_NOTICE_UPDATED,   // something new about it
    RF_NOTICE_REMINDER,  // it is still open
    RF_NOTICE_ESCALATED, // nobody acknowledged it
    RF_NOTICE_RESOLVED,  // it is over
    RF_NOTICE_ACKED,     // a person has it in hand: for receivers that keep that themselves
    RF_NOTICE_DIGEST,    // many incidents in one notice
    RF_NOTICE_TEST,      // a person tries a channel
};
#define RF_NOTICE_COUNT 8

// rf_notice_name: "opened", "updated", "reminder", "escalated", "resolved", "acknowledged",
// "digest" or "test". rf_notice_parse: the other way; RF_NOTICE_OPENED for any other text.
const char *rf_notice_name(enum rf_notice kind);
enum rf_notice rf_notice_parse(const char *name);

#define RF_ALERT_ID_SIZE 65

// One notice. All texts are owned, valid UTF-8 and never NULL.
struct rf_alert {
    char id[RF_ALERT_ID_SIZE];     // of this notice; letters, digits, '-' and '_' only
    char thread[RF_ALERT_ID_SIZE]; // id of its incident's first notice; of that one its own
    enum rf_notice kind;
    int64_t n;            // journal number of the event that it tells of
    int64_t order;        // ascending over all notices, also those that no event made
    unsigned channels;    // bits 1 << slot (channels.h): who is to tell it
    struct rf_utc at;     // when it happened
    struct rf_utc opened; // when its incident began
    char *severity;       // info, warning, error, critical
    char *type;           // of the event
    char *subject;        // of the event
    char *incident;       // alerts of one incident keep their order
    char *concerns;       // all that it tells of (concern.h); NULL: it was read to be sent
    char *title;          // one line
    char *text;           // lines, each ended by '\n'
    char *payload;        // the webhook's body, JSON
};

// rf_alert_fini: frees the texts and zeroes the alert.
void rf_alert_fini(struct rf_alert *alert);

#endif
