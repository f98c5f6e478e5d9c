// From untrusted bytes to structs. The way back is encode.c.
#include <stdlib.h>
#include <string.h>

#include "wire/arena.h"
#include "wire/bound.h"
#include "wire/cursor.h"
#include "wire/envelope.h"
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

// What decoding of one message goes on with.
struct reader {
    struct rf_cursor cursor;
    const void *data; // where the frame begins
    struct rf_message *message;
    bool relay;
    struct rf_error *error;
    // Of the map that was read last: its fields, a bit each, and how many pairs were none (or nil).
    uint32_t seen;
    size_t strange;
};

static bool is_called(const struct rf_packed *key, const char *name, size_t size) {
    return key->kind == RF_PACKED_STR && key->size == size && memcmp(key->bytes, name, size) == 0;
}

static enum rf_err read_str(struct reader *reader, const struct rf_packed *value,
                            const char **text) {
    if (value->kind != RF_PACKED_STR)
        return wrong_type(reader->error, "text");
    if (!rf_text_valid(value->bytes, value->size))
        return wrong_type(reader->error, "UTF-8 text without NUL");
    *text = rf_arena_text(reader->message->arena, value->bytes, value->size);
    return *text == NULL ? no_memory(reader->error) : RF_OK;
}

static enum rf_err read_i64(struct reader *reader, const struct rf_field *field,
                            const struct rf_packed *value, int64_t *n) {
    if (value->kind != RF_PACKED_INT)
        return wrong_type(reader->error, "an integer below 2^63");
    *n = value->n;
    if (*n < field->least || *n > field->most)
        return rf_error_set(reader->error, RF_ERR_PROTOCOL, "%lld is not between %lld and %lld",
                            (long long)*n, (long long)field->least, (long long)field->most);
    return RF_OK;
}

static enum rf_err read_bin(struct reader *reader, const struct rf_packed *value,
                            struct rf_bytes *bytes) {
    if (value->kind != RF_PACKED_BIN)
        return wrong_type(reader->error, "bytes");
    bytes->data = rf_arena_text(reader->message->arena, value->bytes, value->size);
    bytes->size = value->size;
    return bytes->data == NULL ? no_memory(reader->error) : RF_OK;
}

static enum rf_err read_strs(struct reader *reader, const struct rf_packed *value,
                             struct rf_strs *strs) {
    if (value->kind != RF_PACKED_ARRAY)
        return wrong_type(reader->error, "an array of texts");
    strs->count = value->count;
    strs->items = rf_arena_take(reader->message->arena, strs->count, sizeof *strs->items);
    if (strs->items == NULL)
        return no_memory(reader->error);
    for (size_t i = 0; i < strs->count; i++) {
        struct rf_packed item = rf_cursor_next(&reader->cursor);
        enum rf_err err = read_str(reader, &item, &strs->items[i]);
        if (err != RF_OK) {
            rf_error_prefix(reader->error, "[%zu]: ", i);
            return err;
        }
    }
    return RF_OK;
}

// `start`: where the value begins.
static enum rf_err read_json(struct reader *reader, const struct rf_field *field,
                             const unsigned char *start, const struct rf_packed *value,
                             char *body) {
    if (value->kind != RF_PACKED_MAP && value->kind != RF_PACKED_ARRAY)
        return wrong_type(reader->error, "a map or an array");
    if (!reader->relay) {
        reader->message->trees = true;
        return rf_json_read(&reader->cursor, value, (json_t **)(body + field->offset),
                            reader->error);
    }
    enum rf_err err = rf_json_check(&reader->cursor, value, reader->error);
    if (err != RF_OK)
        return err;
    struct rf_bytes *packed = (void *)(body + field->packed);
    packed->size = (size_t)(reader->cursor.at - start);
    packed->data = rf_arena_text(reader->message->arena, (const char *)start, packed->size);
    return packed->data == NULL ? no_memory(reader->error) : RF_OK;
}

static enum rf_err read_fields(struct reader *reader, const struct rf_shape *shape, size_t pairs,
                               char *body);

static bool make_envelopes(struct reader *reader, size_t count) {
    reader->message->envelopes =
        rf_arena_take(reader->message->arena, count, sizeof *reader->message->envelopes);
    return reader->message->envelopes != NULL;
}

