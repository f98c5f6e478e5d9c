#include "base/trace_context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"

bool rf_trace_is_id(const char *trace) {
    if (trace == NULL)
        return false;
    size_t digits = strspn(trace, "0123456789abcdef");
    return digits == 32 && trace[32] == '\0' && strspn(trace, "0") < 32;
}

char *rf_span_id(const char *trace, const char *kind, const char *id, int64_t number,
                 char out[RF_SPAN_ID_SIZE]) {
    char name[512], hex[RF_SHA256_HEX_SIZE];
    // What is cut off would only be a name longer than any of ours.
    int size = snprintf(name, sizeof name, "%s %s %" PRId64 " %s", trace, kind, number, id);
    rf_sha256_hex(name, (size_t)size < sizeof name ? (size_t)size : sizeof name - 1, hex);
    memcpy(out, hex, RF_SPAN_ID_SIZE - 1);
    out[RF_SPAN_ID_SIZE - 1] = '\0';
    if (strspn(out, "0") == RF_SPAN_ID_SIZE - 1)
        out[RF_SPAN_ID_SIZE - 2] = '1'; // all 0 is no id
    return out;
}

char *rf_span_of_contact(const char *trace, char out[RF_SPAN_ID_SIZE]) {
    return rf_span_id(trace, "contact", "", 0, out);
}

char *rf_span_of_attempt(const char *trace, const char *call, const char *provider, int64_t began,
                         char out[RF_SPAN_ID_SIZE]) {
    char id[256];
    snprintf(id, sizeof id, "%s %s", call, provider);
    return rf_span_id(trace, "attempt", id, began, out);
}

char *rf_traceparent(const char *trace, const char *span, char out[RF_TRACEPARENT_SIZE]) {
    snprintf(out, RF_TRACEPARENT_SIZE, "00-%s-%s-01", trace, span);
    return out;
}
