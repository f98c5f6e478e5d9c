// From structs to bytes. The way back is decode.c.
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "wire/bound.h"
#include "wire/json.h"
#include "wire/shape.h"
#include "wire/text.h"
#include "wire/wire.h"

// Where msgpack-c writes: it grows up to RF_WIRE_MAX_BYTES, and remembers that it failed, so that
// each single pack call need not be checked.
struct sink {
    char *data;
    size_t size, capacity;
    enum rf_err failed;
};

static int sink_write(void *arg, const char *bytes, size_t size) {
    struct sink *sink = arg;
    if (sink->failed != RF_OK)
        return -1;
    if (size > RF_WIRE_MAX_BYTES - sink->size) {
        sink->failed = RF_ERR_FULL;
        return -1;
    }
    if (size > sink->capacity - sink->size) {
        size_t capacity = sink->capacity < 128 ? 256 : sink->capacity * 2;
        while (capacity < sink->size + size)
            capacity *= 2;
        char *data = realloc(sink->data, capacity);
        if (data == NULL) {
            sink->failed = RF_ERR_NOMEM;
            return -1;
        }
        sink->data = data;
        sink->capacity = capacity;
    }
    memcpy(sink->data + sink->size, bytes, size);
    sink->size += size;
    return 0;
}

static struct rf_list_any list_at(const void *at) {
    struct rf_list_any list;
    memcpy(&list, at, sizeof list);
    return list;
}

// An absent optional field is not written; a required number, truth or list always is.
static bool is_written(const struct rf_field *field, const void *at) {
    switch (field->kind) {
    case RF_FIELD_STR:
        return *(const char *const *)at != NULL;
    case RF_FIELD_I64:
        return field->required || *(const int64_t *)at != 0;
    case RF_FIELD_BOOL:
        return field->required || *(const bool *)at;
    case RF_FIELD_JSON:
        return *(json_t *const *)at != NULL;
    case RF_FIELD_BIN:
        return field->required || ((const struct rf_bytes *)at)->size > 0;
    case RF_FIELD_STRS:
        return field->required || ((const struct rf_strs *)at)->count > 0;
    case RF_FIELD_LIST:
        return field->required || list_at(at).count > 0;
    }
    return false;
}

static enum rf_err pack_str(msgpack_packer *packer, const char *text, struct rf_error *error) {
    if (text == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "a text is missing");
    size_t size = strlen(text);
    if (!rf_text_valid(text, size))
        return rf_error_set(error, RF_ERR_INVALID, "not UTF-8");
    msgpack_pack_str_with_body(packer, text, size);
    return RF_OK;
}

