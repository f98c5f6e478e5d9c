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

#define FIRST_UINT 0xcc
#define LAST_UINT  0xcf

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

static double real_of(enum form form, uint64_t bits) {
    double real;
    float narrow;
    uint32_t half = (uint32_t)bits;
    memcpy(&real, &bits, sizeof real);
    memcpy(&narrow, &half, sizeof narrow);
    return form == DOUBLE ? real : (double)narrow;
}

// A number of `bytes` bytes.
static void set_number(struct rf_packed *value, enum form form, uint64_t bits, unsigned bytes) {
    if (form == UINT) {
        value->kind = bits > INT64_MAX ? RF_PACKED_UINT : RF_PACKED_INT;
        value->u = bits;
    } else if (form == INT) {
        // Two's complement of its own width, carried on to 64 bits.
        uint64_t sign = UINT64_C(1) << (bytes * 8 - 1);
        value->kind = RF_PACKED_INT;
        value->n = (int64_t)((bits ^ sign) - sign);
    } else {
        value->kind = RF_PACKED_REAL;
        value->real = real_of(form, bits);
    }
}

static enum rf_read container(struct rf_cursor *cursor, enum rf_packed_kind kind, size_t count,
                              struct rf_packed *value) {
    size_t inside = kind == RF_PACKED_MAP ? count * 2 : count;
    value->kind = kind;
    value->count = count;
    return inside > (size_t)(cursor->end - cursor->at) ? RF_READ_SHORT : RF_READ_OK;
}

static enum rf_read raw(struct rf_cursor *cursor, enum rf_packed_kind kind, size_t size,
                        struct rf_packed *value) {
    if (size > (size_t)(cursor->end - cursor->at))
        return RF_READ_SHORT;
    value->kind = kind;
    value->bytes = (const char *)cursor->at;
    value->size = size;
    cursor->at += size;
    return RF_READ_OK;
}

static enum rf_read read_number(struct rf_cursor *cursor, const struct head *head,
                                struct rf_packed *value) {
    const unsigned char *body = ++cursor->at;
    if (head->body > (size_t)(cursor->end - body))
        return RF_READ_SHORT;
    cursor->at += head->body;
    set_number(value, (enum form)head->form, big_endian(body, head->body), head->body);
    return RF_READ_OK;
}

static enum rf_read read_long(struct rf_cursor *cursor, struct rf_packed *value) {
    const struct head *head = &heads[*cursor->at - 0xc0];
    if (head->form >= FLOAT && head->form <= INT)
        return read_number(cursor, head, value);
    if (head->form == NEVER || (size_t)(cursor->end - cursor->at) - 1 < head->length)
        return RF_READ_BROKEN;
    size_t announced = (size_t)big_endian(cursor->at + 1, head->length);
    cursor->at += 1 + head->length;
    switch (head->form) {
    case NO:
    case YES:
        value->kind = RF_PACKED_BOOL;
        value->truth = head->form == YES;
        return RF_READ_OK;
    case BIN:
        return raw(cursor, RF_PACKED_BIN, announced, value);
    case EXT:
        return raw(cursor, RF_PACKED_EXT, announced + head->body, value);
    case STR:
        return raw(cursor, RF_PACKED_STR, announced, value);
    case ARRAY:
        return container(cursor, RF_PACKED_ARRAY, announced, value);
    case MAP:
        return container(cursor, RF_PACKED_MAP, announced, value);
    default:
        value->kind = RF_PACKED_NIL;
        return RF_READ_OK;
    }
}

// One of 1, 2, 4 or 8 bytes, behind which enough is left to read 8 whatever it has.
static void read_unsigned(struct rf_cursor *cursor, struct rf_packed *value) {
    unsigned bytes = 1U << (*cursor->at - FIRST_UINT);
    uint64_t bits;
    memcpy(&bits, cursor->at + 1, sizeof bits);
    cursor->at += 1 + bytes;
    set_number(value, UINT, be64toh(bits) >> (64 - 8 * bytes), bytes);
}

enum rf_read rf_cursor_read_other(struct rf_cursor *cursor, struct rf_packed *value) {
    if (cursor->at == cursor->end)
        return RF_READ_BROKEN;
    unsigned char first = *cursor->at;
    // Counts and times, as most numbers are.
    if (first >= FIRST_UINT && first <= LAST_UINT && cursor->end - cursor->at > 8) {
        read_unsigned(cursor, value);
        return RF_READ_OK;
    }
    if (first >= 0xc0 && first <= 0xdf)
        return read_long(cursor, value);
    cursor->at++;
    if (first >= 0xa0 && first <= 0xbf) // the inlined part had no room for it
        return RF_READ_SHORT;
    if (first >= 0x90 && first <= 0x9f)
        return container(cursor, RF_PACKED_ARRAY, first & 0x0f, value);
    if (first >= 0x80 && first <= 0x8f)
        return container(cursor, RF_PACKED_MAP, first & 0x0f, value);
    value->kind = RF_PACKED_INT;
    value->n = (int64_t)first - 0x100; // 0xe0 to 0xff: -32 to -1
    return RF_READ_OK;
}

static size_t inside(const struct rf_packed *value) {
    if (value->kind == RF_PACKED_MAP)
        return value->count * 2;
    return value->kind == RF_PACKED_ARRAY ? value->count : 0;
}

bool rf_cursor_skip_inside(struct rf_cursor *cursor, const struct rf_packed *value) {
    // Each value takes a byte at least, so that it ends.
    for (size_t left = inside(value); left > 0; left--) {
        struct rf_packed next;
        if (rf_cursor_read(cursor, &next) != RF_READ_OK)
            return false;
        left += inside(&next);
    }
    return true;
}
