// Signatures of webhooks after the Standard Webhooks specification
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md). Pure.
#ifndef RF_HTTP_WEBHOOK_SIGN_H
#define RF_HTTP_WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

#define RF_WEBHOOK_SECRETS_MOST   4
#define RF_WEBHOOK_SIGNATURE_SIZE ((size_t)64 * RF_WEBHOOK_SECRETS_MOST)

// rf_webhook_sign: the value of webhook-signature after Standard Webhooks: "v1," and the base64 of
// the HMAC-SHA256 over "id.timestamp.body". `secrets` is "whsec_" and base64 (the prefix may be
// missing), or while it is changed several separated by spaces, the new one first, at most
// RF_WEBHOOK_SECRETS_MOST: then there is one signature for each. RF_ERR_INVALID if one is not
// base64 of 24 to 64 bytes. The message of the error does not hold the secret.
RF_NODISCARD enum rf_err rf_webhook_sign(const char *secrets, const char *id, int64_t timestamp,
                                         const char *body, char out[RF_WEBHOOK_SIGNATURE_SIZE],
                                         struct rf_error *error);

#endif
