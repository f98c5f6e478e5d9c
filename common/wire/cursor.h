// Reading msgpack in place, one value after the other, from bytes that may be anything: what is
// read lies between the cursor and its end. For common/wire, and common/redact/packed.c.
#ifndef RF_WIRE_CURSOR_H
#define RF_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rf_packed_kind {
    RF_PACKED_NIL,
    RF_PACKED_BOOL,
    RF_PACKED_INT,
    RF_PACKED_UINT, // only above INT64_MAX
    RF_PACKED_REAL,
    RF_PACKED_STR,
    RF_PACKED_BIN,
    RF_PACKED_EXT,
    RF_PACKED_ARRAY,
    RF_PACKED_MAP,
};

// A value; of an array or a map the head only, as its values follow at the cursor.
struct rf_packed {
    enum rf_packed_kind kind;
    union {
        bool truth;
        int64_t n;
        uint64_t u;
        double real;
        size_t count; // ARRAY: values; MAP: pairs
        struct {
            const char *bytes; // STR, BIN: as they stand in the frame, without NUL
            size_t size;
        };
    };
};

struct rf_cursor {
    const unsigned char *at, *end;
};

enum rf_read {
    RF_READ_OK,
    RF_READ_BROKEN, // no value begins here, or its length is cut off: the cursor stays
    RF_READ_SHORT,  // it announces more than is left behind its head, where the cursor stands now
};

// rf_cursor_read: reads the value at the cursor and goes behind it (or behind the head of an array
// or a map). Counts are checked against the bytes that are left, as each value takes one at least.
static inline enum rf_read rf_cursor_read(struct rf_cursor *cursor, struct rf_packed *value);

// rf_cursor_read_other: its part that is not inlined: all but short texts and small numbers.
enum rf_read rf_cursor_read_other(struct rf_cursor *cursor, struct rf_packed *value);

static inline enum rf_read rf_cursor_read(struct rf_cursor *cursor, struct rf_packed *value) {
    size_t left = (size_t)(cursor->end - cursor->at);
    unsigned first = left > 0 ? *cursor->at : 0xc1;
    if (first <= 0x7f) {
        cursor->at++;
        value->kind = RF_PACKED_INT;
        value->n = (int64_t)first;
        return RF_READ_OK;
    }
    size_t size = first & 0x1f;
    if (first < 0xa0 || first > 0xbf || left <= size)
        return rf_cursor_read_other(cursor, value);
    value->kind = RF_PACKED_STR;
    value->bytes = (const char *)cursor->at + 1;
    value->size = size;
    cursor->at += 1 + size;
    return RF_READ_OK;
}

// rf_cursor_next: the same where rf_wire_bound has found the form right; nil else.
static inline struct rf_packed rf_cursor_next(struct rf_cursor *cursor) {
    struct rf_packed value = {.kind = RF_PACKED_NIL};
    if (rf_cursor_read(cursor, &value) != RF_READ_OK)
        value.kind = RF_PACKED_NIL;
    return value;
}

// rf_cursor_skip: goes behind everything inside `value`, which was read last, however deep it is
// nested. False: the form is wrong, as it cannot be where rf_wire_bound has looked.
// rf_cursor_skip_inside: its part that is not inlined.
bool rf_cursor_skip_inside(struct rf_cursor *cursor, const struct rf_packed *value);

static inline bool rf_cursor_skip(struct rf_cursor *cursor, const struct rf_packed *value) {
    return (value->kind != RF_PACKED_ARRAY && value->kind != RF_PACKED_MAP) ||
           rf_cursor_skip_inside(cursor, value);
}

#endif
