#include "wire/glance.h"

#include "wire/see.h"

static bool see_message(struct rf_cursor *cursor, size_t pairs, struct rf_glance *glance) {
#define X(name)                                                                                    \
    if (is_##name(cursor)) {                                                                       \
        glance->type = RF_MESSAGE_##name;                                                          \
        return skip_version(cursor) && see_##name(cursor, 1, pairs - 2, &glance->as.name);         \
    }
    RF_GLANCED(X)
#undef X
    return false;
}

bool rf_wire_glance(const void *data, size_t size, struct rf_glance *glance) {
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    size_t pairs;
    // Each value takes a byte at least, so only a frame of more bytes than that can hold too many.
    if (size > RF_WIRE_MAX_VALUES && rf_wire_bound(data, size, NULL) != RF_OK)
        return false;
    glance->raw = (struct rf_bytes){data, size};
    return open_container(&cursor, 0, RF_PACKED_MAP, &pairs) && pairs >= 2 &&
           skip_text(&cursor, "t", 1) && see_message(&cursor, pairs, glance) &&
           cursor.at == cursor.end;
}

bool rf_wire_glances_at(enum rf_message_type type) {
    switch (type) {
#define X(name) case RF_MESSAGE_##name:
        RF_GLANCED(X)
#undef X
        return true;
    default:
        return false;
    }
}

enum rf_err rf_wire_glance_anew(const struct rf_message *message, struct rf_frame *frame,
                                struct rf_glance *glance, struct rf_error *error) {
    *frame = (struct rf_frame){NULL, 0};
    if (!rf_wire_glances_at(message->type))
        return rf_error_set(error, RF_ERR_INVALID, "%s is not read at a glance",
                            rf_message_type_name(message->type));
    enum rf_err err = rf_wire_encode(message->type, &message->as, frame, error);
    if (err == RF_OK && !rf_wire_glance(frame->data, frame->size, glance)) {
        // Only for want of memory: the encoder writes what is read at a glance.
        rf_frame_free(frame);
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    return err;
}
