// Signatures after the Standard Webhooks specification
// (github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md). The body is the
// alert's payload, made once with the alert, so that every repeat is the same.
#include "format.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "events/text.h"

#define KEY_LEAST 24
#define KEY_MOST  64

static enum rf_err decode_key(const char *secret, unsigned char **key, size_t *size,
                              struct rf_error *error) {
    static const char prefix[] = "whsec_";
    if (strncmp(secret, prefix, sizeof prefix - 1) == 0)
        secret += sizeof prefix - 1;
    *key = NULL;
    if (rf_base64_decode(secret, key, size) != RF_OK)
        return rf_error_set(error, RF_ERR_INVALID,
                            "the webhook's secret is not whsec_ and base64 after it");
    if (*size < KEY_LEAST || *size > KEY_MOST) {
        free(*key);
        *key = NULL;
        return rf_error_set(error, RF_ERR_INVALID,
                            "the webhook's secret has %zu bytes, expected %d to %d", *size,
                            KEY_LEAST, KEY_MOST);
    }
    return RF_OK;
}

enum rf_err rf_webhook_sign(const char *secret, const char *id, int64_t timestamp, const char *body,
                            char out[RF_WEBHOOK_SIGNATURE_SIZE], struct rf_error *error) {
    unsigned char *key = NULL, mac[32];
    size_t key_size = 0;
    struct rf_text text = {0};
    char *encoded = NULL;
    enum rf_err result = decode_key(secret, &key, &key_size, error);
    if (result != RF_OK)
        return result;
    rf_text_add(&text, "%s.%" PRId64 ".%s", id, timestamp, body);
    if (!text.failed) {
        rf_hmac_sha256(key, key_size, text.data, text.size, mac);
        encoded = rf_base64_encode(mac, sizeof mac);
    }
    if (encoded == NULL)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a signature");
    else
        snprintf(out, RF_WEBHOOK_SIGNATURE_SIZE, "v1,%s", encoded);
    free(encoded);
    free(key);
    rf_text_fini(&text);
    return result;
}
