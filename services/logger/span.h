// Spans of OpenTelemetry, in the JSON form of OTLP/HTTP (opentelemetry-proto 1.x, trace/v1). Pure.
#ifndef RF_LOGGER_SPAN_H
#define RF_LOGGER_SPAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/trace_context.h"

// SpanKind, as numbers: the JSON form takes no names.
enum rf_span_kind { RF_SPAN_INTERNAL = 1, RF_SPAN_CLIENT = 3 };

struct rf_span {
    const char *trace, *name;
    char id[RF_SPAN_ID_SIZE], parent[RF_SPAN_ID_SIZE]; // parent "": it is the root
    enum rf_span_kind kind;
    int64_t began, ended; // UTC nanoseconds; what ends before it begins has no length
    const char *failed;   // error.type; NULL: it did not fail
    const char *message;  // of a failure; NULL: none
    const char *origin;   // instance of the process that did it
    int64_t n;            // of the event that tells of it
    json_t *attributes;   // of otlp_value.h; taken over, also after an error
};

// rf_span_begin: of the trace, without attributes, which are NULL if out of memory.
struct rf_span rf_span_begin(const char *trace, const char *name, int64_t began, int64_t ended);

// rf_span_give: appends it to `entries`, as otlp.h has them. False if out of memory.
bool rf_span_give(struct rf_span *span, json_t *entries);

#endif
