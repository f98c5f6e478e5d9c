// From untrusted bytes to structs. The way back is encode.c.
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "wire/arena.h"
#include "wire/bound.h"
#include "wire/json.h"
#include "wire/shape.h"
#include "wire/text.h"
#include "wire/wire.h"

static enum rf_err no_memory(struct rf_error *error) {
    return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}

static enum rf_err wrong_type(struct rf_error *error, const char *expected) {
    return rf_error_set(error, RF_ERR_PROTOCOL, "expected %s", expected);
}

static bool key_is(const msgpack_object *key, const char *name, size_t size) {
    return key->type == MSGPACK_OBJECT_STR && key->via.str.size == size &&
           memcmp(key->via.str.ptr, name, size) == 0;
}

static enum rf_err read_str(struct rf_arena *arena, const msgpack_object *value, const char **text,
                            struct rf_error *error) {
    if (value->type != MSGPACK_OBJECT_STR)
        return wrong_type(error, "text");
    if (!rf_text_valid(value->via.str.ptr, value->via.str.size))
        return wrong_type(error, "UTF-8 text without NUL");
    *text = rf_arena_text(arena, value->via.str.ptr, value->via.str.size);
    return *text == NULL ? no_memory(error) : RF_OK;
}

static enum rf_err read_i64(const struct rf_field *field, const msgpack_object *value, int64_t *n,
                            struct rf_error *error) {
    if (value->type == MSGPACK_OBJECT_POSITIVE_INTEGER && value->via.u64 <= INT64_MAX)
        *n = (int64_t)value->via.u64;
    else if (value->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        *n = value->via.i64;
    else
        return wrong_type(error, "an integer below 2^63");
    if (*n < field->least || *n > field->most)
        return rf_error_set(error, RF_ERR_PROTOCOL, "%lld is not between %lld and %lld",
                            (long long)*n, (long long)field->least, (long long)field->most);
    return RF_OK;
}

static enum rf_err read_bin(struct rf_arena *arena, const msgpack_object *value,
                            struct rf_bytes *bytes, struct rf_error *error) {
    if (value->type != MSGPACK_OBJECT_BIN)
        return wrong_type(error, "bytes");
    bytes->data = rf_arena_text(arena, value->via.bin.ptr, value->via.bin.size);
    bytes->size = value->via.bin.size;
    return bytes->data == NULL ? no_memory(error) : RF_OK;
}

static enum rf_err read_strs(struct rf_arena *arena, const msgpack_object *value,
                             struct rf_strs *strs, struct rf_error *error) {
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return wrong_type(error, "an array of texts");
    strs->count = value->via.array.size;
    strs->items = rf_arena_take(arena, strs->count, sizeof *strs->items);
    if (strs->items == NULL)
        return no_memory(error);
    for (size_t i = 0; i < strs->count; i++) {
        enum rf_err err = read_str(arena, &value->via.array.ptr[i], &strs->items[i], error);
        if (err != RF_OK) {
            rf_error_prefix(error, "[%zu]: ", i);
            return err;
        }
    }
    return RF_OK;
}

static enum rf_err read_fields(struct rf_arena *arena, const struct rf_shape *shape,
                               const msgpack_object_map *map, void *body, struct rf_error *error);

static enum rf_err read_list(struct rf_arena *arena, const struct rf_field *field,
                             const msgpack_object *value, void *at, struct rf_error *error) {
    const struct rf_shape *shape = field->item();
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return wrong_type(error, "an array of maps");
    struct rf_list_any list = {.count = value->via.array.size};
    list.items = rf_arena_take(arena, list.count, shape->size);
    if (list.items == NULL)
        return no_memory(error);
    // Stored before the items are read: what a failure leaves is then freed with the message.
    memcpy(at, &list, sizeof list);
    for (size_t i = 0; i < list.count; i++) {
        const msgpack_object *item = &value->via.array.ptr[i];
        enum rf_err err = item->type != MSGPACK_OBJECT_MAP
                              ? wrong_type(error, "a map")
                              : read_fields(arena, shape, &item->via.map,
                                            (char *)list.items + i * shape->size, error);
        if (err != RF_OK) {
            rf_error_prefix(error, "[%zu] ", i);
            return err;
        }
    }
    return RF_OK;
}

static enum rf_err read_field(struct rf_arena *arena, const struct rf_field *field,
                              const msgpack_object *value, void *at, struct rf_error *error) {
    switch (field->kind) {
    case RF_FIELD_STR:
        return read_str(arena, value, (const char **)at, error);
    case RF_FIELD_I64:
        return read_i64(field, value, (int64_t *)at, error);
    case RF_FIELD_BOOL:
        if (value->type != MSGPACK_OBJECT_BOOLEAN)
            return wrong_type(error, "true or false");
        *(bool *)at = value->via.boolean;
        return RF_OK;
    case RF_FIELD_JSON:
        if (value->type != MSGPACK_OBJECT_MAP && value->type != MSGPACK_OBJECT_ARRAY)
            return wrong_type(error, "a map or an array");
        return rf_json_from_msgpack(value, (json_t **)at, error);
    case RF_FIELD_BIN:
        return read_bin(arena, value, at, error);
    case RF_FIELD_STRS:
        return read_strs(arena, value, at, error);
    case RF_FIELD_LIST:
        return read_list(arena, field, value, at, error);
    }
    return RF_OK;
}

// The field that is called so, or NULL. Senders write fields in the table's order, so the search
// begins behind the one found last.
static const struct rf_field *find_field(const struct rf_shape *shape, const msgpack_object *key,
                                         size_t *next) {
    for (size_t i = 0; i < shape->count; i++) {
        size_t place = (*next + i) % shape->count;
        const struct rf_field *field = &shape->fields[place];
        if (key_is(key, field->name, field->name_size)) {
            *next = place + 1;
            return field;
        }
    }
    return NULL;
}

static enum rf_err read_fields(struct rf_arena *arena, const struct rf_shape *shape,
                               const msgpack_object_map *map, void *body, struct rf_error *error) {
    uint32_t seen = 0;
    size_t next = 0;
    _Static_assert(RF_SHAPE_MAX_FIELDS <= 32, "a bit each");
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;
        const msgpack_object *value = &map->ptr[i].val;
        if (key->type != MSGPACK_OBJECT_STR)
            return wrong_type(error, "text as the key of each field");
        const struct rf_field *field = find_field(shape, key, &next);
        if (field == NULL)
            continue;
        uint32_t bit = UINT32_C(1) << (field - shape->fields);
        if (seen & bit)
            return rf_error_set(error, RF_ERR_PROTOCOL, "%s: stands twice", field->name);
        if (value->type == MSGPACK_OBJECT_NIL) // how some languages write what is absent
            continue;
        seen |= bit;
        enum rf_err err = read_field(arena, field, value, (char *)body + field->offset, error);
        if (err != RF_OK) {
            rf_error_prefix(error, "%s: ", field->name);
            return err;
        }
    }
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].required && !(seen & UINT32_C(1) << i))
            return rf_error_set(error, RF_ERR_PROTOCOL, "%s: missing", shape->fields[i].name);
    return RF_OK;
}

