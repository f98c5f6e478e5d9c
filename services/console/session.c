#include "session.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define MAC_SIZE   65
#define BLANK      "~" // between the parts; no part has it
#define HEX_DIGITS "0123456789abcdef"

static void hex(const unsigned char *bytes, size_t count, char *out) {
    for (size_t i = 0; i < count; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void sign(const char *token, const char *text, char out[MAC_SIZE]) {
    unsigned char mac[32];
    rf_hmac_sha256(token, strlen(token), text, strlen(text), mac);
    hex(mac, sizeof mac, out);
}

void console_session_begin(const struct rf_config_visitor *visitor, struct rf_utc expires,
                           const unsigned char nonce[CONSOLE_NONCE_BYTES],
                           struct console_session *session) {
    *session = (struct console_session){.visitor = visitor,
                                        .expires = {expires.ns / RF_NS_PER_S * RF_NS_PER_S}};
    hex(nonce, CONSOLE_NONCE_BYTES, session->nonce);
}

static void seal(const struct console_session *session, char out[MAC_SIZE]) {
    char text[160];
    const struct rf_config_visitor *visitor = session->visitor;
    snprintf(text, sizeof text, "session\n%s\n%d\n%" PRId64 "\n%s", visitor->name,
             (int)visitor->role, session->expires.ns, session->nonce);
    sign(visitor->token.value, text, out);
}

char *console_session_cookie(const struct console_session *session, char out[CONSOLE_COOKIE_SIZE]) {
    char mac[MAC_SIZE];
    seal(session, mac);
    snprintf(out, CONSOLE_COOKIE_SIZE, "%s" BLANK "%" PRId64 BLANK "%s" BLANK "%s",
             session->visitor->name, session->expires.ns / RF_NS_PER_S, session->nonce, mac);
    return out;
}

char *console_session_csrf(const struct console_session *session, char out[CONSOLE_CSRF_SIZE]) {
    char text[64];
    snprintf(text, sizeof text, "csrf\n%s", session->nonce);
    sign(session->visitor->token.value, text, out);
    return out;
}

// The part up to the next blank; false: there is none, or it is too long.
static bool take(const char **rest, char *out, size_t size) {
    size_t length = strcspn(*rest, BLANK);
    if (length == 0 || length >= size)
        return false;
    memcpy(out, *rest, length);
    out[length] = '\0';
    *rest += length + ((*rest)[length] != '\0');
    return true;
}

static bool is_hex(const char *text, size_t length) {
    return strlen(text) == length && strspn(text, HEX_DIGITS) == length;
}

bool console_session_read(const char *value, const struct rf_config_visitor *visitors, size_t count,
                          struct rf_utc now, struct console_session *session) {
    char name[RF_CONSOLE_NAME_MOST + 1], date[16], mac[MAC_SIZE], expected[MAC_SIZE];
    const char *rest = value;
    *session = (struct console_session){0};
    if (!take(&rest, name, sizeof name) || !take(&rest, date, sizeof date) ||
        !take(&rest, session->nonce, sizeof session->nonce) || !take(&rest, mac, sizeof mac) ||
        rest[0] != '\0' || strspn(date, "0123456789") != strlen(date) || strlen(date) > 10 ||
        !is_hex(session->nonce, CONSOLE_NONCE_SIZE - 1) || !is_hex(mac, MAC_SIZE - 1))
        return false;
    session->expires.ns = strtoll(date, NULL, 10) * RF_NS_PER_S;
    if (session->expires.ns <= now.ns)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(visitors[i].name, name) != 0)
            continue;
        session->visitor = &visitors[i];
        seal(session, expected);
        return CRYPTO_memcmp(expected, mac, MAC_SIZE) == 0;
    }
    return false;
}

bool console_cookie_find(const char *header, const char *name, char *out, size_t size) {
    size_t length = strlen(name);
    for (const char *at = header; at != NULL && *at != '\0';) {
        at += strspn(at, " ;");
        size_t part = strcspn(at, ";");
        if (part > length && strncmp(at, name, length) == 0 && at[length] == '=') {
            size_t count = part - length - 1;
            if (count >= size)
                return false;
            memcpy(out, at + length + 1, count);
            out[count] = '\0';
            return true;
        }
        at += part;
    }
    return false;
}

bool console_text_same(const char *secret, const char *given) {
    char a[RF_SHA256_HEX_SIZE], b[RF_SHA256_HEX_SIZE];
    if (secret == NULL || given == NULL)
        return false;
    rf_sha256_hex(secret, strlen(secret), a);
    rf_sha256_hex(given, strlen(given), b);
    return CRYPTO_memcmp(a, b, sizeof a) == 0;
}
