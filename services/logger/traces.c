#include "traces.h"

#include <stdio.h>
#include <string.h>

#include "otlp_value.h"
#include "span.h"

// One event, and the trace that it belongs to.
struct taking {
    struct rf_traces *traces;
    const struct rf_span_source *source;
    struct rf_open_trace *trace;
    int64_t began; // of what the event tells of
    bool late;     // the trace had ended before that
    json_t *entries;
};

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static const json_t *told(const struct taking *taking, const char *key) {
    return json_object_get(taking->source->event->data, key);
}

static const char *told_text(const struct taking *taking, const char *key) {
    return text_of(taking->source->event->data, key);
}

static const char *shown_text(const struct taking *taking, const char *key) {
    return text_of(taking->source->shown->data, key);
}

static void set_text(char *out, size_t size, const char *text) {
    snprintf(out, size, "%s", text);
}

// ---- the contact's span ----

// A contact that is tried again after its end goes on in the same trace, below its first span: a
// trace has one root, and that one has ended.
static void name_root(const struct rf_open_trace *trace, char id[RF_SPAN_ID_SIZE],
                      char parent[RF_SPAN_ID_SIZE]) {
    parent[0] = '\0';
    if (trace->run == 0) {
        rf_span_of_contact(trace->id, id);
        return;
    }
    rf_span_of_contact(trace->id, parent);
    rf_span_id(trace->id, "contact again", "", trace->run, id);
}

static struct rf_span below_root(const struct taking *taking, const char *name, int64_t began,
                                 int64_t ended) {
    char unused[RF_SPAN_ID_SIZE];
    const struct rf_event *event = taking->source->event;
    struct rf_span span = rf_span_begin(taking->trace->id, name, began, ended);
    name_root(taking->trace, span.parent, unused);
    span.n = event->n;
    span.origin = event->origin != NULL ? event->origin : "";
    return span;
}

static bool add_flag(json_t *attributes, const char *key) {
    return rf_otlp_add(attributes, key, json_pack("{s:b}", "boolValue", 1));
}

static bool add_whose(const struct rf_open_trace *trace, json_t *attributes) {
    bool done = rf_otlp_add_text(attributes, "ringfence.contact", trace->contact) &&
                rf_otlp_add_text(attributes, "ringfence.campaign", trace->campaign);
    if (done && trace->run > 0)
        done = rf_otlp_add(attributes, "ringfence.run", rf_otlp_integer(trace->run + 1));
    return done;
}

static struct rf_span root_of(const struct rf_open_trace *trace, int64_t ended, int64_t n) {
    struct rf_span span = rf_span_begin(trace->id, "contact", trace->began, ended);
    name_root(trace, span.id, span.parent);
    span.origin = trace->origin;
    span.n = n;
    return span;
}

static bool give_root(const struct taking *taking) {
    const struct rf_event *event = taking->source->event;
    struct rf_span span = root_of(taking->trace, event->ts, event->n);
    bool set_aside = strcmp(event->type, "contact.set_aside") == 0;
    bool done =
        span.attributes != NULL && add_whose(taking->trace, span.attributes) &&
        rf_otlp_add_text(span.attributes, "ringfence.outcome",
                         set_aside                                 ? "set_aside"
                         : told_text(taking, "outcome")[0] != '\0' ? told_text(taking, "outcome")
                                                                   : told_text(taking, "status")) &&
        rf_otlp_add_text(span.attributes, "ringfence.sid", told_text(taking, "sid"));
    if (set_aside) {
        done = done &&
               rf_otlp_add_text(span.attributes, "ringfence.reason", told_text(taking, "reason"));
        span.failed = rf_span_failure(event);
        span.message = shown_text(taking, "message");
    }
    return rf_span_give(&span, taking->entries) && done;
}

// ---- what it waits for ----

