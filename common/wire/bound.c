#include "wire/bound.h"

#include "wire/cursor.h"
#include "wire/wire.h"

static size_t offset(const void *data, const unsigned char *at) {
    return (size_t)(at - (const unsigned char *)data);
}

enum rf_err rf_wire_bound(const void *data, size_t size, struct rf_error *error) {
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    size_t left = 1;                 // values still to come in the container that is open, and
    size_t after[RF_WIRE_MAX_DEPTH]; // behind it in each that it stands in
    size_t depth = 0, values = 0;
    if (size > RF_WIRE_MAX_BYTES)
        return rf_error_set(error, RF_ERR_PROTOCOL, "a frame of %zu bytes, over the limit of %zu",
                            size, RF_WIRE_MAX_BYTES);
    do {
        struct rf_packed value;
        const unsigned char *start = cursor.at;
        enum rf_read read = rf_cursor_read(&cursor, &value);
        if (read == RF_READ_BROKEN)
            return rf_error_set(error, RF_ERR_PROTOCOL, "not msgpack at byte %zu of %zu",
                                offset(data, start), size);
        if (read == RF_READ_SHORT)
            return rf_error_set(error, RF_ERR_PROTOCOL,
                                "byte %zu announces more than the %zu bytes that are left",
                                offset(data, start), (size_t)(cursor.end - cursor.at));
        if (++values > RF_WIRE_MAX_VALUES)
            return rf_error_set(error, RF_ERR_PROTOCOL, "more than %zu values in a frame",
                                RF_WIRE_MAX_VALUES);
        left--;
        if (value.kind == RF_PACKED_ARRAY || value.kind == RF_PACKED_MAP) {
            if (depth == RF_WIRE_MAX_DEPTH)
                return rf_error_set(error, RF_ERR_PROTOCOL, "nested more than %d deep at byte %zu",
                                    RF_WIRE_MAX_DEPTH, offset(data, start));
            after[depth++] = left;
            left = value.kind == RF_PACKED_MAP ? value.count * 2 : value.count;
        }
        while (left == 0 && depth > 0)
            left = after[--depth];
    } while (left > 0);
    if (cursor.at != cursor.end)
        return rf_error_set(error, RF_ERR_PROTOCOL, "%zu bytes after the message",
                            (size_t)(cursor.end - cursor.at));
    return RF_OK;
}
