// Contacts' traces as a sink: spans of OpenTelemetry, made of the events alone.
#ifndef RF_LOGGER_TRACE_SINK_H
#define RF_LOGGER_TRACE_SINK_H

#include "otlp_sink.h"
#include "trace_store.h"
#include "traces.h"

// Embedded in its owner; private but for `otlp`.
struct rf_trace_sink {
    struct rf_otlp_sink otlp;
    struct rf_traces traces;
    struct rf_trace_store store;
    int64_t told_given_up;
    struct rf_instant told; // when that was logged last; 0: never
};

// rf_trace_sink_init: nothing begins yet. `http` is borrowed.
void rf_trace_sink_init(struct rf_trace_sink *sink, struct rf_process *process,
                        struct rf_http *http, void (*active)(void *arg), void *arg);
void rf_trace_sink_fini(struct rf_trace_sink *sink);

// rf_trace_sink_run: begins, or ends, or begins anew, as the configuration says now.
void rf_trace_sink_run(struct rf_trace_sink *sink);

#endif
