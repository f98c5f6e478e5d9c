#include "wire/envelope.h"

#include <endian.h>
#include <string.h>

#include "wire/cursor.h"
#include "wire/pack.h"
#include "wire/shape.h"
#include "wire/wire.h"

// Our version as the first pair: what our client library begins an envelope with.
static bool begins_with_version(const unsigned char *start, size_t size) {
    struct rf_cursor cursor = {start, start + size};
    (void)rf_cursor_next(&cursor); // the map's head
    struct rf_packed key = rf_cursor_next(&cursor), version = rf_cursor_next(&cursor);
    return key.kind == RF_PACKED_STR && key.size == 1 && *key.bytes == 'v' &&
           version.kind == RF_PACKED_INT && version.n == RF_WIRE_WRITTEN;
}

static uint32_t bit_of_n(void) {
    const struct rf_shape *shape = rf_shape_of_event();
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->fields[i].name, "n") == 0)
            return UINT32_C(1) << i;
    return 0;
}

bool rf_envelope_lacks_only_n(const unsigned char *start, size_t size, const struct rf_event *event,
                              uint32_t seen, size_t strange) {
    return strange == 1 && (seen & bit_of_n()) == 0 && event->id != NULL && event->ts != 0 &&
           event->origin != NULL && event->stream != NULL && begins_with_version(start, size);
}

static enum rf_err finish(const struct rf_packer *packer, struct rf_frame *frame,
                          struct rf_error *error) {
    *frame = (struct rf_frame){packer->data, packer->size};
    if (packer->failed == RF_OK)
        return RF_OK;
    rf_frame_free(frame);
    return rf_error_set(error, packer->failed,
                        packer->failed == RF_ERR_NOMEM ? "out of memory" : "too large");
}

enum rf_err rf_wire_number_event(const struct rf_bytes *envelope, int64_t n, struct rf_frame *frame,
                                 struct rf_error *error) {
    const unsigned char *start = envelope->data;
    struct rf_cursor cursor = {start, start + envelope->size};
    struct rf_packed map = rf_cursor_next(&cursor);
    struct rf_packer packer = {.data = NULL};
    rf_pack_map(&packer, map.count + (n != 0));
    rf_pack_raw(&packer, cursor.at, (size_t)(cursor.end - cursor.at));
    if (n != 0) {
        rf_pack_str(&packer, "n", 1);
        rf_pack_int(&packer, n);
    }
    return finish(&packer, frame, error);
}

static void put(unsigned char **at, const void *bytes, size_t size) {
    memcpy(*at, bytes, size);
    *at += size;
}

size_t rf_wire_hold_request(const struct rf_bytes *raw, const struct rf_bytes *remaining, void *out,
                            size_t *remaining_at) {
    static const char key[] = "\xacremaining_ns\xcf"; // 12 characters, then eight bytes
    _Static_assert(sizeof key - 1 + 8 + 2 == RF_WIRE_HOLD_MORE, "and two of the map's head");
    struct rf_cursor cursor = {raw->data, (const unsigned char *)raw->data + raw->size};
    size_t pairs = rf_cursor_next(&cursor).count + (remaining->size == 0);
    const unsigned char *start = remaining->data, *rest = start + remaining->size;
    // It has fields of the message only, and so few of them.
    const unsigned char head[] = {0xde, 0, (unsigned char)pairs}, short_head = 0x80 | (pairs & 0xf);
    unsigned char *at = out;
    if (pairs <= 0xf)
        put(&at, &short_head, 1);
    else
        put(&at, head, sizeof head);
    put(&at, cursor.at, (size_t)(start - cursor.at));
    put(&at, key, sizeof key - 1);
    *remaining_at = (size_t)(at - (unsigned char *)out);
    rf_wire_set_remaining(out, *remaining_at, 0);
    at += sizeof(uint64_t);
    put(&at, rest, (size_t)(cursor.end - rest));
    return (size_t)(at - (unsigned char *)out);
}

void rf_wire_set_remaining(void *held, size_t remaining_at, int64_t remaining_ns) {
    uint64_t big = htobe64((uint64_t)remaining_ns);
    memcpy((unsigned char *)held + remaining_at, &big, sizeof big);
}
