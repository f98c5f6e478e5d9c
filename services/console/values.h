// The retained values that the console shows, in the order of their changes: a reader keeps only
// the number of the last change that it saw, however slow it is. Pure.
#ifndef CONSOLE_VALUES_H
#define CONSOLE_VALUES_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "base/map.h"
#include "parcel.h"

#define CONSOLE_VALUES_GONE 1000 // so many that were deleted are remembered

struct console_value {
    struct rf_map_node node;
    struct console_value *previous, *next; // by change
    uint64_t change;
    json_t *value;                 // NULL: deleted
    struct console_parcel *parcel; // made when the first stream wants it
    char key[];
};

// All zero: there are none.
struct console_values {
    struct rf_map map;
    struct console_value *first, *last;
    uint64_t change; // of the last one
    uint64_t floor;  // who has seen less than this needs all anew
    size_t gone;
    struct console_parcel *snapshot; // as of `snapshot_change`
    uint64_t snapshot_change;
};

void console_values_fini(struct console_values *values);

// console_values_put: a value as it stands now; NULL: it is deleted. Out of memory: it stays as it
// was, until the next change.
void console_values_put(struct console_values *values, const char *key, json_t *value);

// console_values_replace: these are all under `prefix`, or the first of them.
void console_values_replace(struct console_values *values, const char *prefix,
                            const struct rf_state_entry *entries, size_t count);

// console_values_json: all under `prefix`, by the rest of their keys. NULL: out of memory.
json_t *console_values_json(const struct console_values *values, const char *prefix);

// console_values_get: the value under this key; NULL: there is none.
json_t *console_values_get(const struct console_values *values, const char *key);

// console_values_after: the first change behind number `seen`; NULL: there is none.
struct console_value *console_values_after(const struct console_values *values, uint64_t seen);

// console_value_parcel: it as a stream sends it: {key, value}; borrowed. NULL: out of memory.
struct console_parcel *console_value_parcel(struct console_value *value);

// console_values_snapshot: all of them as a stream sends them first: an object for each of `areas`
// ("process"), which ends in NULL. Borrowed. NULL: out of memory.
struct console_parcel *console_values_snapshot(struct console_values *values,
                                               const char *const *areas);

#endif