static bool end_wait(const struct taking *taking) {
    struct rf_open_trace *trace = taking->trace;
    char name[64];
    if (trace->wait_since == 0)
        return true;
    snprintf(name, sizeof name, "wait %s", trace->wait_reason);
    struct rf_span span = below_root(taking, name, trace->wait_since, taking->began);
    rf_span_id(trace->id, "wait", "", trace->wait_since, span.id);
    bool done = rf_otlp_add_text(span.attributes, "ringfence.wait", trace->wait_reason) &&
                rf_otlp_add_text(span.attributes, "ringfence.provider", trace->wait_provider);
    trace->wait_since = 0;
    return rf_span_give(&span, taking->entries) && done;
}

static void begin_wait(const struct taking *taking) {
    struct rf_open_trace *trace = taking->trace;
    trace->wait_since = taking->source->event->ts;
    set_text(trace->wait_reason, sizeof trace->wait_reason, told_text(taking, "reason"));
    set_text(trace->wait_provider, sizeof trace->wait_provider, told_text(taking, "provider"));
}

static bool end_follow(const struct taking *taking) {
    struct rf_open_trace *trace = taking->trace;
    if (trace->follow_since == 0)
        return true;
    struct rf_span span =
        below_root(taking, "follow", trace->follow_since, taking->source->event->ts);
    rf_span_id(trace->id, "follow", "", trace->follow_since, span.id);
    bool done =
        rf_otlp_add_text(span.attributes, "ringfence.sid", told_text(taking, "sid")) &&
        rf_otlp_add_text(span.attributes, "ringfence.provider", told_text(taking, "provider"));
    trace->follow_since = 0;
    return rf_span_give(&span, taking->entries) && done;
}

// ---- events ----

static bool give_call(const struct taking *taking) {
    char root[RF_SPAN_ID_SIZE], parent[RF_SPAN_ID_SIZE];
    const struct rf_open_trace *trace = taking->trace;
    if (!rf_call_spans_told(taking->source->event))
        return true;
    name_root(trace, root, parent);
    bool fell = strcmp(trace->fallback_call, told_text(taking, "call")) == 0;
    return rf_call_spans_give(taking->source, root, fell ? trace->fallback_origin : "",
                              taking->entries);
}

// A dial whose answer decided nothing, as it was lost, or the gateway with it in hand: from when it
// was begun to when it was known what became of it.
static bool give_doubt(const struct taking *taking) {
    const char *type = taking->source->event->type, *dial = told_text(taking, "dial");
    if (json_integer_value(told(taking, "dialled")) <= 0)
        return true;
    struct rf_span span =
        below_root(taking, "dial in doubt", taking->began, taking->source->event->ts);
    rf_span_id(taking->trace->id, "doubt", dial, 0, span.id);
    bool unknown = strcmp(type, "contact.set_aside") == 0;
    if (unknown) {
        span.failed = rf_span_failure(taking->source->event);
        span.message = shown_text(taking, "message");
    }
    bool done =
        rf_otlp_add_text(span.attributes, "ringfence.call", dial) &&
        rf_otlp_add_text(span.attributes, "ringfence.provider", told_text(taking, "provider")) &&
        rf_otlp_add_text(span.attributes, "ringfence.sid", told_text(taking, "sid")) &&
        rf_otlp_add_text(span.attributes, "ringfence.outcome",
                         strcmp(type, "contact.step") == 0 ? "found"
                         : unknown                         ? "unknown"
                                                           : "absent");
    return rf_span_give(&span, taking->entries) && done;
}

static bool end(const struct taking *taking) {
    bool done = end_follow(taking) && give_root(taking);
    rf_open_traces_touch(&taking->traces->open, taking->trace, true);
    return done;
}

static bool on_started(const struct taking *taking) {
    (void)taking; // its time is noted already
    return true;
}

static bool on_step(const struct taking *taking) {
    if (!give_call(taking) || !give_doubt(taking))
        return false;
    if (!taking->late && told_text(taking, "sid")[0] != '\0')
        taking->trace->follow_since = taking->source->event->ts;
    return true;
}

// A call that ended is the end of its trace: the next one has another.
static bool on_deferred(const struct taking *taking) {
    if (!give_call(taking) || !give_doubt(taking))
        return false;
    if (taking->late)
        return true;
    if (told(taking, "calls") != NULL)
        return end(taking);
    begin_wait(taking);
    return true;
}