static enum rf_err pack_strs(msgpack_packer *packer, const struct rf_strs *strs,
                             struct rf_error *error) {
    msgpack_pack_array(packer, strs->count);
    for (size_t i = 0; i < strs->count; i++) {
        enum rf_err err = pack_str(packer, strs->items[i], error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err pack_i64(msgpack_packer *packer, const struct rf_field *field, int64_t value,
                            struct rf_error *error) {
    if (value < field->least || value > field->most)
        return rf_error_set(error, RF_ERR_INVALID, "%lld is not between %lld and %lld",
                            (long long)value, (long long)field->least, (long long)field->most);
    msgpack_pack_int64(packer, value);
    return RF_OK;
}

static enum rf_err pack_json(msgpack_packer *packer, const json_t *json, int depth,
                             struct rf_error *error) {
    if (!json_is_object(json) && !json_is_array(json))
        return rf_error_set(error, RF_ERR_INVALID, "neither an object nor an array");
    return rf_json_to_msgpack(packer, json, depth, error);
}

static void pack_head(msgpack_packer *packer, const struct rf_shape *shape, const void *body,
                      size_t extra);
static enum rf_err pack_fields(msgpack_packer *packer, const struct rf_shape *shape,
                               const void *body, int depth, struct rf_error *error);

static enum rf_err pack_list(msgpack_packer *packer, const struct rf_field *field, const void *at,
                             int depth, struct rf_error *error) {
    const struct rf_shape *shape = field->item();
    struct rf_list_any list = list_at(at);
    msgpack_pack_array(packer, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const char *item = (const char *)list.items + i * shape->size;
        pack_head(packer, shape, item, 0);
        enum rf_err err = pack_fields(packer, shape, item, depth + 1, error);
        if (err != RF_OK) {
            rf_error_prefix(error, "[%zu] ", i);
            return err;
        }
    }
    return RF_OK;
}

static enum rf_err pack_field(msgpack_packer *packer, const struct rf_field *field, const void *at,
                              int depth, struct rf_error *error) {
    msgpack_pack_str_with_body(packer, field->name, field->name_size);
    switch (field->kind) {
    case RF_FIELD_STR:
        return pack_str(packer, *(const char *const *)at, error);
    case RF_FIELD_I64:
        return pack_i64(packer, field, *(const int64_t *)at, error);
    case RF_FIELD_BOOL:
        if (*(const bool *)at)
            msgpack_pack_true(packer);
        else
            msgpack_pack_false(packer);
        return RF_OK;
    case RF_FIELD_JSON:
        return pack_json(packer, *(json_t *const *)at, depth + 1, error);
    case RF_FIELD_BIN: {
        const struct rf_bytes *bytes = at;
        msgpack_pack_bin_with_body(packer, bytes->data, bytes->size);
        return RF_OK;
    }
    case RF_FIELD_STRS:
        return pack_strs(packer, at, error);
    case RF_FIELD_LIST:
        return pack_list(packer, field, at, depth + 1, error);
    }
    return RF_OK;
}

// Writes the head of a map that has `extra` keys before the fields.
static void pack_head(msgpack_packer *packer, const struct rf_shape *shape, const void *body,
                      size_t extra) {
    size_t written = extra;
    for (size_t i = 0; i < shape->count; i++)
        if (is_written(&shape->fields[i], (const char *)body + shape->fields[i].offset))
            written++;
    msgpack_pack_map(packer, written);
}

static enum rf_err pack_fields(msgpack_packer *packer, const struct rf_shape *shape,
                               const void *body, int depth, struct rf_error *error) {
    for (size_t i = 0; i < shape->count; i++) {
        const struct rf_field *field = &shape->fields[i];
        const void *at = (const char *)body + field->offset;
        enum rf_err err = RF_OK;
        if (is_written(field, at))
            err = pack_field(packer, field, at, depth, error);
        else if (field->required)
            err = rf_error_set(error, RF_ERR_INVALID, "missing");
        if (err != RF_OK) {
            rf_error_prefix(error, "%s: ", field->name);
            return err;
        }
    }
    return RF_OK;
}

// Gives the sink's bytes to `frame`, or the reason why there are none.
static enum rf_err finish(struct sink *sink, enum rf_err err, const char *name,
                          struct rf_frame *frame, struct rf_error *error) {
    if (err == RF_OK && sink->failed == RF_ERR_FULL)
        err = rf_error_set(error, RF_ERR_FULL, "over %zu bytes", RF_WIRE_MAX_BYTES);
    else if (err == RF_OK && sink->failed != RF_OK)
        err = rf_error_set(error, sink->failed, "out of memory");
    // What we send must pass the other side's cursor. The form is right, and the depth was looked
    // at while packing. Each value takes a byte at least, so only a frame of more bytes than the
    // bound allows values can hold too many.
    if (err == RF_OK && sink->size > RF_WIRE_MAX_VALUES &&
        rf_wire_bound(sink->data, sink->size, error) != RF_OK)
        err = rf_error_set(error, RF_ERR_FULL, "more than %zu values", RF_WIRE_MAX_VALUES);
    if (err != RF_OK) {
        rf_error_prefix(error, "%s: ", name);
        free(sink->data);
        return err;
    }
    *frame = (struct rf_frame){sink->data, sink->size};
    return RF_OK;
}

enum rf_err rf_wire_encode(enum rf_message_type type, const void *body, struct rf_frame *frame,
                           struct rf_error *error) {
    const struct rf_shape *shape = rf_shape_of(type);
    struct sink sink = {.data = NULL};
    msgpack_packer packer;
    *frame = (struct rf_frame){NULL, 0};
    if (shape == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "no such message type: %d", (int)type);
    msgpack_packer_init(&packer, &sink, sink_write);
    pack_head(&packer, shape, body, 2);
    msgpack_pack_str_with_body(&packer, "t", 1);
    msgpack_pack_str_with_body(&packer, shape->name, strlen(shape->name));
    msgpack_pack_str_with_body(&packer, "v", 1);
    msgpack_pack_int64(&packer, RF_WIRE_VERSION);
    enum rf_err err = pack_fields(&packer, shape, body, 1, error);
    return finish(&sink, err, shape->name, frame, error);
}

enum rf_err rf_wire_encode_event(const struct rf_event *event, struct rf_frame *frame,
                                 struct rf_error *error) {
    const struct rf_shape *shape = rf_shape_of_event();
    struct sink sink = {.data = NULL};
    msgpack_packer packer;
    *frame = (struct rf_frame){NULL, 0};
    msgpack_packer_init(&packer, &sink, sink_write);
    pack_head(&packer, shape, event, 1);
    msgpack_pack_str_with_body(&packer, "v", 1);
    msgpack_pack_int64(&packer, RF_WIRE_VERSION);
    enum rf_err err = pack_fields(&packer, shape, event, 1, error);
    return finish(&sink, err, shape->name, frame, error);
}
