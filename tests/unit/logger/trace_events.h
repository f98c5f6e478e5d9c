// Events of contacts as the orchestrator tells them, and the spans that came of them, for tests.
#ifndef TEST_TRACE_EVENTS_H
#define TEST_TRACE_EVENTS_H

#include <jansson.h>
#include <stdint.h>

#include "traces.h"

#define MS(n) (INT64_C(1700000000000000000) + (n)*INT64_C(1000000))
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

struct world {
    struct rf_traces traces;
    json_t *entries;
    int64_t n; // of the last event
};

void world_begin(struct world *world, size_t most);
void world_end(struct world *world);

// tell: an event at MS (ms) of TRACE; `data` as json_pack makes it, taken over.
void tell(struct world *world, const char *type, const char *severity, int64_t ms, json_t *data);
void tell_of(struct world *world, const char *trace, const char *type, const char *severity,
             int64_t ms, json_t *data);

// attempt: an element of attempts[], begun at MS (began).
json_t *attempt(const char *provider, int status, const char *class, int64_t began, int64_t took,
                int64_t waited);

// The one span of this name, and how many there are.
const json_t *span(const struct world *world, const char *name);
size_t spans(const struct world *world, const char *name);

// What is in it. A time is in milliseconds behind MS (0).
const char *word(const json_t *span, const char *member);
int64_t began(const json_t *span);
int64_t ended(const json_t *span);
const char *attribute(const json_t *span, const char *key); // as text; "": it has none

#endif
