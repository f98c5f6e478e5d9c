#include "redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define REPLACEMENT "[redacted]"

// Providers echo a key, whole or with its middle starred, when they refuse it.
static const char *const prefixes[] = {"sk-", "sk_", "AIza", "Bearer "};

static void replace(char *text, size_t size, char *at, size_t length) {
    char rest[1024];
    snprintf(rest, sizeof rest, "%s", at + length);
    snprintf(at, size - (size_t)(at - text), "%s%s", REPLACEMENT, rest);
}

static bool is_key_character(char c) {
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '*' || c == '.';
}

static void redact_prefix(char *text, size_t size, const char *prefix) {
    char *at = text;
    while ((at = strstr(at, prefix)) != NULL) {
        size_t length = strlen(prefix);
        if (at > text && isalnum((unsigned char)at[-1])) { // inside a word, such as "risk-free"
            at += length;
            continue;
        }
        while (is_key_character(at[length]))
            length++;
        replace(text, size, at, length);
        at += strlen(at) < strlen(REPLACEMENT) ? strlen(at) : strlen(REPLACEMENT);
    }
}

// A text that was cut may end within a UTF-8 sequence.
static void mend_end(char *text) {
    size_t end = strlen(text), start = end;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (wanted > 1 && end - (start - 1) < wanted)
        text[start - 1] = '\0';
}

// A text that was cut may end within the secret.
static void redact_end(char *text, size_t size, const char *secret) {
    size_t length = strlen(text), most = strlen(secret);
    for (size_t n = most < length ? most : length; n >= 4; n--)
        if (memcmp(text + length - n, secret, n) == 0) {
            replace(text, size, text + length - n, n);
            return;
        }
}

void redact(char *text, size_t size, const char *secret) {
    char *at = text;
    if (secret != NULL)
        redact_end(text, size, secret);
    if (secret != NULL && *secret != '\0')
        while ((at = strstr(at, secret)) != NULL) {
            replace(text, size, at, strlen(secret));
            at += strlen(at) < strlen(REPLACEMENT) ? strlen(at) : strlen(REPLACEMENT);
        }
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        redact_prefix(text, size, prefixes[i]);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c == 0x7f)
            *c = ' ';
    mend_end(text);
}
