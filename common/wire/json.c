#include "wire/json.h"

#include <math.h>
#include <string.h>

#include "wire/text.h"
#include "wire/wire.h"

// ---- from bytes ----

static bool is_text(const struct rf_packed *value) {
    return value->kind == RF_PACKED_STR && rf_text_valid(value->bytes, value->size);
}

static bool key_twice(const struct rf_packed *key, struct rf_error *error) {
    rf_error_set(error, RF_ERR_PROTOCOL, "key %.*s stands twice", (int)key->size, key->bytes);
    return false;
}

// Whether JSON can say a value that is neither an array nor a map.
static bool can_say(const struct rf_packed *value, struct rf_error *error) {
    const char *why = NULL;
    switch (value->kind) {
    case RF_PACKED_STR:
        if (!rf_text_valid(value->bytes, value->size))
            why = "a text is not UTF-8 without NUL";
        break;
    case RF_PACKED_UINT:
        why = "an integer is over 2^63-1";
        break;
    case RF_PACKED_REAL:
        if (!isfinite(value->real))
            why = "a number is not finite";
        break;
    case RF_PACKED_BIN:
    case RF_PACKED_EXT:
        why = "JSON has no bytes and no extensions";
        break;
    default:
        break;
    }
    if (why != NULL)
        rf_error_set(error, RF_ERR_PROTOCOL, "%s", why);
    return why == NULL;
}

static json_t *read_value(struct rf_cursor *cursor, const struct rf_packed *value,
                          struct rf_error *error);

