// Events as log records of OpenTelemetry, in the JSON form of OTLP/HTTP (opentelemetry-proto 1.x,
// logs/v1), and what a collector's answer means. Pure.
#ifndef RF_LOGGER_OTLP_H
#define RF_LOGGER_OTLP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "http/client.h"
#include "redact/redact.h"

// rf_otlp_record: {"origin", "record"}: one event as a LogRecord, and the process that it is of.
// NULL if out of memory.
json_t *rf_otlp_record(const struct rf_redaction *redaction, const struct rf_event *event,
                       struct rf_utc observed);

// rf_otlp_is_trace: whether it is a trace id of W3C: 32 hex digits in lower case, not all 0.
bool rf_otlp_is_trace(const char *trace);

// rf_otlp_body: the ExportLogsServiceRequest with `count` of those `records`, from `first` on, as
// text; those of one process stand below one resource. A new string, NULL if out of memory.
char *rf_otlp_body(const json_t *records, size_t first, size_t count, const char *host);

#define RF_OTLP_MESSAGE_SIZE 256

enum rf_otlp_outcome {
    RF_OTLP_OK,
    RF_OTLP_LATER,   // the collector, or the way to it, has to change first
    RF_OTLP_REFUSED, // it will never take this batch
};

struct rf_otlp_verdict {
    enum rf_otlp_outcome outcome;
    int64_t rejected;                   // with OK: so many of the records were not taken
    char message[RF_OTLP_MESSAGE_SIZE]; // why, one line; "" if there is nothing to say
};

// rf_otlp_reply: 2xx is OK, with what partialSuccess tells. 400, 413 and 422 are about the batch;
// all else, also 401, 403 and 404, is not: to drop events until somebody mends a token would lose
// them.
struct rf_otlp_verdict rf_otlp_reply(const struct rf_http_reply *reply);

#endif
