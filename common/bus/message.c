#include "bus/message.h"

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

struct rf_message *rf_message_read(struct rf_parts *parts) {
    zmq_msg_t *body = rf_parts_body(parts, 0);
    struct rf_message *message = NULL;
    struct rf_error error = {.message = "a message of several frames"};
    if (body == NULL ||
        rf_wire_decode(zmq_msg_data(body), zmq_msg_size(body), &message, &error) != RF_OK)
        rf_log(RF_LOG_WARNING, "from the broker: %s", error.message);
    return message;
}
