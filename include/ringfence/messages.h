// The structs of messages.def, and the enums of messages and event types.
//
// In a struct to be encoded, all pointers are borrowed. In a decoded message, everything belongs to
// the message: texts are NUL-terminated copies; keep a json_t longer by json_incref.
//
// A JSON field `x` stands in `x`. Only who passes messages on (rf_wire_decode_relay) finds it in
// `x_packed` instead: checked, but still as the bytes of msgpack that came, to be sent on in a
// message of the same type. They go before `x` when encoding; everybody else leaves them empty.
// `x_fields` is for whoever reads members of such bytes one by one (our own logger); it is never
// encoded or decoded.
//
// Whoever has the items of a LIST field `y` as msgpack already, one map each, puts them into
// `y_packed` instead of `y.items`: `y.count` of them, written as they are. Decoding never fills it.
#ifndef RINGFENCE_MESSAGES_H
#define RINGFENCE_MESSAGES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#pragma GCC visibility push(default)

// The newest version of the protocol that this side reads, the oldest, and the one that it writes.
// During an upgrade old processes hear a new broker: so a version is read by one release, written
// by the next, and the one before it is refused by the third. Tests build a broker of the next one.
#ifndef RF_WIRE_VERSION
#define RF_WIRE_VERSION 1
#endif
#define RF_WIRE_OLDEST  1
#define RF_WIRE_WRITTEN 1

#define RF_JOURNAL_ID_SIZE 64 // which journal a number belongs to, with the NUL

// A place in the journal, as its reader keeps it: the pair that a journal.page tells.
struct rf_journal_place {
    int64_t n;                        // all up to it is read
    char journal[RF_JOURNAL_ID_SIZE]; // empty: not known
};

// rf_journal_place: number `n` of `journal`, which is copied; NULL: not known.
static inline struct rf_journal_place rf_journal_place(int64_t n, const char *journal) {
    struct rf_journal_place place = {.n = n};
    if (journal != NULL)
        snprintf(place.journal, sizeof place.journal, "%s", journal);
    return place;
}

struct rf_fields;

struct rf_bytes {
    const void *data;
    size_t size;
};

struct rf_strs {
    const char **items;
    size_t count;
};

// Every list has the same shape: `items` points to `count` structs of the list's item type.
#define RF_LIST_OF(item)                                                                           \
    struct {                                                                                       \
        struct rf_##item *items;                                                                   \
        size_t count;                                                                              \
    }

#define MESSAGE(name, type, flow, meaning) struct rf_##name {
#define ITEM(name, meaning)                struct rf_##name {
#define STR(field, need)                   const char *field;
#define I64(field, need, least, most)      int64_t field;
#define BOOL(field, need)                  bool field;
#define JSON(field, need)                                                                          \
    json_t *field;                                                                                 \
    struct rf_bytes field##_packed;                                                                \
    const struct rf_fields *field##_fields;
#define BIN(field, need)  struct rf_bytes field;
#define STRS(field, need) struct rf_strs field;
// NOLINTBEGIN(bugprone-macro-parentheses): `field` is the name in a declaration
#define LIST(field, need, item)                                                                    \
    RF_LIST_OF(item) field;                                                                        \
    const struct rf_bytes *field##_packed;
// NOLINTEND(bugprone-macro-parentheses)
// A struct needs a member: this one serves messages without fields, and is not on the wire.
#define END(name)                                                                                  \
    char end_of_fields;                                                                            \
    }                                                                                              \
    ;
#include <ringfence/messages.def>

enum rf_message_type {
#define MESSAGE(name, type, flow, meaning) RF_MESSAGE_##name,
#include <ringfence/messages.def>
    RF_MESSAGE_COUNT
};

enum rf_event_type {
#define EVENT(name, type, severity, meaning) RF_EVENT_##name,
#include <ringfence/messages.def>
    RF_EVENT_COUNT
};

// rf_message_type_name: "call.request" for RF_MESSAGE_call_request. Never NULL.
const char *rf_message_type_name(enum rf_message_type type);

// rf_event_type_name, rf_event_severity: "breaker.opened" and "error" for RF_EVENT_BREAKER_OPENED.
const char *rf_event_type_name(enum rf_event_type type);
const char *rf_event_severity(enum rf_event_type type);

#pragma GCC visibility pop

#endif