static const msgpack_object *find(const msgpack_object_map *map, const char *name) {
    for (uint32_t i = 0; i < map->size; i++)
        if (key_is(&map->ptr[i].key, name, strlen(name)))
            return &map->ptr[i].val;
    return NULL;
}

// Another version's fields may mean something else, so it is looked at before anything but the
// form.
static enum rf_err read_version(const msgpack_object_map *map, struct rf_error *error) {
    const msgpack_object *version = find(map, "v");
    if (version == NULL || version->type != MSGPACK_OBJECT_POSITIVE_INTEGER)
        return rf_error_set(error, RF_ERR_PROTOCOL, "v: expected the version, a whole number");
    if (version->via.u64 != RF_WIRE_VERSION)
        return rf_error_set(error, RF_ERR_CONFLICT, "version %llu; this side speaks version %d",
                            (unsigned long long)version->via.u64, RF_WIRE_VERSION);
    return RF_OK;
}

static enum rf_err read_type(const msgpack_object_map *map, enum rf_message_type *type,
                             struct rf_error *error) {
    const msgpack_object *name = find(map, "t");
    if (name == NULL || name->type != MSGPACK_OBJECT_STR)
        return rf_error_set(error, RF_ERR_PROTOCOL, "t: expected the message's type, a text");
    *type = rf_shape_named(name->via.str.ptr, name->via.str.size);
    if (*type != RF_MESSAGE_COUNT)
        return RF_OK;
    int shown = name->via.str.size > 64 ? 64 : (int)name->via.str.size;
    return rf_error_set(error, RF_ERR_NOT_FOUND, "unknown message type %.*s", shown,
                        name->via.str.ptr);
}

