// Names of spans, and the W3C trace context that carries them to others. A span's name comes of
// what it is of alone: who sends a request and who tells of it later name the same span without a
// word between them, and one that is told of twice has one name.
#ifndef RF_BASE_TRACE_CONTEXT_H
#define RF_BASE_TRACE_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#define RF_SPAN_ID_SIZE     17 // 16 hexadecimal digits
#define RF_TRACEPARENT_SIZE 56

// rf_trace_is_id: whether it is a trace id of W3C: 32 hex digits in lower case, not all 0. NULL is
// none.
bool rf_trace_is_id(const char *trace);

// rf_span_id: the span of this kind within the trace. `id` and `number` tell it from others of its
// kind. Returns out.
char *rf_span_id(const char *trace, const char *kind, const char *id, int64_t number,
                 char out[RF_SPAN_ID_SIZE]);

// rf_span_of_contact: the root of a contact's trace. rf_span_of_attempt: the request to `provider`
// for the bus's call `call` that began at this time (UTC nanoseconds, as attempts[] has it).
char *rf_span_of_contact(const char *trace, char out[RF_SPAN_ID_SIZE]);
char *rf_span_of_attempt(const char *trace, const char *call, const char *provider, int64_t began,
                         char out[RF_SPAN_ID_SIZE]);

// rf_traceparent: the header's value (version 00, sampled). Returns out.
char *rf_traceparent(const char *trace, const char *span, char out[RF_TRACEPARENT_SIZE]);

#endif
