#include "wire/bound.h"

#include <stdint.h>

#include "wire/wire.h"

// What one header says: the bytes of its own and of its body, and the values that follow inside it.
struct head {
    size_t header, body, inside;
};

static uint32_t big_endian(const unsigned char *at, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

// Bytes of the length behind each first byte from 0xc0 on, and of a fixed body (the table of the
// msgpack specification). 0xc1 is never used.
enum shape { NOTHING, BODY, SIZED, SIZED_EXT, ARRAY, MAP, NEVER };
static const struct {
    unsigned char shape, bytes;
} heads[] = {
    {NOTHING, 0},   {NEVER, 0},     {NOTHING, 0},   {NOTHING, 0}, // nil, -, false, true
    {SIZED, 1},     {SIZED, 2},     {SIZED, 4},                   // bin
    {SIZED_EXT, 1}, {SIZED_EXT, 2}, {SIZED_EXT, 4},               // ext
    {BODY, 4},      {BODY, 8},                                    // float
    {BODY, 1},      {BODY, 2},      {BODY, 4},      {BODY, 8},    // uint
    {BODY, 1},      {BODY, 2},      {BODY, 4},      {BODY, 8},    // int
    {BODY, 2},      {BODY, 3},      {BODY, 5},      {BODY, 9},
    {BODY, 17},                                 // fixext, with its type
    {SIZED, 1},     {SIZED, 2},     {SIZED, 4}, // str
    {ARRAY, 2},     {ARRAY, 4},     {MAP, 2},       {MAP, 4},
};

static bool read_long_head(const unsigned char *at, size_t left, struct head *head) {
    size_t bytes = heads[at[0] - 0xc0].bytes;
    unsigned shape = heads[at[0] - 0xc0].shape;
    *head = (struct head){.header = 1};
    if (shape == NEVER)
        return false;
    if (shape == NOTHING)
        return true;
    if (shape == BODY) {
        head->body = bytes;
        return true;
    }
    if (left - 1 < bytes)
        return false;
    size_t announced = big_endian(at + 1, bytes);
    head->header += bytes;
    if (shape == SIZED)
        head->body = announced;
    else if (shape == SIZED_EXT)
        head->body = announced + 1;
    else
        head->inside = shape == MAP ? announced * 2 : announced;
    return true;
}

static bool read_head(const unsigned char *at, size_t left, struct head *head) {
    unsigned char first = at[0];
    *head = (struct head){.header = 1};
    if (first >= 0xe0 || first <= 0x7f) // small integers
        return true;
    if (first >= 0xc0)
        return read_long_head(at, left, head);
    if (first >= 0xa0)
        head->body = first & 0x1f;
    else if (first >= 0x90)
        head->inside = first & 0x0f;
    else
        head->inside = (size_t)(first & 0x0f) * 2;
    return true;
}

static bool is_container(unsigned char first) {
    return (first >= 0x80 && first <= 0x9f) || (first >= 0xdc && first <= 0xdf);
}

enum rf_err rf_wire_bound(const void *data, size_t size, struct rf_error *error) {
    const unsigned char *bytes = data;
    size_t open[RF_WIRE_MAX_DEPTH]; // values still to come in each container that is open
    size_t depth = 0, values = 0, at = 0;
    if (size > RF_WIRE_MAX_BYTES)
        return rf_error_set(error, RF_ERR_PROTOCOL, "a frame of %zu bytes, over the limit of %zu",
                            size, RF_WIRE_MAX_BYTES);
    do {
        struct head head;
        if (at == size || !read_head(bytes + at, size - at, &head))
            return rf_error_set(error, RF_ERR_PROTOCOL, "not msgpack at byte %zu of %zu", at, size);
        size_t left = size - at - head.header;
        if (head.body > left || head.inside > left)
            return rf_error_set(error, RF_ERR_PROTOCOL,
                                "byte %zu announces more than the %zu bytes that are left", at,
                                left);
        if (++values > RF_WIRE_MAX_VALUES)
            return rf_error_set(error, RF_ERR_PROTOCOL, "more than %zu values in a frame",
                                RF_WIRE_MAX_VALUES);
        if (depth > 0)
            open[depth - 1]--;
        if (is_container(bytes[at])) {
            if (depth == RF_WIRE_MAX_DEPTH)
                return rf_error_set(error, RF_ERR_PROTOCOL, "nested more than %d deep at byte %zu",
                                    RF_WIRE_MAX_DEPTH, at);
            open[depth++] = head.inside;
        }
        at += head.header + head.body;
        while (depth > 0 && open[depth - 1] == 0)
            depth--;
    } while (depth > 0);
    if (at != size)
        return rf_error_set(error, RF_ERR_PROTOCOL, "%zu bytes after the message", size - at);
    return RF_OK;
}
