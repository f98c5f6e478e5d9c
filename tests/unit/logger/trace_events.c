#include "trace_events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void world_begin(struct world *world, size_t most) {
    *world = (struct world){.traces = {.most = most}, .entries = json_array()};
}

void world_end(struct world *world) {
    rf_open_traces_fini(&world->traces.open);
    json_decref(world->entries);
}

void tell_of(struct world *world, const char *trace, const char *type, const char *severity,
             int64_t ms, json_t *data) {
    const struct rf_event event = {.n = ++world->n,
                                   .ts = MS(ms),
                                   .type = type,
                                   .severity = severity,
                                   .subject = "spring-7",
                                   .contact = "spring-7",
                                   .campaign = "spring",
                                   .origin = "orchestrator-1",
                                   .trace = trace,
                                   .data = data};
    const struct rf_span_source source = {.event = &event, .shown = &event};
    assert_non_null(data);
    assert_true(rf_traces_take(&world->traces, &source, world->entries));
    json_decref(data);
}

void tell(struct world *world, const char *type, const char *severity, int64_t ms, json_t *data) {
    tell_of(world, TRACE, type, severity, ms, data);
}

json_t *attempt(const char *provider, int status, const char *class, int64_t began, int64_t took,
                int64_t waited) {
    return json_pack("{s:s, s:i, s:s, s:I, s:I, s:I}", "provider", provider, "status", status,
                     "class", class, "began", (json_int_t)MS(began), "took_ns",
                     (json_int_t)(took * 1000000), "waited_ns", (json_int_t)(waited * 1000000));
}

const json_t *span(const struct world *world, const char *name) {
    const json_t *entry, *found = NULL;
    size_t i;
    json_array_foreach(world->entries, i, entry) {
        const json_t *item = json_object_get(entry, "item");
        if (strcmp(word(item, "name"), name) != 0)
            continue;
        assert_null(found);
        found = item;
    }
    if (found == NULL)
        fail_msg("there is no span %s", name);
    return found;
}

size_t spans(const struct world *world, const char *name) {
    const json_t *entry;
    size_t i, count = 0;
    json_array_foreach(world->entries, i, entry) count +=
        strcmp(word(json_object_get(entry, "item"), "name"), name) == 0;
    return count;
}

const char *word(const json_t *span, const char *member) {
    const char *text = json_string_value(json_object_get(span, member));
    return text != NULL ? text : "";
}

static int64_t ms_of(const json_t *span, const char *member) {
    return (strtoll(word(span, member), NULL, 10) - MS(0)) / 1000000;
}

int64_t began(const json_t *span) {
    return ms_of(span, "startTimeUnixNano");
}

int64_t ended(const json_t *span) {
    return ms_of(span, "endTimeUnixNano");
}

const char *attribute(const json_t *span, const char *key) {
    const json_t *pair;
    size_t i;
    json_array_foreach(json_object_get(span, "attributes"), i, pair) {
        const json_t *value = json_object_get(pair, "value");
        if (strcmp(word(pair, "key"), key) != 0)
            continue;
        if (json_object_get(value, "boolValue") != NULL)
            return json_is_true(json_object_get(value, "boolValue")) ? "true" : "false";
        return word(value, json_object_get(value, "intValue") ? "intValue" : "stringValue");
    }
    return "";
}
