#include "wire/cursor.h"

#include <endian.h>
#include <string.h>

// The first bytes from 0xc0 to 0xdf (the table of the msgpack specification): the bytes of the
// length behind each, and of a body that is there whatever the length. 0xc1 is never used.
enum form { NEVER, NIL, NO, YES, BIN, EXT, FLOAT, DOUBLE, UINT, INT, STR, ARRAY, MAP };
static const struct head {
    unsigned char form, length, body;
} heads[] = {
    {NIL, 0, 0},  {NEVER, 0, 0}, {NO, 0, 0},   {YES, 0, 0},  {BIN, 1, 0},   {BIN, 2, 0},
    {BIN, 4, 0},  {EXT, 1, 1},   {EXT, 2, 1},  {EXT, 4, 1},  {FLOAT, 0, 4}, {DOUBLE, 0, 8},
    {UINT, 0, 1}, {UINT, 0, 2},  {UINT, 0, 4}, {UINT, 0, 8}, {INT, 0, 1},   {INT, 0, 2},
    {INT, 0, 4},  {INT, 0, 8},   {EXT, 0, 2},  {EXT, 0, 3},  {EXT, 0, 5},   {EXT, 0, 9},
    {EXT, 0, 17}, {STR, 1, 0},   {STR, 2, 0},  {STR, 4, 0},  {ARRAY, 2, 0}, {ARRAY, 4, 0},
    {MAP, 2, 0},  {MAP, 4, 0},
};

// `bytes`: 0 (nothing is there), 1, 2, 4 or 8.
static uint64_t big_endian(const unsigned char *at, size_t bytes) {
    uint16_t two;
    uint32_t four;
    uint64_t eight;
    switch (bytes) {
    case 1:
        return at[0];
    case 2:
        memcpy(&two, at, sizeof two);
        return be16toh(two);
    case 4:
        memcpy(&four, at, sizeof four);
        return be32toh(four);
    case 8:
        memcpy(&eight, at, sizeof eight);
        return be64toh(eight);
    default:
        return 0;
    }
}

static struct rf_value real_of(enum form form, uint64_t bits) {
    struct rf_value value = {.kind = RF_VALUE_REAL};
    if (form == DOUBLE) {
        memcpy(&value.real, &bits, sizeof value.real);
        return value;
    }
    uint32_t half = (uint32_t)bits;
    float real;
    memcpy(&real, &half, sizeof real);
    value.real = (double)real;
    return value;
}

static struct rf_value whole_of(enum form form, uint64_t bits, size_t bytes) {
    if (form == UINT)
        return bits > INT64_MAX ? (struct rf_value){.kind = RF_VALUE_UINT, .u = bits}
                                : (struct rf_value){.kind = RF_VALUE_INT, .n = (int64_t)bits};
    // Two's complement of its own width, carried on to 64 bits.
    uint64_t sign = UINT64_C(1) << (bytes * 8 - 1);
    return (struct rf_value){.kind = RF_VALUE_INT, .n = (int64_t)((bits ^ sign) - sign)};
}

static struct rf_value raw_of(enum rf_value_kind kind, const unsigned char *at, size_t size) {
    return (struct rf_value){.kind = kind, .bytes = (const char *)at, .size = size};
}

// What stands in `size` bytes at `at`.
static struct rf_value body_of(enum form form, const unsigned char *at, size_t size) {
    switch (form) {
    case NO:
    case YES:
        return (struct rf_value){.kind = RF_VALUE_BOOL, .truth = form == YES};
    case BIN:
        return raw_of(RF_VALUE_BIN, at, size);
    case EXT:
        return raw_of(RF_VALUE_EXT, at, size);
    case STR:
        return raw_of(RF_VALUE_STR, at, size);
    case FLOAT:
    case DOUBLE:
        return real_of(form, big_endian(at, size));
    case UINT:
    case INT:
        return whole_of(form, big_endian(at, size), size);
    default:
        return (struct rf_value){.kind = RF_VALUE_NIL};
    }
}

static enum rf_read container(struct rf_cursor *cursor, enum rf_value_kind kind, size_t count,
                              struct rf_value *value) {
    size_t inside = kind == RF_VALUE_MAP ? count * 2 : count;
    *value = (struct rf_value){.kind = kind, .count = count};
    return inside > (size_t)(cursor->end - cursor->at) ? RF_READ_SHORT : RF_READ_OK;
}

static enum rf_read read_long(struct rf_cursor *cursor, struct rf_value *value) {
    const struct head head = heads[*cursor->at - 0xc0];
    if (head.form == NEVER || (size_t)(cursor->end - cursor->at) - 1 < head.length)
        return RF_READ_BROKEN;
    size_t announced = (size_t)big_endian(cursor->at + 1, head.length);
    cursor->at += 1 + head.length;
    if (head.form == ARRAY || head.form == MAP)
        return container(cursor, head.form == MAP ? RF_VALUE_MAP : RF_VALUE_ARRAY, announced,
                         value);
    size_t size = announced + head.body;
    if (size > (size_t)(cursor->end - cursor->at))
        return RF_READ_SHORT;
    *value = body_of((enum form)head.form, cursor->at, size);
    cursor->at += size;
    return RF_READ_OK;
}

enum rf_read rf_cursor_read_other(struct rf_cursor *cursor, struct rf_value *value) {
    if (cursor->at == cursor->end)
        return RF_READ_BROKEN;
    unsigned char first = *cursor->at;
    if (first >= 0xc0 && first <= 0xdf)
        return read_long(cursor, value);
    cursor->at++;
    if (first >= 0xa0 && first <= 0xbf) // the inlined part had no room for it
        return RF_READ_SHORT;
    if (first >= 0x90 && first <= 0x9f)
        return container(cursor, RF_VALUE_ARRAY, first & 0x0f, value);
    if (first >= 0x80 && first <= 0x8f)
        return container(cursor, RF_VALUE_MAP, first & 0x0f, value);
    *value = (struct rf_value){.kind = RF_VALUE_INT, .n = (int8_t)first};
    return RF_READ_OK;
}

static size_t inside(const struct rf_value *value) {
    if (value->kind == RF_VALUE_MAP)
        return value->count * 2;
    return value->kind == RF_VALUE_ARRAY ? value->count : 0;
}

void rf_cursor_skip_inside(struct rf_cursor *cursor, const struct rf_value *value) {
    for (size_t left = inside(value); left > 0; left--) {
        struct rf_value next = rf_cursor_next(cursor);
        left += inside(&next);
    }
}
