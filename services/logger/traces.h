// The events of contacts in, finished spans out: the contact's own, its waits in the queue, how its
// call was followed, and by call_spans.h what was done for each step. What has not ended is kept in
// memory, and by trace_store.h over a restart. Pure: the same events make the same spans, with the
// same names, so that a page that comes twice does no harm.
#ifndef RF_LOGGER_TRACES_H
#define RF_LOGGER_TRACES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call_spans.h"
#include "open_trace.h"

// Zero-initialised, but for `most`. rf_open_traces_fini (&open) ends it.
struct rf_traces {
    struct rf_open_traces open;
    size_t most;      // contacts that are kept
    int64_t given_up; // of those, told as unfinished to make room
};

// The topics whose events rf_traces_take wants.
#define RF_TRACES_PREFIXES                                                                         \
    { "contact.", "fallback." }

// rf_traces_take: appends to `entries` (otlp.h) the spans that the event ends. Events of one trace
// may come late or twice: what its end says is final, and what belongs to the time before it is
// told below it all the same. False if out of memory.
bool rf_traces_take(struct rf_traces *traces, const struct rf_span_source *source, json_t *entries);

#endif