// Event `i` of the list was read from `start` on. False if there is no memory.
static bool take_envelope(struct reader *reader, const unsigned char *start,
                          const struct rf_list_any *list, size_t i) {
    const struct rf_event *event = (const struct rf_event *)list->items + i;
    struct rf_bytes *envelope = &reader->message->envelopes[i];
    size_t size = (size_t)(reader->cursor.at - start);
    if (!rf_envelope_lacks_only_n(start, size, event, reader->seen, reader->strange))
        return true;
    *envelope =
        (struct rf_bytes){rf_arena_text(reader->message->arena, (const char *)start, size), size};
    return envelope->data != NULL;
}

static enum rf_err read_list(struct reader *reader, const struct rf_field *field,
                             const struct rf_packed *value, void *at) {
    const struct rf_shape *shape = field->item();
    if (value->kind != RF_PACKED_ARRAY)
        return wrong_type(reader->error, "an array of maps");
    struct rf_list_any list = {.count = value->count};
    list.items = rf_arena_take(reader->message->arena, list.count, shape->size);
    if (list.items == NULL)
        return no_memory(reader->error);
    // Stored before the items are read: what a failure leaves is then freed with the message.
    memcpy(at, &list, sizeof list);
    if (reader->relay && shape == rf_shape_of_event() && !make_envelopes(reader, list.count))
        return no_memory(reader->error);
    for (size_t i = 0; i < list.count; i++) {
        const unsigned char *start = reader->cursor.at;
        struct rf_packed item = rf_cursor_next(&reader->cursor);
        enum rf_err err =
            item.kind != RF_PACKED_MAP
                ? wrong_type(reader->error, "a map")
                : read_fields(reader, shape, item.count, (char *)list.items + i * shape->size);
        if (err != RF_OK) {
            rf_error_prefix(reader->error, "[%zu] ", i);
            return err;
        }
        if (reader->message->envelopes != NULL && !take_envelope(reader, start, &list, i))
            return no_memory(reader->error);
    }
    return RF_OK;
}

static enum rf_err read_field(struct reader *reader, const struct rf_field *field,
                              const unsigned char *start, const struct rf_packed *value,
                              char *body) {
    void *at = body + field->offset;
    switch (field->kind) {
    case RF_FIELD_STR:
        return read_str(reader, value, (const char **)at);
    case RF_FIELD_I64:
        return read_i64(reader, field, value, (int64_t *)at);
    case RF_FIELD_BOOL:
        if (value->kind != RF_PACKED_BOOL)
            return wrong_type(reader->error, "true or false");
        *(bool *)at = value->truth;
        return RF_OK;
    case RF_FIELD_JSON:
        return read_json(reader, field, start, value, body);
    case RF_FIELD_BIN:
        return read_bin(reader, value, at);
    case RF_FIELD_STRS:
        return read_strs(reader, value, at);
    case RF_FIELD_LIST:
        return read_list(reader, field, value, at);
    }
    return RF_OK;
}

// The field that is called so, or NULL. Senders write fields in the table's order, so the search
// begins behind the one found last.
static const struct rf_field *find_field(const struct rf_shape *shape, const struct rf_packed *key,
                                         size_t *next) {
    const struct rf_field *fields = shape->fields;
    for (size_t i = *next; i < shape->count; i++)
        if (is_called(key, fields[i].name, fields[i].name_size)) {
            *next = i + 1;
            return &fields[i];
        }
    for (size_t i = 0; i < *next; i++)
        if (is_called(key, fields[i].name, fields[i].name_size)) {
            *next = i + 1;
            return &fields[i];
        }
    return NULL;
}

