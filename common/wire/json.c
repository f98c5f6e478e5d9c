#include "wire/json.h"

#include <math.h>
#include <string.h>

#include "wire/text.h"
#include "wire/wire.h"

static json_t *from_object(const msgpack_object *object, struct rf_error *error);

static json_t *from_text(const msgpack_object_str *text, struct rf_error *error) {
    if (!rf_text_valid(text->ptr, text->size)) {
        rf_error_set(error, RF_ERR_PROTOCOL, "a text is not UTF-8 without NUL");
        return NULL;
    }
    return json_stringn_nocheck(text->ptr, text->size);
}

static json_t *from_array(const msgpack_object_array *array, struct rf_error *error) {
    json_t *json = json_array();
    for (uint32_t i = 0; json != NULL && i < array->size; i++) {
        json_t *item = from_object(&array->ptr[i], error);
        if (item == NULL || json_array_append_new(json, item) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *from_map(const msgpack_object_map *map, struct rf_error *error) {
    json_t *json = json_object();
    for (uint32_t i = 0; json != NULL && i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        json_t *value = NULL;
        if (key->type != MSGPACK_OBJECT_STR || !rf_text_valid(key->via.str.ptr, key->via.str.size))
            rf_error_set(error, RF_ERR_PROTOCOL, "a key is not text");
        else if (json_object_getn(json, key->via.str.ptr, key->via.str.size) != NULL)
            rf_error_set(error, RF_ERR_PROTOCOL, "key %.*s stands twice", (int)key->via.str.size,
                         key->via.str.ptr);
        else
            value = from_object(&map->ptr[i].val, error);
        if (value == NULL ||
            json_object_setn_new_nocheck(json, key->via.str.ptr, key->via.str.size, value) != 0) {
            json_decref(json);
            return NULL;
        }
    }
    return json;
}

static json_t *from_number(const msgpack_object *object, struct rf_error *error) {
    if (object->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        return json_integer(object->via.i64);
    if (object->type == MSGPACK_OBJECT_POSITIVE_INTEGER) {
        if (object->via.u64 <= INT64_MAX)
            return json_integer((json_int_t)object->via.u64);
        rf_error_set(error, RF_ERR_PROTOCOL, "an integer is over 2^63-1");
        return NULL;
    }
    if (isfinite(object->via.f64))
        return json_real(object->via.f64);
    rf_error_set(error, RF_ERR_PROTOCOL, "a number is not finite");
    return NULL;
}

// NULL with `error` set for what is refused, and with `error` untouched if out of memory.
static json_t *from_object(const msgpack_object *object,
                           struct rf_error *error) // NOLINT(misc-no-recursion)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return json_null();
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return from_number(object, error);
    case MSGPACK_OBJECT_STR:
        return from_text(&object->via.str, error);
    case MSGPACK_OBJECT_ARRAY:
        return from_array(&object->via.array, error);
    case MSGPACK_OBJECT_MAP:
        return from_map(&object->via.map, error);
    case MSGPACK_OBJECT_BIN:
    case MSGPACK_OBJECT_EXT:
    default:
        rf_error_set(error, RF_ERR_PROTOCOL, "JSON has no bytes and no extensions");
        return NULL;
    }
}

enum rf_err rf_json_from_msgpack(const msgpack_object *object, json_t **json,
                                 struct rf_error *error) {
    struct rf_error refused = {.code = RF_OK};
    *json = from_object(object, &refused);
    if (*json != NULL)
        return RF_OK;
    if (refused.code == RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return rf_error_set(error, refused.code, "%s", refused.message);
}

static enum rf_err pack_text(msgpack_packer *packer, const char *text, size_t size,
                             struct rf_error *error) {
    // jansson has checked the UTF-8 of what came through its checking functions only.
    if (!rf_text_valid(text, size))
        return rf_error_set(error, RF_ERR_INVALID, "a text is not UTF-8 without NUL");
    msgpack_pack_str_with_body(packer, text, size);
    return RF_OK;
}

static enum rf_err pack_map(msgpack_packer *packer, const json_t *json, int depth,
                            struct rf_error *error) {
    const char *key;
    json_t *value;
    enum rf_err err = RF_OK;
    msgpack_pack_map(packer, json_object_size(json));
    // jansson iterates over a non-const object only, though it does not change it.
    json_object_foreach((json_t *)json, key, value) {
        err = pack_text(packer, key, strlen(key), error);
        if (err == RF_OK)
            err = rf_json_to_msgpack(packer, value, depth + 1, error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err pack_array(msgpack_packer *packer, const json_t *json, int depth,
                              struct rf_error *error) {
    size_t size = json_array_size(json);
    msgpack_pack_array(packer, size);
    for (size_t i = 0; i < size; i++) {
        enum rf_err err = rf_json_to_msgpack(packer, json_array_get(json, i), depth + 1, error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

enum rf_err rf_json_to_msgpack(msgpack_packer *packer, const json_t *json, int depth,
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
        msgpack_pack_int64(packer, json_integer_value(json));
        return RF_OK;
    case JSON_REAL:
        msgpack_pack_double(packer, json_real_value(json));
        return RF_OK;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        return RF_OK;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        return RF_OK;
    case JSON_NULL:
    default:
        msgpack_pack_nil(packer);
        return RF_OK;
    }
}
