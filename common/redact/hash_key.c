#include "redact/hash_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/made_secret.h"
#include "config/config.h"
#include "redact/redact.h"

#define KEY_WORDS 2

// Whatever its form is, of all its bytes.
static void take_key(const char *text, unsigned char key[RF_REDACT_KEY_BYTES]) {
    char hex[RF_SHA256_HEX_SIZE];
    rf_sha256_hex(text, strlen(text), hex);
    for (size_t i = 0; i < RF_REDACT_KEY_BYTES; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        key[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
}

enum rf_err rf_redact_hash_key(const struct rf_config *config,
                               unsigned char key[RF_REDACT_KEY_BYTES], struct rf_error *error) {
    char *path = NULL, *text = NULL;
    if (config->redaction.key.value != NULL) {
        take_key(config->redaction.key.value, key);
        return RF_OK;
    }
    if (asprintf(&path, "%s/redaction.key", config->state_dir) < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err result = rf_made_secret(path, KEY_WORDS, &text, error);
    if (result == RF_OK) {
        take_key(text, key);
        explicit_bzero(text, strlen(text));
    }
    free(text);
    free(path);
    return result;
}