static json_t *read_array(struct rf_cursor *cursor, size_t count, struct rf_error *error) {
    json_t *json = json_array();
    for (size_t i = 0; json != NULL && i < count; i++) {
        struct rf_packed value = rf_cursor_next(cursor);
        json_t *item = read_value(cursor, &value, error);
        if (item == NULL || json_array_append_new(json, item) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static bool read_pair(struct rf_cursor *cursor, json_t *json, struct rf_error *error) {
    size_t before = json_object_size(json);
    struct rf_packed key = rf_cursor_next(cursor);
    if (!is_text(&key)) {
        rf_error_set(error, RF_ERR_PROTOCOL, "a key is not text");
        return false;
    }
    struct rf_packed value = rf_cursor_next(cursor);
    json_t *item = read_value(cursor, &value, error);
    if (item == NULL || json_object_setn_new_nocheck(json, key.bytes, key.size, item) != 0)
        return false;
    // A key that is there already takes the new value, and the object does not grow.
    return json_object_size(json) > before || key_twice(&key, error);
}

static json_t *read_map(struct rf_cursor *cursor, size_t pairs, struct rf_error *error) {
    json_t *json = json_object();
    for (size_t i = 0; json != NULL && i < pairs; i++) {
        if (!read_pair(cursor, json, error)) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

// NULL with `error` set for what is refused, and with `error` untouched if out of memory.
static json_t *read_value(struct rf_cursor *cursor, const struct rf_packed *value,
                          struct rf_error *error) // NOLINT(misc-no-recursion)
{
    if (!can_say(value, error))
        return NULL;
    switch (value->kind) {
    case RF_PACKED_BOOL:
        return json_boolean(value->truth);
    case RF_PACKED_INT:
        return json_integer(value->n);
    case RF_PACKED_REAL:
        return json_real(value->real);
    case RF_PACKED_STR:
        return json_stringn_nocheck(value->bytes, value->size);
    case RF_PACKED_ARRAY:
        return read_array(cursor, value->count, error);
    case RF_PACKED_MAP:
        return read_map(cursor, value->count, error);
    default:
        return json_null();
    }
}

enum rf_err rf_json_read(struct rf_cursor *cursor, const struct rf_packed *value, json_t **json,
                         struct rf_error *error) {
    struct rf_error refused = {.code = RF_OK};
    *json = read_value(cursor, value, &refused);
    if (*json != NULL)
        return RF_OK;
    if (refused.code == RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return rf_error_set(error, refused.code, "%s", refused.message);
}

// ---- without a tree ----

#define FEW_PAIRS 16 // each key is compared with all before it

static enum rf_err check_map(struct rf_cursor *cursor, size_t pairs, struct rf_error *error) {
    struct rf_packed keys[FEW_PAIRS];
    for (size_t i = 0; i < pairs; i++) {
        keys[i] = rf_cursor_next(cursor);
        if (!is_text(&keys[i]))
            return rf_error_set(error, RF_ERR_PROTOCOL, "a key is not text");
        struct rf_packed value = rf_cursor_next(cursor);
        enum rf_err err = rf_json_check(cursor, &value, error);
        if (err != RF_OK)
            return err;
        for (size_t k = 0; k < i; k++)
            if (keys[k].size == keys[i].size &&
                memcmp(keys[k].bytes, keys[i].bytes, keys[i].size) == 0) {
                key_twice(&keys[i], error);
                return RF_ERR_PROTOCOL;
            }
    }
    return RF_OK;
}

// Comparing each with each would take a hostile map of 500,000 keys hours; the tree has a hash
// table.
static enum rf_err check_by_tree(struct rf_cursor *cursor, const struct rf_packed *value,
                                 struct rf_error *error) {
    json_t *json;
    enum rf_err err = rf_json_read(cursor, value, &json, error);
    json_decref(json);
    return err;
}

enum rf_err rf_json_check(struct rf_cursor *cursor, const struct rf_packed *value,
                          struct rf_error *error) // NOLINT(misc-no-recursion)
{
    if (value->kind == RF_PACKED_MAP && value->count > FEW_PAIRS)
        return check_by_tree(cursor, value, error);
    if (value->kind == RF_PACKED_MAP)
        return check_map(cursor, value->count, error);
    if (value->kind != RF_PACKED_ARRAY)
        return can_say(value, error) ? RF_OK : RF_ERR_PROTOCOL;
    for (size_t i = 0; i < value->count; i++) {
        struct rf_packed item = rf_cursor_next(cursor);
        enum rf_err err = rf_json_check(cursor, &item, error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

// ---- to bytes ----

static enum rf_err pack_text(struct rf_packer *packer, const char *text, size_t size,
                             struct rf_error *error) {
    // jansson has checked the UTF-8 of what came through its checking functions only.
    if (!rf_text_valid(text, size))
        return rf_error_set(error, RF_ERR_INVALID, "a text is not UTF-8 without NUL");
    rf_pack_str(packer, text, size);
    return RF_OK;
}

static enum rf_err pack_map(struct rf_packer *packer, const json_t *json, int depth,
                            struct rf_error *error) {
    const char *key;
    json_t *value;
    enum rf_err err = RF_OK;
    rf_pack_map(packer, json_object_size(json));
    // jansson iterates over a non-const object only, though it does not change it.
    json_object_foreach((json_t *)json, key, value) {
        err = pack_text(packer, key, strlen(key), error);
        if (err == RF_OK)
            err = rf_json_pack(packer, value, depth + 1, error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err pack_array(struct rf_packer *packer, const json_t *json, int depth,
                              struct rf_error *error) {
    size_t size = json_array_size(json);
    rf_pack_array(packer, size);
    for (size_t i = 0; i < size; i++) {
        enum rf_err err = rf_json_pack(packer, json_array_get(json, i), depth + 1, error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

enum rf_err rf_json_pack(struct rf_packer *packer, const json_t *json, int depth,
                         struct rf_error *error) {
    if (depth > RF_WIRE_MAX_DEPTH && (json_is_object(json) || json_is_array(json)))
        return rf_error_set(error, RF_ERR_INVALID, "nested more than %d deep", RF_WIRE_MAX_DEPTH);
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return pack_map(packer, json, depth, error);
    case JSON_ARRAY:
        return pack_array(packer, json, depth, error);
    case JSON_STRING:
        return pack_text(packer, json_string_value(json), json_string_length(json), error);
    case JSON_INTEGER:
        rf_pack_int(packer, json_integer_value(json));
        return RF_OK;
    case JSON_REAL:
        rf_pack_real(packer, json_real_value(json));
        return RF_OK;
    case JSON_TRUE:
        rf_pack_bool(packer, true);
        return RF_OK;
    case JSON_FALSE:
        rf_pack_bool(packer, false);
        return RF_OK;
    case JSON_NULL:
    default:
        rf_pack_nil(packer);
        return RF_OK;
    }
}
