// JSON values inside messages: what both msgpack and JSON can say. Private to common/wire.
#ifndef RF_WIRE_JSON_H
#define RF_WIRE_JSON_H

#include <jansson.h>

#include <ringfence/error.h>

#include "wire/cursor.h"
#include "wire/pack.h"

// rf_json_read: a new reference to what `value` says, which was read last at the cursor; the cursor
// goes behind all of it. Integers beyond int64, numbers that are not finite, bytes, extensions,
// keys that are not text, a key twice and texts with NUL or bad UTF-8 are refused with
// RF_ERR_PROTOCOL. The form and the depth are those that rf_wire_bound has found right.
RF_NODISCARD enum rf_err rf_json_read(struct rf_cursor *cursor, const struct rf_packed *value,
                                      json_t **json, struct rf_error *error);

// rf_json_check: refuses what rf_json_read refuses, with the same words, without making the tree.
RF_NODISCARD enum rf_err rf_json_check(struct rf_cursor *cursor, const struct rf_packed *value,
                                       struct rf_error *error);

// rf_json_pack: packs `json`, whose outermost container stands `depth` deep in the frame.
// RF_ERR_INVALID for what rf_json_read or the cursor would refuse.
RF_NODISCARD enum rf_err rf_json_pack(struct rf_packer *packer, const json_t *json, int depth,
                                      struct rf_error *error);

#endif
