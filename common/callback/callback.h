// Callbacks of the telephony provider: the address that a dial takes along, under which the
// provider tells how its call goes, and the signature that shows who is telling. Twilio's (its
// "Webhooks security" page): X-Twilio-Signature is the base64 of HMAC-SHA1 under the account's auth
// token over the address and, sorted by name, each name and value of the form. Pure; thread-safe.
#ifndef RF_CALLBACK_CALLBACK_H
#define RF_CALLBACK_CALLBACK_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/id.h>

#include "http/form.h"

#define RF_CALLBACK_HEADER "X-Twilio-Signature"

// rf_callback_url: the address for the calls of the dial `attempt` below the public address `base`.
// A new string that the caller frees; NULL if out of memory, or if `attempt` is no ULID: then
// nobody could tell by the address which dial it is.
char *rf_callback_url(const char *base, const char *attempt);

// rf_callback_attempt: whether `path` (decoded, without query) is that of such an address; then
// `attempt` is the dial's.
bool rf_callback_attempt(const char *path, char attempt[RF_ULID_SIZE]);

// rf_callback_sign: the signature of a form that is posted to `url`. A new string that the caller
// frees; NULL if out of memory.
char *rf_callback_sign(const char *token, const char *url, const struct rf_form_field *fields,
                       size_t count);

// rf_callback_signed: whether `signature` (NULL: none came) is that of the form posted to `url`. As
// Twilio's own libraries do it, the address counts with and without its port, as what stands
// between may have added or dropped one. Compared in constant time.
bool rf_callback_signed(const char *token, const char *url, const struct rf_form_field *fields,
                        size_t count, const char *signature);

#endif
