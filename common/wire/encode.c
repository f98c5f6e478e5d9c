// From structs to bytes. The way back is decode.c.
#include <stdlib.h>
#include <string.h>

#include "wire/bound.h"
#include "wire/json.h"
#include "wire/pack.h"
#include "wire/shape.h"
#include "wire/text.h"
#include "wire/wire.h"

static struct rf_list_any list_at(const void *at) {
    struct rf_list_any list;
    memcpy(&list, at, sizeof list);
    return list;
}

// What a message that is passed on has in the place of the tree.
static const struct rf_bytes *packed_of(const struct rf_field *field, const void *at) {
    return (const void *)((const char *)at - field->offset + field->packed);
}

// The items of a list that are packed already; NULL: they are not.
static const struct rf_bytes *packed_items(const struct rf_field *field, const void *at) {
    return *(const struct rf_bytes *const *)((const char *)at - field->offset + field->packed);
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
        return *(json_t *const *)at != NULL || packed_of(field, at)->size > 0;
    case RF_FIELD_BIN:
        return field->required || ((const struct rf_bytes *)at)->size > 0;
    case RF_FIELD_STRS:
        return field->required || ((const struct rf_strs *)at)->count > 0;
    case RF_FIELD_LIST:
        return field->required || list_at(at).count > 0;
    }
    return false;
}

static enum rf_err pack_str(struct rf_packer *packer, const char *text, struct rf_error *error) {
    if (text == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "a text is missing");
    size_t size = strlen(text);
    if (!rf_text_valid(text, size))
        return rf_error_set(error, RF_ERR_INVALID, "not UTF-8");
    rf_pack_str(packer, text, size);
    return RF_OK;
}

static enum rf_err pack_strs(struct rf_packer *packer, const struct rf_strs *strs,
                             struct rf_error *error) {
    rf_pack_array(packer, strs->count);
    for (size_t i = 0; i < strs->count; i++) {
        enum rf_err err = pack_str(packer, strs->items[i], error);
        if (err != RF_OK)
            return err;
    }
    return RF_OK;
}

static enum rf_err pack_i64(struct rf_packer *packer, const struct rf_field *field, int64_t value,
                            struct rf_error *error) {
    if (value < field->least || value > field->most)
        return rf_error_set(error, RF_ERR_INVALID, "%lld is not between %lld and %lld",
                            (long long)value, (long long)field->least, (long long)field->most);
    rf_pack_int(packer, value);
    return RF_OK;
}

static enum rf_err pack_json(struct rf_packer *packer, const struct rf_field *field, const void *at,
                             int depth, struct rf_error *error) {
    const struct rf_bytes *packed = packed_of(field, at);
    const json_t *json = *(json_t *const *)at;
    if (packed->size > 0) {
        rf_pack_raw(packer, packed->data, packed->size);
        return RF_OK;
    }
    if (!json_is_object(json) && !json_is_array(json))
        return rf_error_set(error, RF_ERR_INVALID, "neither an object nor an array");
    return rf_json_pack(packer, json, depth, error);
}

static void pack_head(struct rf_packer *packer, const struct rf_shape *shape, const void *body,
                      size_t extra);
static enum rf_err pack_fields(struct rf_packer *packer, const struct rf_shape *shape,
                               const void *body, int depth, struct rf_error *error);

