// Made from messages.def: a function a message, a step a field, so that a frame in the expected
// order is compared with constants and never searched. Included by glance.c and page.c alone.
#ifndef RF_WIRE_SEE_H
#define RF_WIRE_SEE_H

#include <endian.h>
#include <math.h>

#include "base/block.h"
#include "wire/bound.h"
#include "wire/cursor.h"
#include "wire/glance.h"
#include "wire/json.h"
#include "wire/text.h"

#define INLINED       static inline __attribute__((always_inline))
#define MAYBE_UNUSED  __attribute__((unused))
#define FEW_PAIRS     16 // each key is compared with all before it
#define SHORT_TEXT    31 // what a head of one byte can announce
#define UINT64_HEAD   0xcf
#define UINT64_LENGTH 8

// ---- values ----

// Whether this very text stands at the cursor, which then goes behind it. A constant of at most
// SHORT_TEXT bytes.
INLINED bool skip_text(struct rf_cursor *cursor, const char *text, size_t size) {
    const unsigned char *at = cursor->at;
    if ((size_t)(cursor->end - at) <= size || *at != (0xa0 | size) ||
        memcmp(at + 1, text, size) != 0)
        return false;
    cursor->at = at + 1 + size;
    return true;
}

// Whether a text of at most SHORT_TEXT bytes is of 0x01 to 0x7F alone, without a branch on its
// size. As much as the longest of them is there to be read.
INLINED bool is_short_plain(const char *bytes, size_t size) {
    static const unsigned char inside[4 * sizeof(rf_block)] = {
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
        0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
    const unsigned char *mask = inside + 2 * sizeof(rf_block) - size;
    rf_block low = rf_block_at(bytes), high = rf_block_at(bytes + sizeof(rf_block));
    return !rf_block_any((((low - 1) | low) & rf_block_at(mask)) |
                         (((high - 1) | high) & rf_block_at(mask + sizeof(rf_block))));
}

// Whether what was read at the cursor is text.
INLINED bool is_text(const struct rf_cursor *cursor, const char *bytes, size_t size) {
    return (size <= SHORT_TEXT && (const char *)cursor->end - bytes > SHORT_TEXT &&
            is_short_plain(bytes, size)) ||
           rf_text_valid(bytes, size);
}

INLINED bool see_str(struct rf_cursor *cursor, struct rf_str *text) {
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK || value.kind != RF_PACKED_STR)
        return false;
    *text = (struct rf_str){value.bytes, value.size};
    return is_text(cursor, value.bytes, value.size);
}

// Times have eight bytes, and most numbers are times.
static bool read_i64(struct rf_cursor *cursor, int64_t *n) {
    struct rf_packed value;
    if (cursor->end - cursor->at > UINT64_LENGTH && *cursor->at == UINT64_HEAD) {
        uint64_t bits;
        memcpy(&bits, cursor->at + 1, sizeof bits);
        cursor->at += 1 + sizeof bits;
        *n = (int64_t)be64toh(bits);
        return *n >= 0;
    }
    if (rf_cursor_read(cursor, &value) != RF_READ_OK || value.kind != RF_PACKED_INT)
        return false;
    *n = value.n;
    return true;
}

INLINED bool see_i64(struct rf_cursor *cursor, int64_t least, int64_t most, int64_t *n) {
    return read_i64(cursor, n) && *n >= least && *n <= most;
}

static MAYBE_UNUSED bool see_bool(struct rf_cursor *cursor, bool *truth) {
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK || value.kind != RF_PACKED_BOOL)
        return false;
    *truth = value.truth;
    return true;
}

static MAYBE_UNUSED bool see_bin(struct rf_cursor *cursor, struct rf_bytes *bytes) {
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK || value.kind != RF_PACKED_BIN)
        return false;
    *bytes = (struct rf_bytes){value.bytes, value.size};
    return true;
}

// The head of an array or a map that stands in `depth` others.
static bool open_container(struct rf_cursor *cursor, int depth, enum rf_packed_kind kind,
                           size_t *count) {
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK || value.kind != kind ||
        depth >= RF_WIRE_MAX_DEPTH)
        return false;
    *count = value.count;
    return true;
}

