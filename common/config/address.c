#include "config/address.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

static bool port_valid(const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 5 || text[digits] != '\0')
        return false;
    unsigned port = 0;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (unsigned)(text[i] - '0');
    return port <= 65535;
}

bool rf_address_listen(const char *text) {
    char host[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !port_valid(colon + 1))
        return false;
    size_t length = (size_t)(colon - text);
    int family = AF_INET;
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        family = AF_INET6;
        text++;
        length -= 2;
    }
    if (length == 0 || length >= sizeof host)
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    return inet_pton(family, host, &parsed) == 1;
}

// HOST, HOST:PORT, [IPv6] or [IPv6]:PORT in the first `length` characters.
static bool authority_valid(const char *text, size_t length) {
    char authority[300];
    if (length == 0 || length >= sizeof authority)
        return false;
    memcpy(authority, text, length);
    authority[length] = '\0';
    char *host_end = authority[0] == '[' ? strchr(authority, ']') : NULL;
    if (authority[0] == '[' && host_end == NULL)
        return false;
    char *colon = strchr(host_end != NULL ? host_end : authority, ':');
    if (colon != NULL) {
        if (!port_valid(colon + 1))
            return false;
        *colon = '\0';
    }
    return authority[0] != '\0';
}

bool rf_address_url(const char *text, const char *scheme, bool bare) {
    size_t length = strlen(scheme);
    if (strncmp(text, scheme, length) != 0)
        return false;
    const char *rest = text + length;
    if (*rest == 's')
        rest++;
    if (strncmp(rest, "://", 3) != 0)
        return false;
    rest += 3;
    for (const char *at = rest; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return false;
    if (bare && strpbrk(rest, "@?#") != NULL)
        return false;
    size_t authority = strcspn(rest, "/?#");
    const char *user = memchr(rest, '@', authority);
    const char *host = user != NULL ? user + 1 : rest;
    return authority_valid(host, authority - (size_t)(host - rest));
}

bool rf_address_tcp(const char *text) {
    if (strncmp(text, "tcp://", 6) != 0)
        return false;
    const char *colon = strrchr(text + 6, ':');
    return colon != NULL && colon != text + 6 && port_valid(colon + 1) &&
           strpbrk(text, " \t\r\n") == NULL;
}
