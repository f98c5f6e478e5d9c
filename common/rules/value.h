// JSON as a provider wrote it: read once, looked at in a few places, thrown away with the reply.
//
// A reader of our own, as reading with a library was the dearest part of a call (callgrind, the
// bench's answer of 393 bytes and 16 values: jansson 70,000 instructions, cJSON 21,000, this 7,000
// with freeing): a library makes several blocks of each value. And cJSON has whole numbers only as
// doubles, and takes 01, 1., controls in texts, \u0000, bytes that are not UTF-8, and whatever
// stands behind the value. This takes what jansson takes, which is the oracle of its test.
#ifndef RF_RULES_VALUE_H
#define RF_RULES_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Outermost values are maps and arrays alone.
enum rf_value_type {
    RF_VALUE_NONE, // there is no such value
    RF_VALUE_NULL,
    RF_VALUE_FALSE,
    RF_VALUE_TRUE,
    RF_VALUE_INTEGER, // written without a point or an exponent
    RF_VALUE_REAL,
    RF_VALUE_TEXT,
    RF_VALUE_ARRAY,
    RF_VALUE_MAP,
};

struct rf_value;

enum rf_value_fault {
    RF_VALUE_WELL,
    RF_VALUE_NO_JSON,  // or beyond the bounds
    RF_VALUE_NOT_UTF8, // it came to bytes that are not UTF-8
    RF_VALUE_NOMEM,
};

// rf_value_read: the map or array that `size` bytes of `text` are, as RFC 8259 has it, at most
// `max_depth` (up to RF_VALUE_MAX_DEPTH) deep, and with at most `max_marks` opening brackets and
// commas in all. Of members with the same name the last one counts. Refused as well: integers
// beyond int64, numbers beyond a double, and NUL in texts and names. The caller destroys the
// outermost value, with which all others go.
#define RF_VALUE_MAX_DEPTH 64
enum rf_value_fault rf_value_read(const char *text, size_t size, size_t max_depth, size_t max_marks,
                                  struct rf_value **value);

void rf_value_destroy(struct rf_value **value);

// All of what follows takes NULL for a value that is not there.

enum rf_value_type rf_value_type(const struct rf_value *value);

// rf_value_text: of a text, UTF-8 without NUL inside; NULL: it is none.
const char *rf_value_text(const struct rf_value *value);

// rf_value_integer: of an integer; 0: it is none. rf_value_real: of a number with a point or an
// exponent; 0: it is none.
int64_t rf_value_integer(const struct rf_value *value);
double rf_value_real(const struct rf_value *value);

// rf_value_get: a map's member by its name, of which `length` bytes count; NULL: none.
const struct rf_value *rf_value_getn(const struct rf_value *map, const char *name, size_t length);
const struct rf_value *rf_value_get(const struct rf_value *map, const char *name);

// rf_value_first, rf_value_next: an array's items in order; NULL: no more.
const struct rf_value *rf_value_first(const struct rf_value *array);
const struct rf_value *rf_value_next(const struct rf_value *array, const struct rf_value *item);

#endif
