#include "curve/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool rf_endpoint_is_tcp(const char *endpoint) {
    return strncmp(endpoint, "tcp://", 6) == 0;
}

bool rf_endpoint_is_loopback(const char *endpoint) {
    char host[INET6_ADDRSTRLEN];
    struct in_addr address;
    const char *colon = strrchr(endpoint, ':');
    if (!rf_endpoint_is_tcp(endpoint) || colon < endpoint + 6)
        return false;
    size_t length = (size_t)(colon - (endpoint + 6));
    if (length >= sizeof host)
        return false;
    memcpy(host, endpoint + 6, length);
    host[length] = '\0';
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return inet_pton(AF_INET, host, &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

enum rf_err rf_curve_path(const char *pattern, const char *service, char *out, size_t size,
                          struct rf_error *error) {
    static const char mark[] = "{service}";
    size_t used = 0;
    for (const char *at = pattern; *at != '\0';) {
        bool marked = strncmp(at, mark, sizeof mark - 1) == 0;
        const char *piece = marked ? service : at;
        size_t length = marked ? strlen(service) : 1;
        if (used + length >= size)
            return rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", pattern);
        memcpy(out + used, piece, length);
        used += length;
        at += marked ? sizeof mark - 1 : 1;
    }
    out[used] = '\0';
    return RF_OK;
}
