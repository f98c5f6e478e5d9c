// Requests of OTLP/HTTP in the JSON form (opentelemetry-proto 1.x), events as log records
// (logs/v1), and what a collector's answer means. Pure.
#ifndef RF_LOGGER_OTLP_H
#define RF_LOGGER_OTLP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "http/client.h"
#include "redact/redact.h"

// What is sent: its path, and the names of the members of its requests and answers.
struct rf_otlp_signal {
    const char *path, *resources, *scopes, *items, *rejected;
};
extern const struct rf_otlp_signal rf_otlp_logs, rf_otlp_traces;

// An entry is {"origin", "n", "item"}: a log record or a span, the process that it is of, and the
// number of the event that it is from.

// rf_otlp_record: an entry: the event as a LogRecord. NULL if out of memory.
json_t *rf_otlp_record(const struct rf_redaction *redaction, const struct rf_event *event,
                       struct rf_utc observed);

// rf_otlp_body: the request with `count` of those `entries`, from `first` on, as text; those of one
// process stand below one resource. A new string, NULL if out of memory.
char *rf_otlp_body(const struct rf_otlp_signal *signal, const json_t *entries, size_t first,
                   size_t count, const char *host);

#define RF_OTLP_MESSAGE_SIZE 256

enum rf_otlp_outcome {
    RF_OTLP_OK,
    RF_OTLP_LATER,   // the collector, or the way to it, has to change first
    RF_OTLP_REFUSED, // it will never take this batch
};

struct rf_otlp_verdict {
    enum rf_otlp_outcome outcome;
    int64_t rejected;                   // with OK: so many of the items were not taken
    char message[RF_OTLP_MESSAGE_SIZE]; // why, one line; "" if there is nothing to say
};

// rf_otlp_reply: 2xx is OK, with what partialSuccess tells. 400, 413 and 422 are about the batch;
// all else, also 401, 403 and 404, is not: to drop events until somebody mends a token would lose
// them.
struct rf_otlp_verdict rf_otlp_reply(const struct rf_otlp_signal *signal,
                                     const struct rf_http_reply *reply);

#endif