static enum rf_err pack_list(struct rf_packer *packer, const struct rf_field *field, const void *at,
                             int depth, struct rf_error *error) {
    const struct rf_shape *shape = field->item();
    struct rf_list_any list = list_at(at);
    const struct rf_bytes *packed = packed_items(field, at);
    rf_pack_array(packer, list.count);
    for (size_t i = 0; packed != NULL && i < list.count; i++)
        rf_pack_raw(packer, packed[i].data, packed[i].size);
    if (packed != NULL)
        return RF_OK;
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

static enum rf_err pack_field(struct rf_packer *packer, const struct rf_field *field,
                              const void *at, int depth, struct rf_error *error) {
    rf_pack_str(packer, field->name, field->name_size);
    switch (field->kind) {
    case RF_FIELD_STR:
        return pack_str(packer, *(const char *const *)at, error);
    case RF_FIELD_I64:
        return pack_i64(packer, field, *(const int64_t *)at, error);
    case RF_FIELD_BOOL:
        rf_pack_bool(packer, *(const bool *)at);
        return RF_OK;
    case RF_FIELD_JSON:
        return pack_json(packer, field, at, depth + 1, error);
    case RF_FIELD_BIN: {
        const struct rf_bytes *bytes = at;
        rf_pack_bin(packer, bytes->data, bytes->size);
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
static void pack_head(struct rf_packer *packer, const struct rf_shape *shape, const void *body,
                      size_t extra) {
    size_t written = extra;
    for (size_t i = 0; i < shape->count; i++)
        if (is_written(&shape->fields[i], (const char *)body + shape->fields[i].offset))
            written++;
    rf_pack_map(packer, written);
}

static enum rf_err pack_fields(struct rf_packer *packer, const struct rf_shape *shape,
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

// Gives the packed bytes to `frame`, or the reason why there are none.
static enum rf_err finish(struct rf_packer *packer, enum rf_err err, const char *name,
                          struct rf_frame *frame, struct rf_error *error) {
    if (err == RF_OK && packer->failed == RF_ERR_FULL)
        err = rf_error_set(error, RF_ERR_FULL, "over %zu bytes", RF_WIRE_MAX_BYTES);
    else if (err == RF_OK && packer->failed != RF_OK)
        err = rf_error_set(error, packer->failed, "out of memory");
    // What we send must pass the other side's cursor. The form is right, and the depth was looked
    // at while packing. Each value takes a byte at least, so only a frame of more bytes than the
    // bound allows values can hold too many.
    if (err == RF_OK && packer->size > RF_WIRE_MAX_VALUES &&
        rf_wire_bound(packer->data, packer->size, error) != RF_OK)
        err = rf_error_set(error, RF_ERR_FULL, "more than %zu values", RF_WIRE_MAX_VALUES);
    if (err != RF_OK) {
        rf_error_prefix(error, "%s: ", name);
        free(packer->data);
        return err;
    }
    *frame = (struct rf_frame){packer->data, packer->size};
    return RF_OK;
}

enum rf_err rf_wire_encode(enum rf_message_type type, const void *body, struct rf_frame *frame,
                           struct rf_error *error) {
    const struct rf_shape *shape = rf_shape_of(type);
    struct rf_packer packer = {.data = NULL};
    *frame = (struct rf_frame){NULL, 0};
    if (shape == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "no such message type: %d", (int)type);
    pack_head(&packer, shape, body, 2);
    rf_pack_str(&packer, "t", 1);
    rf_pack_str(&packer, shape->name, strlen(shape->name));
    rf_pack_str(&packer, "v", 1);
    rf_pack_int(&packer, RF_WIRE_WRITTEN);
    enum rf_err err = pack_fields(&packer, shape, body, 1, error);
    return finish(&packer, err, shape->name, frame, error);
}

enum rf_err rf_wire_encode_event(const struct rf_event *event, struct rf_frame *frame,
                                 struct rf_error *error) {
    const struct rf_shape *shape = rf_shape_of_event();
    struct rf_packer packer = {.data = NULL};
    *frame = (struct rf_frame){NULL, 0};
    pack_head(&packer, shape, event, 1);
    rf_pack_str(&packer, "v", 1);
    rf_pack_int(&packer, RF_WIRE_WRITTEN);
    // As deep as it may be within the message, and its list of events, that will carry it.
    enum rf_err err = pack_fields(&packer, shape, event, 3, error);
    return finish(&packer, err, shape->name, frame, error);
}
