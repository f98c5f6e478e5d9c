#include "wire/envelope.h"

#include <string.h>

#include "wire/cursor.h"
#include "wire/pack.h"
#include "wire/shape.h"
#include "wire/wire.h"

// Version 1 as the first pair: what our client library begins an envelope with.
static bool begins_with_version(const unsigned char *start, size_t size) {
    struct rf_cursor cursor = {start, start + size};
    (void)rf_cursor_next(&cursor); // the map's head
    struct rf_packed key = rf_cursor_next(&cursor), version = rf_cursor_next(&cursor);
    return key.kind == RF_PACKED_STR && key.size == 1 && *key.bytes == 'v' &&
           version.kind == RF_PACKED_INT && version.n == RF_WIRE_VERSION;
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

// The pair with this key among `pairs` from the cursor on, which goes behind it; false: none.
static bool find_pair(struct rf_cursor *cursor, size_t pairs, const char *name,
                      const unsigned char **start) {
    size_t size = strlen(name);
    for (size_t i = 0; i < pairs; i++) {
        *start = cursor->at;
        struct rf_packed key = rf_cursor_next(cursor), value = rf_cursor_next(cursor);
        rf_cursor_skip(cursor, &value);
        if (key.kind == RF_PACKED_STR && key.size == size && memcmp(key.bytes, name, size) == 0)
            return true;
    }
    *start = cursor->at;
    return false;
}

enum rf_err rf_wire_relay_request(const struct rf_bytes *raw, int64_t remaining_ns,
                                  struct rf_frame *frame, struct rf_error *error) {
    static const char name[] = "remaining_ns";
    struct rf_cursor cursor = {raw->data, (const unsigned char *)raw->data + raw->size};
    struct rf_packed map = rf_cursor_next(&cursor);
    const unsigned char *body = cursor.at, *start;
    bool found = find_pair(&cursor, map.count, name, &start);
    struct rf_packer packer = {.data = NULL};
    rf_pack_map(&packer, map.count + !found);
    rf_pack_raw(&packer, body, (size_t)(start - body));
    rf_pack_str(&packer, name, sizeof name - 1);
    rf_pack_int(&packer, remaining_ns);
    rf_pack_raw(&packer, cursor.at, (size_t)(cursor.end - cursor.at));
    return finish(&packer, frame, error);
}
