// OTLP/HTTP as a sink: batches of log records or spans posted to a collector, of which otlp.c makes
// the requests and reads the answers. What is sent is a kind's matter: log_sink.c, trace_sink.c.
#ifndef RF_LOGGER_OTLP_SINK_H
#define RF_LOGGER_OTLP_SINK_H

#include <jansson.h>

#include "forward.h"
#include "http/client.h"
#include "otlp.h"

struct rf_config;
struct rf_config_otlp;
struct rf_otlp_sink;

struct rf_otlp_sink_kind {
    // `take` fills `entries` and calls rf_otlp_sink_next; `give` is rf_otlp_sink_give; `drop` calls
    // rf_otlp_sink_drop.
    struct rf_forward_kind forward;
    const struct rf_otlp_signal *signal;
    const struct rf_config_otlp *(*settings)(const struct rf_config *config);
    // All entries are given: answers by rf_forward_done or rf_forward_failed, then or later; after
    // the latter it is called again.
    void (*given)(struct rf_otlp_sink *sink);
};

// Embedded in its owner; private but for `forward.sink` and, to its kind, `entries` and `first`.
struct rf_otlp_sink {
    struct rf_forward forward;
    const struct rf_otlp_sink_kind *kind;
    struct rf_http *http;
    struct rf_http_transfer *transfer;
    json_t *entries;     // of the page; NULL: none
    size_t first, count; // of those, the ones that are being sent
    int64_t dropped;     // entries that the collector will never take, not told yet
    int64_t dropped_n;   // the number of the last one
    char why[256];
    struct rf_instant told; // when that was told last; 0: never
    struct rf_timer telling;
    char host[256];
};

// rf_otlp_sink_init: nothing begins yet. `kind` and `http` are borrowed.
void rf_otlp_sink_init(struct rf_otlp_sink *sink, const struct rf_otlp_sink_kind *kind,
                       struct rf_process *process, struct rf_http *http, void (*active)(void *arg),
                       void *arg);
void rf_otlp_sink_fini(struct rf_otlp_sink *sink);

// ---- for a kind ----

// rf_otlp_sink_next: the next batch begins at `first`. rf_otlp_sink_give sends it.
void rf_otlp_sink_next(struct rf_otlp_sink *sink);
void rf_otlp_sink_give(void *sink);

// rf_otlp_sink_forget: the entries. rf_otlp_sink_drop: and what is on its way.
void rf_otlp_sink_forget(struct rf_otlp_sink *sink);
void rf_otlp_sink_drop(void *sink);

#endif
