// Messages read where they stand: those of which there is one a call. A glance walks the frame
// once, allocates nothing and points into it. It knows frames as our encoder writes them: type and
// version first, the fields in the catalogue's order, none twice, none unknown, none nil. What it
// takes has passed every check of rf_wire_decode and reads the same; whatever else there is, valid
// or not, is left to rf_wire_decode, whose errors tell what is wrong with it.
#ifndef RF_WIRE_GLANCE_H
#define RF_WIRE_GLANCE_H

#include <string.h>

#include <ringfence/messages.h>

#include "wire/wire.h"

// A text in a frame: UTF-8, without a NUL behind it. `bytes` NULL: it is absent.
struct rf_str {
    const char *bytes;
    size_t size;
};

// Of a number also its pair, key and value; of size 0, where it would stand: it is absent.
// JSON, STRS and LIST are the msgpack of the whole value, BIN the bytes alone; of size 0: absent.
#define MESSAGE(name, type, flow, meaning) struct rf_##name##_glance {
#define ITEM(name, meaning)                struct rf_##name##_glance {
#define STR(field, need)                   struct rf_str field;
#define I64(field, need, least, most)                                                              \
    int64_t field;                                                                                 \
    struct rf_bytes field##_pair;
#define BOOL(field, need)       bool field;
#define JSON(field, need)       struct rf_bytes field;
#define BIN(field, need)        struct rf_bytes field;
#define STRS(field, need)       struct rf_bytes field;
#define LIST(field, need, item) struct rf_bytes field;
#define END(name)                                                                                  \
    char end_of_fields;                                                                            \
    }                                                                                              \
    ;
#include <ringfence/messages.def>

// The messages that are glanced at.
#define RF_GLANCED(X) X(call_request) X(call_reply) X(worker_credit)

struct rf_glance {
    enum rf_message_type type;
    struct rf_bytes raw; // the frame
    union {
#define X(name) struct rf_##name##_glance name;
        RF_GLANCED(X)
#undef X
    } as;
};

// rf_wire_glance: false: not at a glance. What is seen points into `data`.
RF_NODISCARD bool rf_wire_glance(const void *data, size_t size, struct rf_glance *glance);

// rf_wire_glances_at: whether a message of this type can be read at a glance.
bool rf_wire_glances_at(enum rf_message_type type);

// rf_wire_glance_anew: a message of such a type that rf_wire_decode_relay had to read: what we know
// of it is written into `frame`, in which it is seen. The caller frees the frame. RF_ERR_NOMEM, or
// RF_ERR_INVALID for another type.
RF_NODISCARD enum rf_err rf_wire_glance_anew(const struct rf_message *message,
                                             struct rf_frame *frame, struct rf_glance *glance,
                                             struct rf_error *error);

// rf_str_of: a text of ours, borrowed.
static inline struct rf_str rf_str_of(const char *text) {
    return (struct rf_str){text, strlen(text)};
}

// rf_str_is: whether a text of a glance is this one.
static inline bool rf_str_is(struct rf_str text, const char *known) {
    size_t size = strlen(known);
    return text.size == size && text.bytes != NULL && memcmp(text.bytes, known, size) == 0;
}

#endif
