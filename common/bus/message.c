#include "bus/message.h"

#include <string.h>

#include "base/log.h"

enum rf_err rf_message_send(struct rf_loop *loop, zsock_t *socket, enum rf_message_type type,
                            const void *body) {
    struct rf_frame frame;
    struct rf_error error;
    enum rf_err err = rf_wire_encode(type, body, &frame, &error);
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "not sent: %s", error.message);
        return err;
    }
    err = rf_socket_send(loop, socket, frame.data, frame.size);
    rf_frame_free(&frame);
    return err;
}

typedef enum rf_err decode_fn(const void *data, size_t size, struct rf_message **message,
                              struct rf_error *error);

static struct rf_message *decode_with(decode_fn *decode, zmq_msg_t *body) {
    struct rf_message *message = NULL;
    struct rf_error error = {.message = "a message of several frames"};
    if (body == NULL || decode(zmq_msg_data(body), zmq_msg_size(body), &message, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "from the broker: %s", error.message);
    return message;
}

struct rf_message *rf_message_read(struct rf_parts *parts) {
    return decode_with(rf_wire_decode, rf_parts_body(parts, 0));
}

// The type stands first, as our broker writes it; a page of another one is unpacked, which is right
// too.
struct rf_message *rf_message_read_packed(struct rf_parts *parts) {
    static const char type[] = "\xa1t\xacjournal.page";
    zmq_msg_t *body = rf_parts_body(parts, 0);
    bool is_page = body != NULL && zmq_msg_size(body) > sizeof type &&
                   memcmp((const char *)zmq_msg_data(body) + 1, type, sizeof type - 1) == 0;
    return decode_with(is_page ? rf_wire_decode_relay : rf_wire_decode, body);
}
