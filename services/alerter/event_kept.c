// Events as an incident keeps them: so much of each as its notices can tell.
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "incident.h"

#define TEXT_BYTES  1000
#define ITEM_BYTES  250 // of texts within lists
#define ITEMS       20  // of a list
#define DATA_BYTES  32768
#define DEPTH       4
#define SHORT_BYTES 200 // of a text, where the whole was too long

static json_t *cut_text(const char *text, size_t limit) {
    size_t size = strlen(text);
    return json_stringn(text, size <= limit ? size : rf_utf8_cut(text, size, limit));
}

static json_t *cut_value(const json_t *value, size_t limit, int depth);

static json_t *cut_list(const json_t *list, int depth) {
    json_t *cut = json_array();
    for (size_t i = 0; i < json_array_size(list) && i < ITEMS; i++)
        json_array_append_new(cut, cut_value(json_array_get(list, i), ITEM_BYTES, depth - 1));
    return cut;
}

static json_t *cut_map(const json_t *map, size_t limit, int depth) {
    json_t *cut = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)map, key, value) {
        char counted[80];
        json_object_set_new(cut, key, cut_value(value, limit, depth - 1));
        if (json_array_size(value) > ITEMS && strlen(key) < 64) {
            snprintf(counted, sizeof counted, "%.64s_count", key);
            json_object_set_new(cut, counted, json_integer((json_int_t)json_array_size(value)));
        }
    }
    return cut;
}

static json_t *cut_value(const json_t *value, size_t limit, int depth) {
    if (json_is_string(value))
        return cut_text(json_string_value(value), limit);
    if (depth <= 0 && (json_is_object(value) || json_is_array(value)))
        return json_null();
    if (json_is_array(value))
        return cut_list(value, depth);
    if (json_is_object(value))
        return cut_map(value, limit, depth);
    return json_deep_copy(value);
}

// Only its own numbers and short texts, when even the cut data are too many.
static json_t *shorten(const json_t *data) {
    json_t *shortened = json_object();
    const char *key;
    json_t *value;
    size_t taken = 0;
    json_object_foreach((json_t *)(uintptr_t)data, key, value) {
        if (json_is_object(value) || json_is_array(value) || ++taken > ITEMS || strlen(key) > 64)
            continue;
        json_object_set_new(shortened, key, cut_value(value, SHORT_BYTES, 1));
    }
    return shortened;
}

static json_t *cut_data(const json_t *data) {
    if (data == NULL)
        return NULL;
    json_t *cut = cut_value(data, TEXT_BYTES, DEPTH);
    size_t size = json_dumpb(cut, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    if (size > DATA_BYTES && json_is_object(cut)) {
        json_t *shortened = shorten(cut);
        json_decref(cut);
        cut = shortened;
    }
    if (json_is_object(cut) && !json_equal(cut, data)) {
        size_t whole = json_dumpb(data, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
        json_object_set_new(cut, "whole_bytes", json_integer((json_int_t)whole));
    }
    return cut;
}

static void set(json_t *object, const char *key, const char *text) {
    if (text != NULL)
        json_object_set_new(object, key, cut_text(text, TEXT_BYTES));
}

char *rf_event_keep(const struct rf_event *event) {
    json_t *object =
        json_pack("{s:I, s:I}", "n", (json_int_t)event->n, "ts", (json_int_t)event->ts);
    set(object, "id", event->id);
    set(object, "severity", event->severity);
    set(object, "type", event->type);
    set(object, "subject", event->subject);
    set(object, "service", event->service);
    set(object, "campaign", event->campaign);
    set(object, "contact", event->contact);
    set(object, "trace", event->trace);
    json_t *data = cut_data(event->data);
    if (data != NULL)
        json_object_set_new(object, "data", data);
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    return text;
}

struct rf_event rf_event_kept(const char *text, json_t **root) {
    json_t *object = json_loads(text, 0, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    *root = object;
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *subject = json_string_value(json_object_get(object, "subject"));
    const char *severity = json_string_value(json_object_get(object, "severity"));
    return (struct rf_event){
        .id = json_string_value(json_object_get(object, "id")),
        .n = (int64_t)json_integer_value(json_object_get(object, "n")),
        .ts = (int64_t)json_integer_value(json_object_get(object, "ts")),
        .severity = severity != NULL ? severity : "info",
        .type = type != NULL ? type : "",
        .subject = subject != NULL ? subject : "",
        .service = json_string_value(json_object_get(object, "service")),
        .campaign = json_string_value(json_object_get(object, "campaign")),
        .contact = json_string_value(json_object_get(object, "contact")),
        .trace = json_string_value(json_object_get(object, "trace")),
        .data = json_object_get(object, "data"),
    };
}
