#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

char *rf_digest_hex(const unsigned char digest[32], char out[RF_SHA256_HEX_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[RF_SHA256_HEX_SIZE - 1] = '\0';
    return out;
}

char *rf_sha256_hex(const void *data, size_t size, char out[RF_SHA256_HEX_SIZE]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(data, size, digest);
    return rf_digest_hex(digest, out);
}

void rf_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                    unsigned char out[32]) {
    unsigned int length = 32;
    HMAC(EVP_sha256(), key, (int)key_size, data, size, out, &length);
}

void rf_hmac_sha1(const void *key, size_t key_size, const void *data, size_t size,
                  unsigned char out[20]) {
    unsigned int length = 20;
    HMAC(EVP_sha1(), key, (int)key_size, data, size, out, &length);
}

char *rf_base64_encode(const void *data, size_t size) {
    if (size > (size_t)1 << 28)
        return NULL;
    char *text = malloc(4 * ((size + 2) / 3) + 1);
    if (text != NULL)
        EVP_EncodeBlock((unsigned char *)text, data, (int)size);
    return text;
}

char *rf_base64url_encode(const void *data, size_t size) {
    char *text = rf_base64_encode(data, size);
    if (text == NULL)
        return NULL;
    for (char *c = text; *c != '\0'; c++) {
        if (*c == '+')
            *c = '-';
        else if (*c == '/')
            *c = '_';
        else if (*c == '=') {
            *c = '\0';
            break;
        }
    }
    return text;
}

enum rf_err rf_base64_decode(const char *text, unsigned char **data, size_t *size) {
    size_t length = strlen(text);
    if (length % 4 != 0 || length > (size_t)1 << 28)
        return RF_ERR_INVALID;
    unsigned char *out = malloc(length / 4 * 3 + 1);
    if (out == NULL)
        return RF_ERR_NOMEM;
    int decoded = EVP_DecodeBlock(out, (const unsigned char *)text, (int)length);
    if (decoded < 0) {
        free(out);
        return RF_ERR_INVALID;
    }
    // EVP_DecodeBlock counts the padding as zero bytes.
    size_t padding = 0;
    while (padding < 2 && length > padding && text[length - 1 - padding] == '=')
        padding++;
    *data = out;
    *size = (size_t)decoded - padding;
    return RF_OK;
}
