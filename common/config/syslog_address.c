#include "config/syslog_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MOST 107 // of a socket

static const struct {
    const char *scheme, *port;
} transports[] = {
    [RF_SYSLOG_UDP] = {"udp://", "514"},  // RFC 5426
    [RF_SYSLOG_TCP] = {"tcp://", "601"},  // RFC 6587
    [RF_SYSLOG_TLS] = {"tls://", "6514"}, // RFC 5425
    [RF_SYSLOG_UNIX] = {"unix://", ""},
};

static bool take_port(const char *text, struct rf_syslog_address *address) {
    size_t digits = strspn(text, "0123456789");
    long port = digits > 0 && digits < 6 ? strtol(text, NULL, 10) : 0;
    if (text[digits] != '\0' || port < 1 || port > 65535)
        return false;
    snprintf(address->port, sizeof address->port, "%ld", port);
    return true;
}

static bool take_host(const char *text, struct rf_syslog_address *address) {
    bool bracketed = text[0] == '[';
    const char *begin = bracketed ? text + 1 : text;
    size_t length = strcspn(begin, bracketed ? "]" : ":");
    const char *rest = begin + length;
    if (length == 0 || length >= sizeof address->host || strpbrk(text, "/@?# ") != NULL)
        return false;
    if (bracketed && *rest++ != ']')
        return false;
    memcpy(address->host, begin, length);
    address->host[length] = '\0';
    return *rest == '\0' || (*rest == ':' && take_port(rest + 1, address));
}

bool rf_syslog_address_parse(const char *text, struct rf_syslog_address *address) {
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
        size_t length = strlen(transports[i].scheme);
        if (strncmp(text, transports[i].scheme, length) != 0)
            continue;
        *address = (struct rf_syslog_address){.transport = (enum rf_syslog_transport)i};
        snprintf(address->port, sizeof address->port, "%s", transports[i].port);
        if (i != RF_SYSLOG_UNIX)
            return take_host(text + length, address);
        snprintf(address->host, sizeof address->host, "%s", text + length);
        return text[length] == '/' && strlen(text + length) <= PATH_MOST;
    }
    return false;
}

int rf_syslog_facility(const char *name) {
    static const char *const names[] = {
        "kern",   "user",   "mail",     "daemon", "auth",   "syslog", "lpr",    "news",
        "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "alert",  "clock",
        "local0", "local1", "local2",   "local3", "local4", "local5", "local6", "local7"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    return -1;
}