// The cursor stands at the first of `pairs` keys.
static enum rf_err read_fields(struct reader *reader, const struct rf_shape *shape, size_t pairs,
                               char *body) {
    uint32_t seen = 0;
    size_t next = 0, strange = 0;
    _Static_assert(RF_SHAPE_MAX_FIELDS <= 32, "a bit each");
    for (size_t i = 0; i < pairs; i++) {
        struct rf_packed key = rf_cursor_next(&reader->cursor);
        if (key.kind != RF_PACKED_STR)
            return wrong_type(reader->error, "text as the key of each field");
        const unsigned char *start = reader->cursor.at;
        struct rf_packed value = rf_cursor_next(&reader->cursor);
        const struct rf_field *field = find_field(shape, &key, &next);
        if (field == NULL || value.kind == RF_PACKED_NIL)
            strange++;
        if (field == NULL) {
            rf_cursor_skip(&reader->cursor, &value);
            continue;
        }
        uint32_t bit = UINT32_C(1) << (field - shape->fields);
        if (seen & bit)
            return rf_error_set(reader->error, RF_ERR_PROTOCOL, "%s: stands twice", field->name);
        if (value.kind == RF_PACKED_NIL) // how some languages write what is absent
            continue;
        seen |= bit;
        enum rf_err err = read_field(reader, field, start, &value, body);
        if (err != RF_OK) {
            rf_error_prefix(reader->error, "%s: ", field->name);
            return err;
        }
    }
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].required && !(seen & UINT32_C(1) << i))
            return rf_error_set(reader->error, RF_ERR_PROTOCOL, "%s: missing",
                                shape->fields[i].name);
    reader->seen = seen;
    reader->strange = strange;
    return RF_OK;
}

// What stands beside the fields of a message: its type and its version. Of a key that stands twice
// the first counts; nil where there is none.
struct envelope {
    struct rf_packed type, version;
};

// The cursor stays.
static struct envelope read_envelope(const struct reader *reader, size_t pairs) {
    struct envelope envelope = {{.kind = RF_PACKED_NIL}, {.kind = RF_PACKED_NIL}};
    struct rf_cursor cursor = reader->cursor;
    bool typed = false, versioned = false;
    for (size_t i = 0; i < pairs && !(typed && versioned); i++) {
        struct rf_packed key = rf_cursor_next(&cursor);
        rf_cursor_skip(&cursor, &key);
        struct rf_packed value = rf_cursor_next(&cursor);
        rf_cursor_skip(&cursor, &value);
        if (!typed && is_called(&key, "t", 1)) {
            typed = true;
            envelope.type = value;
        } else if (!versioned && is_called(&key, "v", 1)) {
            versioned = true;
            envelope.version = value;
        }
    }
    return envelope;
}

// Another version's fields may mean something else, so it is looked at before anything but the
// form.
static enum rf_err check_version(const struct rf_packed *version, struct rf_error *error) {
    bool is_int = version->kind == RF_PACKED_INT;
    if (is_int && version->n >= RF_WIRE_OLDEST && version->n <= RF_WIRE_VERSION)
        return RF_OK;
    if (is_int && version->n >= 0 && version->n < RF_WIRE_OLDEST)
        return rf_error_set(error, RF_ERR_CONFLICT,
                            "protocol version %lld is older than %d, the oldest that the receiver"
                            " speaks: upgrade the sender",
                            (long long)version->n, RF_WIRE_OLDEST);
    if (version->kind == RF_PACKED_UINT || (is_int && version->n >= 0))
        return rf_error_set(error, RF_ERR_CONFLICT,
                            "protocol version %llu is newer than %d, the newest that the receiver"
                            " speaks: upgrade the receiver, the broker before the others",
                            (unsigned long long)version->u, RF_WIRE_VERSION);
    return rf_error_set(error, RF_ERR_PROTOCOL,
                        "v: expected the protocol version, a whole number; the receiver speaks %d",
                        RF_WIRE_VERSION);
}

static bool is_refusal(const struct rf_packed *name) {
    return name->kind == RF_PACKED_STR &&
           rf_shape_named(name->bytes, name->size) == RF_MESSAGE_refusal;
}

static enum rf_err find_type(const struct rf_packed *name, enum rf_message_type *type,
                             struct rf_error *error) {
    if (name->kind != RF_PACKED_STR)
        return rf_error_set(error, RF_ERR_PROTOCOL, "t: expected the message's type, a text");
    *type = rf_shape_named(name->bytes, name->size);
    if (*type != RF_MESSAGE_COUNT)
        return RF_OK;
    int shown = name->size > 64 ? 64 : (int)name->size;
    return rf_error_set(error, RF_ERR_NOT_FOUND, "unknown message type %.*s", shown, name->bytes);
}

// The message stands in its own arena, which has room at once for what a message of `size` bytes
// usually has: most are one allocation.
static struct rf_message *message_new(enum rf_message_type type, size_t size) {
    struct rf_arena *arena = rf_arena_new(sizeof(struct rf_message) + size + size / 2);
    struct rf_message *message = arena == NULL ? NULL : rf_arena_take(arena, 1, sizeof *message);
    if (message == NULL) {
        rf_arena_destroy(&arena);
        return NULL;
    }
    message->type = type;
    message->version = RF_WIRE_WRITTEN;
    message->arena = arena;
    return message;
}

