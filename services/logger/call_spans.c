#include "call_spans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attempt_spans.h"
#include "config/config.h"
#include "otlp_value.h"
#include "span.h"

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

bool rf_call_spans_told(const struct rf_event *event) {
    return text_of(event->data, "call")[0] != '\0' && text_of(event->data, "operation")[0] == '\0';
}

// The events of an earlier version do not tell how long a call took that failed; and what is told
// was measured by another clock than the attempts were, so that one may seem to begin before its
// call.
int64_t rf_call_spans_began(const struct rf_event *event) {
    int64_t began = event->ts;
    int64_t took = json_integer_value(json_object_get(event->data, "took_ns"));
    int64_t dialled = json_integer_value(json_object_get(event->data, "dialled"));
    if (dialled > 0 && dialled < began)
        return dialled;
    if (!rf_call_spans_told(event))
        return began;
    if (took > 0 && took < began)
        began -= took;
    const json_t *attempt;
    size_t i;
    json_array_foreach(json_object_get(event->data, "attempts"), i, attempt) {
        int64_t at = json_integer_value(json_object_get(attempt, "began"));
        began = at > 0 && at < began ? at : began;
    }
    return began;
}

const char *rf_span_failure(const struct rf_event *event) {
    bool planned = event->severity != NULL && strcmp(event->severity, "info") == 0;
    const char *reason = text_of(event->data, "reason");
    if (planned || reason[0] == '\0')
        return NULL;
    return reason;
}

// "step script", "call script".
static struct rf_span span_of(const struct rf_span_source *source, const char *kind, char *name,
                              size_t size) {
    const struct rf_event *event = source->event;
    snprintf(name, size, "%s %s", kind, text_of(event->data, "step"));
    struct rf_span span = rf_span_begin(event->trace, name, rf_call_spans_began(event), event->ts);
    rf_span_id(event->trace, kind, text_of(event->data, "call"), 0, span.id);
    span.n = event->n;
    span.origin = event->origin != NULL ? event->origin : "";
    span.failed = rf_span_failure(event);
    span.message = text_of(source->shown->data, "message");
    return span;
}

// A success without a request: of the audio that is there already, or of a link of our own.
static const char *served_by(const struct rf_span_source *source) {
    enum rf_provider provider;
    const json_t *data = source->event->data;
    if (rf_span_failure(source->event) != NULL)
        return NULL;
    if (json_array_size(json_object_get(data, "attempts")) > 0)
        return "provider";
    return rf_provider_parse(text_of(data, "provider"), &provider) ? "cache" : "local";
}

static bool add_call(const struct rf_span_source *source, const char *instead_of, json_t *all) {
    const json_t *data = source->event->data;
    bool done = rf_otlp_add_text(all, "ringfence.call", text_of(data, "call")) &&
                rf_otlp_add_text(all, "ringfence.provider", text_of(data, "provider")) &&
                rf_otlp_add_text(all, "ringfence.worker", text_of(data, "worker")) &&
                rf_otlp_add_text(all, "ringfence.served_by", served_by(source));
    if (done && instead_of[0] != '\0')
        done = rf_otlp_add_text(all, "ringfence.fallback_from", instead_of);
    return done;
}

bool rf_call_spans_give(const struct rf_span_source *source, const char *parent,
                        const char *instead_of, json_t *entries) {
    char step_name[64], call_name[64], call_id[RF_SPAN_ID_SIZE];
    const struct rf_event *event = source->event;
    struct rf_span step = span_of(source, "step", step_name, sizeof step_name);
    struct rf_span call = span_of(source, "call", call_name, sizeof call_name);
    memcpy(step.parent, parent, sizeof step.parent);
    memcpy(call.parent, step.id, sizeof call.parent);
    memcpy(call_id, call.id, sizeof call_id);
    call.kind = RF_SPAN_CLIENT;
    bool done = step.attributes != NULL && call.attributes != NULL &&
                rf_otlp_add_text(step.attributes, "ringfence.step", text_of(event->data, "step")) &&
                rf_otlp_add_text(step.attributes, "ringfence.contact", source->shown->contact) &&
                add_call(source, instead_of, call.attributes);
    done = rf_span_give(&step, entries) && done;
    done = rf_span_give(&call, entries) && done;
    return done && rf_attempt_spans_give(source, call_id, entries);
}