static MAYBE_UNUSED bool see_strs(struct rf_cursor *cursor, int depth, struct rf_bytes *strs) {
    const unsigned char *start = cursor->at;
    size_t count;
    struct rf_str text;
    if (!open_container(cursor, depth, RF_PACKED_ARRAY, &count))
        return false;
    for (; count > 0; count--)
        if (!see_str(cursor, &text))
            return false;
    *strs = (struct rf_bytes){start, (size_t)(cursor->at - start)};
    return true;
}

// ---- JSON ----

static bool pass_json(struct rf_cursor *cursor, int depth);

// Whether the form of the next value is right, whatever it means.
static bool pass_form(struct rf_cursor *cursor, int depth) // NOLINT(misc-no-recursion)
{
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK)
        return false;
    if (value.kind != RF_PACKED_MAP && value.kind != RF_PACKED_ARRAY)
        return true;
    if (depth >= RF_WIRE_MAX_DEPTH)
        return false;
    size_t left = value.kind == RF_PACKED_MAP ? value.count * 2 : value.count;
    for (; left > 0; left--)
        if (!pass_form(cursor, depth + 1))
            return false;
    return true;
}

// Comparing each key with each would take too long. The cursor stands behind its head.
static bool pass_large_map(struct rf_cursor *cursor, const struct rf_packed *map, int depth) {
    struct rf_cursor inside = *cursor;
    for (size_t left = map->count * 2; left > 0; left--)
        if (!pass_form(cursor, depth + 1))
            return false;
    return rf_json_check(&inside, map, NULL) == RF_OK;
}

static bool is_among(const struct rf_str *keys, size_t count, const struct rf_str *key) {
    for (size_t i = 0; i < count; i++)
        if (keys[i].size == key->size && memcmp(keys[i].bytes, key->bytes, key->size) == 0)
            return true;
    return false;
}

// One of 64 bits: keys that differ in it need not be compared.
INLINED uint64_t bit_of(const struct rf_str *key) {
    if (key->size == 0)
        return 1;
    unsigned first = (unsigned char)key->bytes[0], last = (unsigned char)key->bytes[key->size - 1];
    return UINT64_C(1) << ((first * 5 + last * 3 + key->size) % 64);
}

static bool pass_map(struct rf_cursor *cursor, size_t pairs, int depth) // NOLINT(misc-no-recursion)
{
    struct rf_str keys[FEW_PAIRS];
    uint64_t bits = 0;
    for (size_t i = 0; i < pairs; i++) {
        if (!see_str(cursor, &keys[i]))
            return false;
        uint64_t bit = bit_of(&keys[i]);
        if ((bits & bit) != 0 && is_among(keys, i, &keys[i]))
            return false;
        bits |= bit;
        if (!pass_json(cursor, depth + 1))
            return false;
    }
    return true;
}

static bool pass_container(struct rf_cursor *cursor, const struct rf_packed *value,
                           int depth) // NOLINT(misc-no-recursion)
{
    if (depth >= RF_WIRE_MAX_DEPTH)
        return false;
    if (value->kind == RF_PACKED_MAP)
        return value->count > FEW_PAIRS ? pass_large_map(cursor, value, depth)
                                        : pass_map(cursor, value->count, depth);
    for (size_t i = 0; i < value->count; i++)
        if (!pass_json(cursor, depth + 1))
            return false;
    return true;
}

// Any value that JSON can say (json.c).
static bool pass_json(struct rf_cursor *cursor, int depth) // NOLINT(misc-no-recursion)
{
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK)
        return false;
    switch (value.kind) {
    case RF_PACKED_STR:
        return is_text(cursor, value.bytes, value.size);
    case RF_PACKED_NIL:
    case RF_PACKED_BOOL:
    case RF_PACKED_INT:
        return true;
    case RF_PACKED_REAL:
        return isfinite(value.real);
    case RF_PACKED_ARRAY:
    case RF_PACKED_MAP:
        return pass_container(cursor, &value, depth);
    case RF_PACKED_UINT:
    case RF_PACKED_BIN:
    case RF_PACKED_EXT:
        break;
    }
    return false;
}

static MAYBE_UNUSED bool see_json(struct rf_cursor *cursor, int depth, struct rf_bytes *json) {
    const unsigned char *start = cursor->at;
    struct rf_packed value;
    if (rf_cursor_read(cursor, &value) != RF_READ_OK ||
        (value.kind != RF_PACKED_MAP && value.kind != RF_PACKED_ARRAY) ||
        !pass_container(cursor, &value, depth))
        return false;
    *json = (struct rf_bytes){start, (size_t)(cursor->at - start)};
    return true;
}

