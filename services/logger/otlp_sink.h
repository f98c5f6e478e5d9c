// OTLP/HTTP as a sink: batches of log records posted to a collector. otlp.c makes and reads them.
#ifndef RF_LOGGER_OTLP_SINK_H
#define RF_LOGGER_OTLP_SINK_H

#include <jansson.h>

#include "forward.h"
#include "http/client.h"

// Embedded in its owner; private but for `forward.sink`.
struct rf_otlp_sink {
    struct rf_forward forward;
    struct rf_http *http;
    struct rf_http_transfer *transfer;
    json_t *records;     // of the page; NULL: none
    size_t first, count; // of those, the ones that are being sent
    int64_t dropped;     // records that the collector will never take, not told yet
    int64_t dropped_n;   // the number of the last one
    char why[256];
    struct rf_instant told; // when that was told last; 0: never
    struct rf_timer telling;
    char host[256];
};

// rf_otlp_sink_init: nothing begins yet. `http` is borrowed.
void rf_otlp_sink_init(struct rf_otlp_sink *sink, struct rf_process *process, struct rf_http *http,
                       void (*active)(void *arg), void *arg);
void rf_otlp_sink_fini(struct rf_otlp_sink *sink);

// rf_otlp_sink_run: begins, or ends, or begins anew, as the configuration says now.
void rf_otlp_sink_run(struct rf_otlp_sink *sink);

#endif
