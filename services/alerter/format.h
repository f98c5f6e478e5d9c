// What goes over the wire to each channel. Pure: the alert, the channel's settings and the time in,
// bytes out. Whatever an alert's texts hold, none of them can add a header, a recipient or a line
// that the receiver takes for ours.
#ifndef RF_ALERTER_FORMAT_H
#define RF_ALERTER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "alert.h"
#include "config/config.h"
#include "http/webhook_sign.h"
#include "mail/mailbox.h"

struct rf_forms;

// All that a mail is made of; borrowed.
struct rf_email_form {
    const struct rf_alert *alert;
    const struct rf_alert *first; // of its thread, whose subject it has; NULL: not known
    const struct rf_forms *forms;
    const struct rf_mailboxes *from, *to;
    struct rf_utc now;
    struct rf_error *trouble; // set when a template of the user failed and ours took its place
};

#define RF_EMAIL_SUBJECT_MOST 400 // bytes

// rf_format_email: the whole message after RFC 5322: headers, and text and HTML as alternatives;
// CRLF line ends, no line over 998 bytes. Message-ID and X-Ringfence-Alert are the same each time
// it is sent, and later notices refer to the first one's of their thread. A new string, which the
// caller frees. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_format_email(const struct rf_email_form *form, char **message,
                                         struct rf_error *error);

// Telegram takes at most so many UTF-16 code units, counted after its markup was read.
#define RF_TELEGRAM_UNITS 4096

// All that a Telegram message is made of; borrowed.
struct rf_telegram_form {
    const struct rf_alert *alert;
    const struct rf_forms *forms;
    const char *chat_id;
    const char *remote; // message_id of its thread's first message in this chat; NULL: none
    bool anew;          // that one cannot be changed any more
    bool plain;         // without markup: Telegram could not read it
    struct rf_utc now;
    struct rf_error *trouble; // set when the user's template failed and ours took its place
};

// rf_format_telegram: the method of the bot API and its JSON body. An update changes the thread's
// first message (editMessageText), all else is sent as an answer to it. A text over
// RF_TELEGRAM_UNITS is cut and says how many characters were left out; title and id always stand
// (incident 35). A new string, which the caller frees. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_format_telegram(const struct rf_telegram_form *form,
                                            const char **method, char **body,
                                            struct rf_error *error);

// All that a webhook's body is made of; borrowed.
struct rf_webhook_form {
    const struct rf_alert *alert;
    const struct rf_forms *forms;
    enum rf_config_shape shape;
    const char *secret; // PagerDuty's routing key
    struct rf_utc now;
    struct rf_error *trouble; // set when the user's template failed and ours took its place
};

// rf_format_webhook: the JSON body. Generic: the alert's payload, with kind, incident, thread,
// opened and, when it is resolved, lasted_s among its data; or the user's webhook.json. Others:
// what that receiver takes, cut to its bounds, where nothing of an alert is read as markup or calls
// a person. RF_ERR_INVALID: there is no routing key; RF_ERR_NOMEM. A new string.
RF_NODISCARD enum rf_err rf_format_webhook(const struct rf_webhook_form *form, char **body,
                                           struct rf_error *error);

#endif
