// JSON values inside messages: what both msgpack and JSON can say. Private to common/wire.
#ifndef RF_WIRE_JSON_H
#define RF_WIRE_JSON_H

#include <jansson.h>
#include <msgpack.h>

#include <ringfence/error.h>

// rf_json_from_msgpack: a new reference. Integers beyond int64, numbers that are not finite, bytes,
// extensions, keys that are not text, a key twice and texts with NUL or bad UTF-8 are refused with
// RF_ERR_PROTOCOL. Recursion is bounded by the cursor before.
RF_NODISCARD enum rf_err rf_json_from_msgpack(const msgpack_object *object, json_t **json,
                                              struct rf_error *error);

// rf_json_to_msgpack: packs `json`, whose outermost container stands `depth` deep in the frame.
// RF_ERR_INVALID for what rf_json_from_msgpack or the cursor would refuse.
RF_NODISCARD enum rf_err rf_json_to_msgpack(msgpack_packer *packer, const json_t *json, int depth,
                                            struct rf_error *error);

#endif
