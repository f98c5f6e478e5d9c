#include "doctor_judge.h"

#include <stdio.h>
#include <stdlib.h>

#define VERSION_PARTS 3

static void parts_of(const char *version, long parts[VERSION_PARTS]) {
    for (int i = 0; i < VERSION_PARTS; i++) {
        char *end;
        parts[i] = strtol(version, &end, 10);
        version = *end == '.' ? end + 1 : end;
    }
}

static int compare(const long *a, const long *b) {
    for (int i = 0; i < VERSION_PARTS; i++)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

enum doctor_verdict doctor_version(const char *running, const char *built, const char *least) {
    long now[VERSION_PARTS], then[VERSION_PARTS], needed[VERSION_PARTS];
    parts_of(running, now);
    parts_of(built, then);
    parts_of(least, needed);
    if (now[0] != then[0] || compare(now, needed) < 0)
        return DOCTOR_FAIL;
    return compare(now, then) < 0 ? DOCTOR_WARN : DOCTOR_OK;
}

enum doctor_verdict doctor_clock(struct rf_duration ahead, struct rf_duration most) {
    int64_t off = ahead.ns < 0 ? -ahead.ns : ahead.ns;
    return off > most.ns ? DOCTOR_WARN : DOCTOR_OK;
}

enum doctor_verdict doctor_key(long status, enum rf_class class) {
    if (status >= 200 && status <= 299)
        return DOCTOR_OK;
    return class == RF_CLASS_TRANSIENT || class == RF_CLASS_RATE_LIMITED ? DOCTOR_WARN
                                                                         : DOCTOR_FAIL;
}

const char *doctor_transport_mend(enum rf_http_failure failure, const char *key, char *out,
                                  size_t size) {
    switch (failure) {
    case RF_HTTP_RESOLVE:
        snprintf(out, size,
                 "the name is not known here: look at the spelling of %s, and whether this host "
                 "looks up any name (/etc/resolv.conf)",
                 key);
        break;
    case RF_HTTP_RESOLVER:
        snprintf(out, size,
                 "the name server does not answer: look at /etc/resolv.conf and the "
                 "network of this host");
        break;
    case RF_HTTP_CERTIFICATE:
        snprintf(out, size,
                 "the certificate is not trusted: a private authority's belongs into "
                 "ca_file beside %s; also look at this host's clock and its package "
                 "ca-certificates",
                 key);
        break;
    case RF_HTTP_TLS:
        snprintf(out, size,
                 "the other side speaks no TLS 1.2 or later there: look at scheme and "
                 "port of %s",
                 key);
        break;
    case RF_HTTP_PROXY:
        snprintf(out, size,
                 "look at the proxy's address and login (defaults.proxy, or proxy "
                 "beside %s)",
                 key);
        break;
    case RF_HTTP_LOGIN:
        snprintf(out, size,
                 "the server offers no login that we know: look at the port of %s, and "
                 "whether it wants TLS first",
                 key);
        break;
    default:
        snprintf(out, size, "look at %s, and whether a firewall lets this host out to it", key);
        break;
    }
    return out;
}
