#include "wire/shape.h"

#include <string.h>

enum need { OPT = false, REQ = true };

// clang-format off

// One function a struct, as the field macros do not know which struct they stand in: inside the
// function `here` names it. The nameless last row serves structs without fields; it is not counted.
#define BEGIN(name, known_as)                                                                      \
    static const struct rf_shape *shape_##name(void)                                               \
    {                                                                                              \
        typedef struct rf_##name here;                                                             \
        static const char called[] = known_as;                                                     \
        static const struct rf_field fields[] = {
#define END(which)                                                                                 \
            {.name = NULL}};                                                                       \
        enum { COUNT = sizeof fields / sizeof *fields - 1 };                                       \
        _Static_assert(COUNT <= RF_SHAPE_MAX_FIELDS, "raise the bound");                           \
        static const struct rf_shape shape = {called, sizeof(here), fields, COUNT};                \
        return &shape;                                                                             \
    }

#define FIELD(field, is, need)                                                                     \
    .name = #field, .name_size = sizeof #field - 1, .kind = (is), .required = (need),              \
    .offset = offsetof(here, field)

#define MESSAGE(name, type, flow, meaning) BEGIN(name, type)
#define ITEM(name, meaning)                BEGIN(name, #name)
#define STR(field, need)                   {FIELD(field, RF_FIELD_STR, need)},
#define I64(field, need, low, high)        {FIELD(field, RF_FIELD_I64, need), .least = (low), .most = (high)},
#define BOOL(field, need)                  {FIELD(field, RF_FIELD_BOOL, need)},
#define JSON(field, need)                  {FIELD(field, RF_FIELD_JSON, need), .packed = offsetof(here, field##_packed)},
#define BIN(field, need)                   {FIELD(field, RF_FIELD_BIN, need)},
#define STRS(field, need)                  {FIELD(field, RF_FIELD_STRS, need)},
#define LIST(field, need, of)              {FIELD(field, RF_FIELD_LIST, need), .packed = offsetof(here, field##_packed), .item = shape_##of},
#include <ringfence/messages.def>

static const struct rf_shape *(*const message_shapes[])(void) = {
#define MESSAGE(name, type, flow, meaning) shape_##name,
#include <ringfence/messages.def>
};

// clang-format on

_Static_assert(sizeof(struct rf_list_any) == sizeof(((struct rf_event_publish *)0)->events),
               "lists are read through struct rf_list_any");

const struct rf_shape *rf_shape_of(enum rf_message_type type) {
    if ((unsigned)type >= RF_MESSAGE_COUNT)
        return NULL;
    return message_shapes[type]();
}

static const struct {
    const char *name;
    size_t size;
} names[] = {
#define MESSAGE(name, type, flow, meaning) {type, sizeof(type) - 1},
#include <ringfence/messages.def>
};

enum rf_message_type rf_shape_named(const char *name, size_t size) {
    for (unsigned i = 0; i < RF_MESSAGE_COUNT; i++)
        if (names[i].size == size && memcmp(names[i].name, name, size) == 0)
            return (enum rf_message_type)i;
    return RF_MESSAGE_COUNT;
}

const struct rf_shape *rf_shape_of_event(void) {
    return shape_event();
}
