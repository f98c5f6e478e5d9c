// What goes over the wire to each channel. Pure: the alert, the channel's settings and the time in,
// bytes out. Whatever an alert's texts hold, none of them can add a header, a recipient or a line
// that the receiver takes for ours.
#ifndef RF_ALERTER_FORMAT_H
#define RF_ALERTER_FORMAT_H

#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "alert.h"

// rf_format_age: the line that tells that an alert comes late, "" if it does not (incident 37: an
// old notice must not look new). Into out (RF_AGE_SIZE bytes). Returns out.
#define RF_AGE_SIZE 96
char *rf_format_age(const struct rf_alert *alert, struct rf_utc now, char out[RF_AGE_SIZE]);

// rf_format_email: the whole message after RFC 5322: headers, empty line, text; CRLF line ends, no
// line over 998 bytes. Message-ID and X-Ringfence-Alert are the same each time it is sent. `from`
// and `to` come from the configuration; RF_ERR_INVALID if they hold controls or an entry is too
// long for a line. A new string, which the caller frees.
RF_NODISCARD enum rf_err rf_format_email(const struct rf_alert *alert, const char *from,
                                         const char *to, struct rf_utc now, char **message,
                                         struct rf_error *error);

// rf_email_addresses: the bare addresses of "a@b, Name <c@d>", for the envelope. A new
// NULL-terminated array; freed by rf_email_addresses_free. RF_ERR_INVALID if there is none, or one
// holds a character that has no place in an envelope.
RF_NODISCARD enum rf_err rf_email_addresses(const char *list, char ***addresses, size_t *count,
                                            struct rf_error *error);
void rf_email_addresses_free(char ***addresses);

// Telegram takes at most so many UTF-16 code units.
#define RF_TELEGRAM_UNITS 4096

// rf_format_telegram: the JSON body of sendMessage, plain text without markup. A text over
// RF_TELEGRAM_UNITS is cut and says how many characters were left out; title and id always stand
// (incident 35). A new string, which the caller frees.
RF_NODISCARD enum rf_err rf_format_telegram(const struct rf_alert *alert, const char *chat_id,
                                            struct rf_utc now, char **body, struct rf_error *error);

#define RF_WEBHOOK_SIGNATURE_SIZE 64

// rf_webhook_sign: the value of webhook-signature after Standard Webhooks: "v1," and the base64 of
// the HMAC-SHA256 over "id.timestamp.body". `secret` is "whsec_" and base64 (the prefix may be
// missing); RF_ERR_INVALID if it is not base64 of 24 to 64 bytes. The message of the error does not
// hold the secret.
RF_NODISCARD enum rf_err rf_webhook_sign(const char *secret, const char *id, int64_t timestamp,
                                         const char *body, char out[RF_WEBHOOK_SIGNATURE_SIZE],
                                         struct rf_error *error);

#endif