static struct rf_message *message_new(enum rf_message_type type, size_t size) {
    struct rf_message *message = calloc(1, sizeof *message);
    if (message == NULL)
        return NULL;
    message->type = type;
    message->version = RF_WIRE_VERSION;
    message->arena = rf_arena_new(size + size / 2);
    if (message->arena == NULL)
        rf_message_destroy(&message);
    return message;
}

static enum rf_err build_message(const msgpack_object_map *map, size_t size,
                                 struct rf_message **message, struct rf_error *error) {
    enum rf_message_type type = RF_MESSAGE_COUNT;
    enum rf_err err = read_version(map, error);
    if (err == RF_OK)
        err = read_type(map, &type, error);
    if (err != RF_OK)
        return err;
    *message = message_new(type, size);
    if (*message == NULL)
        return no_memory(error);
    err = read_fields((*message)->arena, rf_shape_of(type), map, &(*message)->as, error);
    if (err != RF_OK)
        rf_error_prefix(error, "%s: ", rf_message_type_name(type));
    return err;
}

static enum rf_err build_event(const msgpack_object_map *map, size_t size,
                               struct rf_message **message, struct rf_error *error) {
    enum rf_err err = read_version(map, error);
    if (err != RF_OK)
        return err;
    *message = message_new(RF_MESSAGE_event_publish, size);
    struct rf_event *event =
        *message == NULL ? NULL : rf_arena_take((*message)->arena, 1, sizeof *event);
    if (event == NULL)
        return no_memory(error);
    struct rf_event_publish *publish = &(*message)->as.event_publish;
    publish->events.items = event;
    publish->events.count = 1;
    err = read_fields((*message)->arena, rf_shape_of_event(), map, event, error);
    if (err != RF_OK)
        rf_error_prefix(error, "event: ");
    publish->stream = event->stream;
    return err;
}

typedef enum rf_err build_fn(const msgpack_object_map *map, size_t size,
                             struct rf_message **message, struct rf_error *error);

static enum rf_err decode(const void *data, size_t size, build_fn *build,
                          struct rf_message **message, struct rf_error *error) {
    msgpack_unpacked unpacked;
    struct rf_error local;
    if (error == NULL)
        error = &local;
    *message = NULL;
    msgpack_unpacked_init(&unpacked);
    enum rf_err err = rf_wire_bound(data, size, error);
    if (err != RF_OK)
        goto cleanup;
    msgpack_unpack_return got = msgpack_unpack_next(&unpacked, data, size, NULL);
    if (got == MSGPACK_UNPACK_NOMEM_ERROR)
        err = no_memory(error);
    else if (got != MSGPACK_UNPACK_SUCCESS || unpacked.data.type != MSGPACK_OBJECT_MAP)
        err = wrong_type(error, "a map");
    else
        err = build(&unpacked.data.via.map, size, message, error);
cleanup:
    if (err != RF_OK) {
        rf_message_destroy(message);
        rf_text_clean(error->message); // it may quote the peer, and is sent back to it
    }
    msgpack_unpacked_destroy(&unpacked);
    return err;
}

enum rf_err rf_wire_decode(const void *data, size_t size, struct rf_message **message,
                           struct rf_error *error) {
    return decode(data, size, build_message, message, error);
}

enum rf_err rf_wire_decode_event(const void *data, size_t size, struct rf_message **message,
                                 struct rf_error *error) {
    return decode(data, size, build_event, message, error);
}
