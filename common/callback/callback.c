#include "callback/callback.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define PATH "/twilio/status/"

#define SIGNATURE_LENGTH 28 // base64 of 20 bytes

static bool is_ulid(const char *text) {
    return strspn(text, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") == RF_ULID_SIZE - 1 &&
           text[RF_ULID_SIZE - 1] == '\0';
}

char *rf_callback_url(const char *base, const char *attempt) {
    char *url = NULL;
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    if (!is_ulid(attempt) || asprintf(&url, "%.*s" PATH "%s", (int)length, base, attempt) < 0)
        return NULL;
    return url;
}

bool rf_callback_attempt(const char *path, char attempt[RF_ULID_SIZE]) {
    if (strncmp(path, PATH, strlen(PATH)) != 0 || !is_ulid(path + strlen(PATH)))
        return false;
    memcpy(attempt, path + strlen(PATH), RF_ULID_SIZE);
    return true;
}

// ---- the signature ----

static int by_name(const void *a, const void *b) {
    const struct rf_form_field *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->value, right->value);
}

static bool same(const struct rf_form_field *a, const struct rf_form_field *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->value, b->value) == 0;
}

// What is signed; NULL if out of memory. Of the same name with the same value one counts.
static char *signed_text(const char *url, const struct rf_form_field *fields, size_t count) {
    char *text = NULL;
    size_t size = 0;
    struct rf_form_field *sorted = malloc((count + 1) * sizeof *sorted);
    FILE *out = sorted != NULL ? open_memstream(&text, &size) : NULL;
    if (out == NULL) {
        free(sorted);
        return NULL;
    }
    if (count > 0)
        memcpy(sorted, fields, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_name);
    (void)fputs(url, out);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !same(&sorted[i - 1], &sorted[i]))
            fprintf(out, "%s%s", sorted[i].name, sorted[i].value);
    free(sorted);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *rf_callback_sign(const char *token, const char *url, const struct rf_form_field *fields,
                       size_t count) {
    unsigned char mac[20];
    char *text = signed_text(url, fields, count);
    if (text == NULL)
        return NULL;
    rf_hmac_sha1(token, strlen(token), text, strlen(text), mac);
    free(text);
    return rf_base64_encode(mac, sizeof mac);
}

// Whether the signature fits this spelling of the address.
static bool fits(const char *token, const char *url, const struct rf_form_field *fields,
                 size_t count, const char *signature) {
    char *expected = url != NULL ? rf_callback_sign(token, url, fields, count) : NULL;
    bool equal = expected != NULL && strlen(expected) == SIGNATURE_LENGTH &&
                 CRYPTO_memcmp(expected, signature, SIGNATURE_LENGTH) == 0;
    free(expected);
    return equal;
}

// The address with another port: without the one that it has, or with its scheme's own. NULL if out
// of memory.
static char *other_port(const char *url) {
    char *other = NULL;
    const char *host = strstr(url, "://");
    host = host != NULL ? host + 3 : url;
    size_t authority = strcspn(host, "/?#");
    const char *bracket = memchr(host, ']', authority);
    const char *name = bracket != NULL ? bracket : host;
    const char *port = memchr(name, ':', authority - (size_t)(name - host));
    const char *rest = host + authority, *end = port != NULL ? port : rest;
    const char *added = port != NULL ? "" : strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
    if (asprintf(&other, "%.*s%s%s", (int)(end - url), url, added, rest) < 0)
        return NULL;
    return other;
}

bool rf_callback_signed(const char *token, const char *url, const struct rf_form_field *fields,
                        size_t count, const char *signature) {
    if (signature == NULL || strlen(signature) != SIGNATURE_LENGTH)
        return false;
    char *other = other_port(url);
    bool good =
        fits(token, url, fields, count, signature) || fits(token, other, fields, count, signature);
    free(other);
    return good;
}