static bool on_end(const struct taking *taking) {
    return give_call(taking) && give_doubt(taking) && (taking->late || end(taking));
}

static bool on_fallback(const struct taking *taking) {
    struct rf_open_trace *trace = taking->trace;
    set_text(trace->fallback_call, sizeof trace->fallback_call, told_text(taking, "call"));
    set_text(trace->fallback_origin, sizeof trace->fallback_origin,
             told_text(taking, "instead_of"));
    rf_open_traces_touch(&taking->traces->open, trace, trace->ended);
    return true;
}

static const struct {
    const char *type;
    bool of_contact;
    bool (*fn)(const struct taking *taking);
} handlers[] = {
    {"contact.started", true, on_started},   {"contact.step", true, on_step},
    {"contact.deferred", true, on_deferred}, {"contact.done", true, on_end},
    {"contact.set_aside", true, on_end},     {"fallback.used", false, on_fallback},
};

// ---- whose it is ----

// The next run of a contact that was tried again after its end.
static void run_again(struct rf_traces *traces, struct rf_open_trace *trace, int64_t began) {
    trace->run++;
    trace->began = began;
    trace->wait_since = trace->follow_since = 0;
    trace->fallback_call[0] = '\0';
    rf_open_traces_touch(&traces->open, trace, false);
}

// Only the orchestrator's events begin a trace.
static bool find_trace(struct taking *taking, bool of_contact) {
    const struct rf_event *event = taking->source->event, *shown = taking->source->shown;
    struct rf_open_traces *open = &taking->traces->open;
    taking->trace = rf_open_traces_find(open, event->trace);
    taking->late =
        taking->trace != NULL && taking->trace->ended && taking->began <= taking->trace->last;
    if (taking->trace == NULL && of_contact) {
        taking->trace = rf_open_traces_add(open, event->trace);
        if (taking->trace == NULL)
            return false;
        taking->trace->began = taking->began;
    }
    if (taking->trace == NULL || taking->late || !of_contact)
        return true;
    if (taking->trace->ended)
        run_again(taking->traces, taking->trace, taking->began);
    else
        rf_open_traces_touch(open, taking->trace, false);
    if (event->ts > taking->trace->last)
        taking->trace->last = event->ts;
    return rf_open_traces_tell(taking->trace, shown->contact, shown->campaign, event->origin);
}

// There is no room for it any more. Its later events would begin it anew.
static bool give_up(struct rf_traces *traces, struct rf_open_trace *trace, int64_t n,
                    json_t *entries) {
    struct rf_span span = root_of(trace, trace->last, n);
    bool done = span.attributes != NULL && add_whose(trace, span.attributes) &&
                add_flag(span.attributes, "ringfence.unfinished");
    traces->given_up++;
    return rf_span_give(&span, entries) && done;
}

static bool make_room(struct rf_traces *traces, int64_t n, json_t *entries) {
    struct rf_open_trace *over;
    while ((over = rf_open_traces_over(&traces->open, traces->most)) != NULL)
        if ((!over->ended && !give_up(traces, over, n, entries)) ||
            !rf_open_traces_remove(&traces->open, over))
            return false;
    return true;
}

bool rf_traces_take(struct rf_traces *traces, const struct rf_span_source *source,
                    json_t *entries) {
    const struct rf_event *event = source->event;
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (strcmp(event->type, handlers[i].type) != 0 || !rf_trace_is_id(event->trace))
            continue;
        struct taking taking = {.traces = traces,
                                .source = source,
                                .began = rf_call_spans_began(event),
                                .entries = entries};
        if (!find_trace(&taking, handlers[i].of_contact))
            return false;
        if (taking.trace == NULL)
            return true;
        bool done = (taking.late || !handlers[i].of_contact || end_wait(&taking)) &&
                    handlers[i].fn(&taking);
        return done && make_room(traces, event->n, entries);
    }
    return true;
}
