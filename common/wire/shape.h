// The shape of every message, as a table of its fields, made from messages.def. Private to
// common/wire and its tests: encoding, decoding and freeing walk these tables, so that no message
// has code of its own.
#ifndef RF_WIRE_SHAPE_H
#define RF_WIRE_SHAPE_H

#include <ringfence/messages.h>

enum rf_field_kind {
    RF_FIELD_STR,
    RF_FIELD_I64,
    RF_FIELD_BOOL,
    RF_FIELD_JSON,
    RF_FIELD_BIN,
    RF_FIELD_STRS,
    RF_FIELD_LIST,
};

struct rf_shape;

struct rf_field {
    const char *name;
    size_t name_size; // without the NUL
    enum rf_field_kind kind;
    bool required;
    size_t offset;
    size_t packed;                        // RF_FIELD_JSON, RF_FIELD_LIST: offset of `field`_packed
    int64_t least, most;                  // RF_FIELD_I64
    const struct rf_shape *(*item)(void); // RF_FIELD_LIST
};

#define RF_SHAPE_MAX_FIELDS 32

struct rf_shape {
    const char *name; // the type of a message, the name of an item
    size_t size;
    const struct rf_field *fields;
    size_t count;
};

// What every LIST field looks like, whatever its items are; read and written by memcpy.
struct rf_list_any {
    void *items;
    size_t count;
};

// rf_shape_of: the fields of a message; NULL for a type that does not exist.
const struct rf_shape *rf_shape_of(enum rf_message_type type);

// rf_shape_named: the message whose type is called so on the wire, RF_MESSAGE_COUNT if there is
// none.
enum rf_message_type rf_shape_named(const char *name, size_t size);

// rf_shape_of_event: the fields of the event's envelope.
const struct rf_shape *rf_shape_of_event(void);

#endif
