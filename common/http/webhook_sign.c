#include "http/webhook_sign.h"

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

static enum rf_err sign_once(const char *secret, const struct rf_text *signed_text,
                             struct rf_text *out, struct rf_error *error) {
    unsigned char *key = NULL, mac[32];
    size_t key_size = 0;
    enum rf_err result = decode_key(secret, &key, &key_size, error);
    if (result != RF_OK || key == NULL)
        return result;
    rf_hmac_sha256(key, key_size, signed_text->data, signed_text->size, mac);
    char *encoded = rf_base64_encode(mac, sizeof mac);
    explicit_bzero(key, key_size);
    free(key);
    if (encoded == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a signature");
    rf_text_add(out, "%sv1,%s", out->size == 0 ? "" : " ", encoded);
    free(encoded);
    return RF_OK;
}

static enum rf_err sign_all(char *secrets, const struct rf_text *signed_text, struct rf_text *out,
                            struct rf_error *error) {
    char *rest = NULL;
    size_t count = 0;
    enum rf_err result = RF_OK;
    for (char *secret = strtok_r(secrets, " ", &rest); result == RF_OK && secret != NULL;
         secret = strtok_r(NULL, " ", &rest)) {
        if (++count > RF_WEBHOOK_SECRETS_MOST)
            return rf_error_set(error, RF_ERR_INVALID,
                                "the webhook has more than %d secrets; expected the new one and "
                                "those that it replaces",
                                RF_WEBHOOK_SECRETS_MOST);
        result = sign_once(secret, signed_text, out, error);
    }
    if (result == RF_OK && count == 0)
        result = rf_error_set(error, RF_ERR_INVALID, "the webhook's secret is empty");
    return result;
}

enum rf_err rf_webhook_sign(const char *secrets, const char *id, int64_t timestamp,
                            const char *body, char out[RF_WEBHOOK_SIGNATURE_SIZE],
                            struct rf_error *error) {
    struct rf_text text = {0}, signatures = {0};
    char *copy = strdup(secrets);
    rf_text_add(&text, "%s.%" PRId64 ".%s", id, timestamp, body);
    enum rf_err result = copy == NULL || text.failed
                             ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a signature")
                             : sign_all(copy, &text, &signatures, error);
    if (result == RF_OK && signatures.failed)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a signature");
    if (result == RF_OK)
        snprintf(out, RF_WEBHOOK_SIGNATURE_SIZE, "%s", signatures.data);
    if (copy != NULL)
        explicit_bzero(copy, strlen(secrets));
    free(copy);
    rf_text_fini(&signatures);
    rf_text_fini(&text);
    return result;
}
