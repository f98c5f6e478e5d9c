// JSON values and events.
#include "redact/redact.h"

#include <string.h>

#include "redact/span.h"

// A value, and what became of it.
struct left {
    json_t *json; // a new reference; NULL: dropped, or out of memory
    bool changed, failed;
};

static struct left same(json_t *json) {
    return (struct left){.json = json_incref(json)};
}

static struct left of_text(struct rf_text *text, enum rf_redact_verdict verdict, json_t *json) {
    if (verdict == RF_REDACT_CLEAN)
        return same(json);
    struct left left = {.changed = true};
    if (verdict == RF_REDACT_CHANGED && !text->failed)
        left.json = json_stringn(text->data == NULL ? "" : text->data, text->size);
    // What is no UTF-8 cannot come from a clean tree.
    left.failed = verdict == RF_REDACT_CHANGED && left.json == NULL;
    rf_text_fini(text);
    return left;
}

static struct left redact_tree(const struct rf_redaction *redaction, enum rf_redact_kind kind,
                               json_t *json);

static struct left redact_array(const struct rf_redaction *redaction, enum rf_redact_kind kind,
                                json_t *array) // NOLINT(misc-no-recursion)
{
    struct left left = {.json = json_array()};
    json_t *item;
    size_t i;
    left.failed = left.json == NULL;
    json_array_foreach(array, i, item) {
        struct left part = redact_tree(redaction, kind, item);
        left.changed = left.changed || part.changed;
        left.failed = left.failed || part.failed;
        if (part.json != NULL && json_array_append_new(left.json, part.json) != 0)
            left.failed = true;
    }
    return left;
}

// A secret can stand in a name too.
static bool set_member(const struct rf_redaction *redaction, json_t *object, const char *key,
                       json_t *value, bool *changed) {
    struct rf_text name = {0};
    bool renamed = rf_redact(redaction, key, strlen(key), &name);
    bool done = !name.failed && json_object_set_new(object, renamed ? name.data : key, value) == 0;
    *changed = *changed || renamed;
    rf_text_fini(&name);
    return done;
}

static struct left redact_object(const struct rf_redaction *redaction, enum rf_redact_kind kind,
                                 json_t *object) // NOLINT(misc-no-recursion)
{
    struct left left = {.json = json_object()};
    const char *key;
    json_t *value;
    left.failed = left.json == NULL;
    json_object_foreach(object, key, value) {
        struct left part = redact_tree(redaction, rf_redact_kind(key, strlen(key), kind), value);
        left.changed = left.changed || part.changed;
        left.failed = left.failed || part.failed;
        if (part.json != NULL && !set_member(redaction, left.json, key, part.json, &left.changed))
            left.failed = true;
    }
    return left;
}

// Recursive, as deep as the tree: what comes over the bus is bounded there.
static struct left redact_tree(const struct rf_redaction *redaction, enum rf_redact_kind kind,
                               json_t *json) // NOLINT(misc-no-recursion)
{
    struct rf_text text = {0};
    enum rf_redact_verdict verdict;
    struct left left;
    switch (json_typeof(json)) {
    case JSON_STRING:
        verdict = rf_redact_value(redaction, kind, json_string_value(json),
                                  json_string_length(json), &text);
        return of_text(&text, verdict, json);
    case JSON_INTEGER:
        verdict = rf_redact_number(redaction, kind, json_integer_value(json), &text);
        return of_text(&text, verdict, json);
    case JSON_ARRAY:
        left = redact_array(redaction, kind, json);
        break;
    case JSON_OBJECT:
        left = redact_object(redaction, kind, json);
        break;
    default:
        return same(json);
    }
    if (!left.changed && !left.failed) {
        json_decref(left.json);
        return same(json);
    }
    return left;
}

json_t *rf_redact_json(const struct rf_redaction *redaction, json_t *json) {
    struct left left = redact_tree(redaction, RF_REDACT_PLAIN, json);
    if (left.failed) {
        json_decref(left.json);
        return NULL;
    }
    return left.json;
}

// ---- events ----

#define TEXT_FIELDS 10

// All texts of the envelope: somebody may have called a campaign after a number.
static void text_fields(struct rf_event *event, const char **fields[TEXT_FIELDS]) {
    const char **all[TEXT_FIELDS] = {
        &event->id,      &event->stream,   &event->origin,  &event->type,  &event->subject,
        &event->service, &event->campaign, &event->contact, &event->trace, &event->severity};
    memcpy(fields, all, sizeof all);
}

static bool redact_field(const struct rf_redaction *redaction, const char *text,
                         struct rf_text *out) {
    size_t size = text == NULL ? 0 : strlen(text);
    return size > 0 && rf_redact(redaction, text, size, out);
}

enum rf_err rf_redact_event(const struct rf_redaction *redaction, const struct rf_event *event,
                            struct rf_redacted_event *redacted) {
    const char **fields[TEXT_FIELDS];
    size_t begins[TEXT_FIELDS];
    *redacted = (struct rf_redacted_event){.event = *event};
    if (rf_redacts_names(redaction) && !rf_redact_unname(redaction, redacted)) {
        rf_redacted_event_fini(redacted);
        return RF_ERR_NOMEM;
    }
    struct rf_event original = redacted->event;
    text_fields(&redacted->event, fields);
    for (size_t i = 0; i < TEXT_FIELDS; i++) {
        begins[i] = redacted->texts.size;
        if (redact_field(redaction, *fields[i], &redacted->texts))
            rf_text_add_bytes(&redacted->texts, "", 1);
        else
            *fields[i] = NULL;
    }
    redacted->data = original.data == NULL ? NULL : rf_redact_json(redaction, original.data);
    if (redacted->texts.failed || (original.data != NULL && redacted->data == NULL)) {
        rf_redacted_event_fini(redacted);
        return RF_ERR_NOMEM;
    }
    // The text may have moved while it grew: only now it has its place.
    const char **before[TEXT_FIELDS];
    text_fields(&original, before);
    for (size_t i = 0; i < TEXT_FIELDS; i++)
        *fields[i] = *fields[i] == NULL ? *before[i] : redacted->texts.data + begins[i];
    redacted->event.data = redacted->data;
    return RF_OK;
}

void rf_redacted_event_fini(struct rf_redacted_event *redacted) {
    rf_text_fini(&redacted->texts);
    rf_text_fini(&redacted->unnamed);
    json_decref(redacted->data);
    json_decref(redacted->unnamed_data);
    redacted->data = redacted->unnamed_data = NULL;
}