// ---- from the catalogue ----

enum need { OPT = false, REQ = true };

// clang-format off

// The fields of a map, whose head has been read and which stands in `depth` - 1 others. `left`: of
// its pairs, those behind the last field.
// What is not reached from a message that is glanced at is left out by the compiler.
#define BEGIN(name)                                                                                \
    static inline MAYBE_UNUSED bool see_some_of_##name(struct rf_cursor *cursor, int depth,        \
                                                       size_t pairs,                               \
                                                       struct rf_##name##_glance *seen,            \
                                                       size_t *left)                               \
    {                                                                                              \
        (void)cursor, (void)depth, (void)seen;

#define MESSAGE(name, type, flow, meaning)                                                         \
    static inline MAYBE_UNUSED bool is_##name(struct rf_cursor *cursor)                            \
    {                                                                                              \
        _Static_assert(sizeof(type) - 1 <= SHORT_TEXT, "compared with a short text");              \
        return skip_text(cursor, type, sizeof(type) - 1);                                          \
    }                                                                                              \
    BEGIN(name)
#define ITEM(name, meaning) BEGIN(name)

// `pairs` only comes to 0 in the end if there were as many as were announced.
#define FIELD(field, need, see, absent)                                                            \
    _Static_assert(sizeof #field - 1 <= SHORT_TEXT, "compared with a short text");                 \
    if (skip_text(cursor, #field, sizeof #field - 1)) {                                            \
        pairs--;                                                                                   \
        if (!(see))                                                                                \
            return false;                                                                          \
    } else if (need) {                                                                             \
        return false;                                                                              \
    } else {                                                                                       \
        seen->field = absent;                                                                      \
    }

#define NO_TEXT  (struct rf_str){NULL, 0}
#define NO_BYTES (struct rf_bytes){NULL, 0}

#define STR(field, need)        FIELD(field, need, see_str(cursor, &seen->field), NO_TEXT)
#define I64(field, need, least, most)                                                              \
    seen->field##_pair.data = cursor->at;                                                          \
    FIELD(field, need, see_i64(cursor, least, most, &seen->field), 0)                              \
    seen->field##_pair.size = (size_t)(cursor->at - (const unsigned char *)seen->field##_pair.data);
#define BOOL(field, need)       FIELD(field, need, see_bool(cursor, &seen->field), false)
#define JSON(field, need)       FIELD(field, need, see_json(cursor, depth, &seen->field), NO_BYTES)
#define BIN(field, need)        FIELD(field, need, see_bin(cursor, &seen->field), NO_BYTES)
#define STRS(field, need)       FIELD(field, need, see_strs(cursor, depth, &seen->field), NO_BYTES)
#define LIST(field, need, item)                                                                    \
    FIELD(field, need, see_##item##_list(cursor, depth, &seen->field), NO_BYTES)

#define END(name)                                                                                  \
        *left = pairs;                                                                             \
        return true;                                                                               \
    }                                                                                              \
    static inline MAYBE_UNUSED bool see_##name(struct rf_cursor *cursor, int depth, size_t pairs,  \
                                               struct rf_##name##_glance *seen)                    \
    {                                                                                              \
        size_t left;                                                                               \
        return see_some_of_##name(cursor, depth, pairs, seen, &left) && left == 0;                 \
    }                                                                                              \
    static inline MAYBE_UNUSED bool see_##name##_list(struct rf_cursor *cursor, int depth,         \
                                                      struct rf_bytes *list)                       \
    {                                                                                              \
        const unsigned char *start = cursor->at;                                                   \
        struct rf_##name##_glance item;                                                            \
        size_t count, pairs;                                                                       \
        if (!open_container(cursor, depth, RF_PACKED_ARRAY, &count))                               \
            return false;                                                                          \
        for (; count > 0; count--)                                                                 \
            if (!open_container(cursor, depth + 1, RF_PACKED_MAP, &pairs) ||                       \
                !see_##name(cursor, depth + 2, pairs, &item))                                      \
                return false;                                                                      \
        *list = (struct rf_bytes){start, (size_t)(cursor->at - start)};                            \
        return true;                                                                               \
    }
#include <ringfence/messages.def>

// clang-format on

static MAYBE_UNUSED bool skip_version(struct rf_cursor *cursor) {
    int64_t version;
    return skip_text(cursor, "v", 1) && read_i64(cursor, &version) && version == RF_WIRE_WRITTEN;
}

#endif
