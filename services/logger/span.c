#include "span.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "otlp_value.h"

#include <string.h>

#define STATUS_ERROR 2 // Status.StatusCode

struct rf_span rf_span_begin(const char *trace, const char *name, int64_t began, int64_t ended) {
    return (struct rf_span){.trace = trace,
                            .name = name,
                            .kind = RF_SPAN_INTERNAL,
                            .began = began,
                            .ended = ended > began ? ended : began,
                            .origin = "",
                            .attributes = json_array()};
}

static json_t *clean(const char *text) {
    char mended[512];
    rf_utf8_mend(text, strlen(text), mended, sizeof mended);
    return json_string(mended);
}

static json_t *status_of(const struct rf_span *span) {
    json_t *status = json_pack("{s:i}", "code", STATUS_ERROR);
    if (span->message != NULL && span->message[0] != '\0')
        json_object_set_new(status, "message", clean(span->message));
    return status;
}

static json_t *item_of(const struct rf_span *span) {
    json_t *item =
        json_pack("{s:s, s:s, s:o, s:i, s:o, s:o, s:O}", "traceId", span->trace, "spanId", span->id,
                  "name", clean(span->name), "kind", (int)span->kind, "startTimeUnixNano",
                  json_sprintf("%" PRId64, span->began), "endTimeUnixNano",
                  json_sprintf("%" PRId64, span->ended), "attributes", span->attributes);
    bool done = item != NULL;
    if (done && span->parent[0] != '\0')
        done = json_object_set_new(item, "parentSpanId", json_string(span->parent)) == 0;
    if (done && span->failed != NULL)
        done = json_object_set_new(item, "status", status_of(span)) == 0;
    if (done)
        return item;
    json_decref(item);
    return NULL;
}

bool rf_span_give(struct rf_span *span, json_t *entries) {
    bool done =
        span->attributes != NULL && rf_otlp_add_text(span->attributes, "error.type", span->failed);
    json_t *item = done ? item_of(span) : NULL;
    json_decref(span->attributes);
    span->attributes = NULL;
    // json_pack fails without what it is to take over, and takes it over all the same.
    return item != NULL && json_array_append_new(
                               entries, json_pack("{s:o, s:I, s:o}", "origin", clean(span->origin),
                                                  "n", (json_int_t)span->n, "item", item)) == 0;
}