// Values of the state are not passed on: who keeps them looks into them.
static bool is_passed_on(enum rf_message_type type) {
    return type != RF_MESSAGE_state_put && type != RF_MESSAGE_state_cas;
}

static enum rf_err build_message(struct reader *reader, size_t pairs, size_t size) {
    enum rf_message_type type = RF_MESSAGE_COUNT;
    struct envelope envelope = read_envelope(reader, pairs);
    // What is refused for its version must be told so in words that any version can read.
    enum rf_err err =
        is_refusal(&envelope.type) ? RF_OK : check_version(&envelope.version, reader->error);
    if (err == RF_OK)
        err = find_type(&envelope.type, &type, reader->error);
    if (err != RF_OK)
        return err;
    reader->message = message_new(type, size);
    if (reader->message == NULL)
        return no_memory(reader->error);
    reader->relay = reader->relay && is_passed_on(type);
    err = read_fields(reader, rf_shape_of(type), pairs, (char *)&reader->message->as);
    if (err != RF_OK)
        rf_error_prefix(reader->error, "%s: ", rf_message_type_name(type));
    // Without fields that we do not know, but for its type and its version; and readable to whoever
    // reads us.
    else if (reader->relay && reader->strange == 2 && envelope.version.n == RF_WIRE_WRITTEN)
        reader->message->raw = (struct rf_bytes){reader->data, size};
    return err;
}

static enum rf_err build_event(struct reader *reader, size_t pairs, size_t size) {
    struct envelope envelope = read_envelope(reader, pairs);
    enum rf_err err = check_version(&envelope.version, reader->error);
    if (err != RF_OK)
        return err;
    reader->message = message_new(RF_MESSAGE_event_publish, size);
    struct rf_event *event =
        reader->message == NULL ? NULL : rf_arena_take(reader->message->arena, 1, sizeof *event);
    if (event == NULL)
        return no_memory(reader->error);
    struct rf_event_publish *publish = &reader->message->as.event_publish;
    publish->events.items = event;
    publish->events.count = 1;
    err = read_fields(reader, rf_shape_of_event(), pairs, (char *)event);
    if (err != RF_OK)
        rf_error_prefix(reader->error, "event: ");
    publish->stream = event->stream;
    return err;
}

typedef enum rf_err build_fn(struct reader *reader, size_t pairs, size_t size);

static enum rf_err decode(const void *data, size_t size, bool relay, build_fn *build,
                          struct rf_message **message, struct rf_error *error) {
    struct rf_error local;
    if (error == NULL)
        error = &local;
    struct reader reader = {.cursor = {data, (const unsigned char *)data + size},
                            .data = data,
                            .relay = relay,
                            .error = error};
    enum rf_err err = rf_wire_bound(data, size, error);
    if (err == RF_OK) {
        struct rf_packed whole = rf_cursor_next(&reader.cursor);
        err = whole.kind == RF_PACKED_MAP ? build(&reader, whole.count, size)
                                          : wrong_type(error, "a map");
    }
    if (err != RF_OK)
        rf_message_destroy(&reader.message);
    *message = reader.message;
    return err;
}

enum rf_err rf_wire_decode(const void *data, size_t size, struct rf_message **message,
                           struct rf_error *error) {
    return decode(data, size, false, build_message, message, error);
}

enum rf_err rf_wire_decode_relay(const void *data, size_t size, struct rf_message **message,
                                 struct rf_error *error) {
    return decode(data, size, true, build_message, message, error);
}

enum rf_err rf_wire_decode_event(const void *data, size_t size, struct rf_message **message,
                                 struct rf_error *error) {
    return decode(data, size, false, build_event, message, error);
}

// ---- later ----

json_t *rf_wire_tree(const struct rf_bytes *packed) {
    struct rf_cursor cursor = {packed->data, (const unsigned char *)packed->data + packed->size};
    struct rf_packed value = rf_cursor_next(&cursor);
    json_t *json = NULL;
    struct rf_error error;
    return rf_json_read(&cursor, &value, &json, &error) == RF_OK ? json : NULL;
}
