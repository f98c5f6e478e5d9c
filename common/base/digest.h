// SHA-256, HMAC and base64 by OpenSSL, in the forms that we use.
#ifndef RF_BASE_DIGEST_H
#define RF_BASE_DIGEST_H

#include <stddef.h>

#include <ringfence/error.h>

#define RF_SHA256_HEX_SIZE 65

// rf_sha256_hex: the lower-case hex SHA-256 of `data`. Returns out.
char *rf_sha256_hex(const void *data, size_t size, char out[RF_SHA256_HEX_SIZE]);

// rf_digest_hex: the same of a SHA-256 that is there already, in its 32 bytes. Returns out.
char *rf_digest_hex(const unsigned char digest[32], char out[RF_SHA256_HEX_SIZE]);

// rf_hmac_sha256: the 32-byte HMAC-SHA256 of `data` under `key`.
void rf_hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                    unsigned char out[32]);

// rf_hmac_sha1: the 20-byte HMAC-SHA1, for who signs by it; nothing of ours does.
void rf_hmac_sha1(const void *key, size_t key_size, const void *data, size_t size,
                  unsigned char out[20]);

// rf_base64_encode: standard alphabet with padding, NUL-terminated, in a new string that the caller
// frees; NULL if out of memory. rf_base64url_encode: the URL alphabet without padding.
char *rf_base64_encode(const void *data, size_t size);
char *rf_base64url_encode(const void *data, size_t size);

// rf_base64_decode: standard alphabet with padding; new buffer that the caller frees.
RF_NODISCARD enum rf_err rf_base64_decode(const char *text, unsigned char **data, size_t *size);

#endif
