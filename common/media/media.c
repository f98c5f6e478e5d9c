#include "media/media.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "base/digest.h"

#define HASH_DIGITS      64
#define SIGNATURE_DIGITS 32
#define EXPIRY_DIGITS    19 // of INT64_MAX
#define PREFIX           "/media/"

static const char hex_digits[] = "0123456789abcdef";
static const char format_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

// The first SIGNATURE_DIGITS hex digits of the HMAC over what stands before and after it in the
// path.
static void sign(const char *secret, const char *expiry, const char *file,
                 char out[SIGNATURE_DIGITS + 1]) {
    char text[EXPIRY_DIGITS + 1 + RF_MEDIA_FILE_SIZE + 1];
    int length = snprintf(text, sizeof text, "%s/%s", expiry, file);
    unsigned char mac[32];
    rf_hmac_sha256(secret, strlen(secret), text, (size_t)length, mac);
    for (size_t i = 0; i < SIGNATURE_DIGITS / 2; i++) {
        out[2 * i] = hex_digits[mac[i] >> 4];
        out[2 * i + 1] = hex_digits[mac[i] & 15];
    }
    out[SIGNATURE_DIGITS] = '\0';
}

static bool format_valid(const char *format) {
    size_t length = strlen(format);
    return length > 0 && length < RF_MEDIA_FORMAT_SIZE &&
           strspn(format, format_characters) == length;
}

// Whether `file` is exactly 64 hex digits, a dot and a format: no slash, no "..", no second dot.
static bool file_valid(const char *file) {
    return strspn(file, hex_digits) == HASH_DIGITS && file[HASH_DIGITS] == '.' &&
           format_valid(file + HASH_DIGITS + 1);
}

enum rf_err rf_media_path(const char *secret, struct rf_utc expiry, const char *sha256,
                          const char *format, char out[RF_MEDIA_PATH_SIZE],
                          struct rf_error *error) {
    out[0] = '\0';
    if (secret == NULL || secret[0] == '\0')
        return rf_error_set(error, RF_ERR_INVALID, "media path: the media secret is not set");
    if (expiry.ns < 0)
        return rf_error_set(error, RF_ERR_INVALID, "media path: expiry before 1970");
    if (strlen(sha256) != HASH_DIGITS || strspn(sha256, hex_digits) != HASH_DIGITS)
        return rf_error_set(error, RF_ERR_INVALID,
                            "media path: the hash must be 64 lower-case hex digits");
    if (!format_valid(format))
        return rf_error_set(error, RF_ERR_INVALID,
                            "media path: the format must be 1 to 8 lower-case letters and digits");

    char expiry_text[EXPIRY_DIGITS + 1];
    char file[RF_MEDIA_FILE_SIZE];
    char signature[SIGNATURE_DIGITS + 1];
    snprintf(expiry_text, sizeof expiry_text, "%" PRId64, expiry.ns / RF_NS_PER_S);
    snprintf(file, sizeof file, "%s.%s", sha256, format);
    sign(secret, expiry_text, file, signature);
    snprintf(out, RF_MEDIA_PATH_SIZE, PREFIX "%s/%s/%s", expiry_text, signature, file);
    return RF_OK;
}

// Reads the expiry's digits as they stand: no sign, no space, no leading zero, so that a date has
// one spelling only. Returns the length, 0 if there is none or it is too large.
static size_t expiry_parse(const char *text, int64_t *seconds) {
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > EXPIRY_DIGITS - 1 || (length > 1 && text[0] == '0'))
        return 0;
    *seconds = 0;
    for (size_t i = 0; i < length; i++)
        *seconds = *seconds * 10 + (text[i] - '0');
    return length;
}

bool rf_media_check(const char *secret, const char *path, struct rf_utc now,
                    char file[RF_MEDIA_FILE_SIZE]) {
    file[0] = '\0';
    if (secret == NULL || secret[0] == '\0' || strncmp(path, PREFIX, strlen(PREFIX)) != 0)
        return false;
    const char *expiry = path + strlen(PREFIX);
    int64_t expiry_s;
    size_t expiry_length = expiry_parse(expiry, &expiry_s);
    if (expiry_length == 0 || expiry[expiry_length] != '/')
        return false;
    const char *signature = expiry + expiry_length + 1;
    if (strspn(signature, hex_digits) != SIGNATURE_DIGITS || signature[SIGNATURE_DIGITS] != '/')
        return false;
    const char *name = signature + SIGNATURE_DIGITS + 1;
    if (!file_valid(name))
        return false;

    char expiry_text[EXPIRY_DIGITS + 1];
    char expected[SIGNATURE_DIGITS + 1];
    memcpy(expiry_text, expiry, expiry_length);
    expiry_text[expiry_length] = '\0';
    sign(secret, expiry_text, name, expected);
    if (CRYPTO_memcmp(expected, signature, SIGNATURE_DIGITS) != 0)
        return false;
    if (expiry_s < now.ns / RF_NS_PER_S)
        return false;
    memcpy(file, name, strlen(name) + 1);
    return true;
}

const char *rf_media_content_type(const char *file) {
    static const struct {
        const char *suffix, *type;
    } types[] = {{"mp3", "audio/mpeg"}, {"wav", "audio/wav"}, {"ulaw", "audio/basic"}};

    const char *dot = strrchr(file, '.');
    if (dot == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(dot + 1, types[i].suffix) == 0)
            return types[i].type;
    return NULL;
}
