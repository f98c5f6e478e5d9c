// The requests that were sent to providers for one call, and the waits between them. Pure.
#ifndef RF_LOGGER_ATTEMPT_SPANS_H
#define RF_LOGGER_ATTEMPT_SPANS_H

#include "call_spans.h"

// rf_attempt_spans_give: appends them to `entries`, below the span `parent`. False if out of
// memory.
bool rf_attempt_spans_give(const struct rf_span_source *source, const char *parent,
                           json_t *entries);

#endif
