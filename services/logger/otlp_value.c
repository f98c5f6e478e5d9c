#include "otlp_value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "events/text.h"

#define DEPTH_MOST 32
#define KEY_BYTES  240 // of a key of data

// 64 bits are texts in the JSON form of protobuf, as JSON's numbers have 53.
json_t *rf_otlp_integer(int64_t number) {
    return json_pack("{s:o}", "intValue", json_sprintf("%" PRId64, number));
}

static json_t *any_value(const json_t *value, int depth);

static json_t *any_list(const json_t *array, int depth) {
    json_t *values = json_array(), *item;
    size_t i;
    json_array_foreach((json_t *)(uintptr_t)array, i, item)(void)
        json_array_append_new(values, any_value(item, depth + 1));
    return json_pack("{s:{s:o}}", "arrayValue", "values", values);
}

bool rf_otlp_add(json_t *pairs, const char *key, json_t *value) {
    json_t *pair = value == NULL ? NULL : json_pack("{s:s, s:o}", "key", key, "value", value);
    return json_array_append_new(pairs, pair) == 0;
}

static json_t *any_map(const json_t *object, int depth) {
    json_t *pairs = json_array(), *item;
    const char *key;
    json_object_foreach((json_t *)(uintptr_t)object, key, item)(void)
        rf_otlp_add(pairs, key, any_value(item, depth + 1));
    return json_pack("{s:{s:o}}", "kvlistValue", "values", pairs);
}

static json_t *any_value(const json_t *value, int depth) {
    if (depth > DEPTH_MOST)
        return json_pack("{s:s}", "stringValue", "(too deep)");
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_pack("{s:O}", "stringValue", value);
    case JSON_INTEGER:
        return rf_otlp_integer(json_integer_value(value));
    case JSON_REAL:
        return json_pack("{s:O}", "doubleValue", value);
    case JSON_TRUE:
    case JSON_FALSE:
        return json_pack("{s:O}", "boolValue", value);
    case JSON_ARRAY:
        return any_list(value, depth);
    case JSON_OBJECT:
        return any_map(value, depth);
    case JSON_NULL:
        break;
    }
    return json_object(); // a value that is not set
}

bool rf_otlp_add_text(json_t *attributes, const char *key, const char *text) {
    if (text == NULL || text[0] == '\0')
        return true;
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, text, strlen(text) * 3 + 1);
    char *data = rf_text_take(&clean);
    bool done =
        data != NULL && rf_otlp_add(attributes, key, json_pack("{s:s}", "stringValue", data));
    free(data);
    return done;
}

// Cut between characters: half of one is no text, and a record that cannot be made holds all.
bool rf_otlp_add_datum(json_t *attributes, const char *key, const json_t *value) {
    struct rf_text name = {0};
    rf_text_add(&name, "ringfence.data.");
    rf_text_add_clean(&name, key, KEY_BYTES);
    char *data = rf_text_take(&name);
    bool done = data != NULL && rf_otlp_add(attributes, data, any_value(value, 0));
    free(data);
    return done;
}
