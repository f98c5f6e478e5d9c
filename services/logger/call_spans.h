// What was done for one step of a contact's work, as its event tells: the step, its call on the
// bus, each request to a provider, and the waits between them. Pure.
#ifndef RF_LOGGER_CALL_SPANS_H
#define RF_LOGGER_CALL_SPANS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <ringfence/messages.h>

struct rf_config;

// An event that tells of a contact: names and times are those of `event`, texts those of `shown`,
// which is the same event redacted.
struct rf_span_source {
    const struct rf_event *event, *shown;
    const struct rf_config *config; // where providers are
};

// rf_call_spans_told: whether it tells of a step's call at all; a question about a call is no step.
bool rf_call_spans_told(const struct rf_event *event);

// rf_call_spans_began: when what it tells of began: the call, a dial that was in doubt, or the
// event itself.
int64_t rf_call_spans_began(const struct rf_event *event);

// rf_call_spans_give: appends them to `entries`, below the span `parent`. `instead_of`: the first
// link of the chain, which did not serve it; "" if it did. False if out of memory.
bool rf_call_spans_give(const struct rf_span_source *source, const char *parent,
                        const char *instead_of, json_t *entries);

// rf_span_failure: error.type of what the event tells of; NULL: it did not fail, or was meant so.
const char *rf_span_failure(const struct rf_event *event);

#endif
