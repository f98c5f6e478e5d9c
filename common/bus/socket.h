// The one place where ZeroMQ's options are set. Queues are ours: ZeroMQ's are bounded and never
// wait, so that what cannot be sent now stays with whoever has to send it again anyway.
#ifndef RF_BUS_SOCKET_H
#define RF_BUS_SOCKET_H

#include <czmq.h>

#include <ringfence/error.h>

#include "curve/key.h"

struct rf_loop;

// What encrypts and identifies a tcp:// socket by CURVE. Over ipc it is not used.
struct rf_socket_keys {
    bool curve; // false: plain TCP, which the configuration has allowed
    struct rf_curve_pair own;
    char server[RF_CURVE_KEY_SIZE]; // public key of the broker; the broker itself has none
};

// rf_socket_connect, rf_socket_bind: a new socket of `type` (ZMQ_DEALER, ZMQ_SUB; ZMQ_ROUTER,
// ZMQ_XPUB) with all options set. Connecting does not wait for the other side. An ipc path over 107
// characters is refused. `keys` are copied. `domain`: what the socket is called when it is asked
// who may connect (zap.h of the broker); whoever binds with keys answers that before. The caller
// frees the socket by zsock_destroy.
RF_NODISCARD enum rf_err rf_socket_connect(int type, const char *endpoint,
                                           const struct rf_socket_keys *keys, zsock_t **socket,
                                           struct rf_error *error);
RF_NODISCARD enum rf_err rf_socket_bind(int type, const char *endpoint,
                                        const struct rf_socket_keys *keys, const char *domain,
                                        zsock_t **socket, struct rf_error *error);

// rf_socket_send: one frame, without waiting. RF_ERR_FULL: there is no connection, or its queue is
// full; try again later. `loop` is told of the use, if it watches the socket.
RF_NODISCARD enum rf_err rf_socket_send(struct rf_loop *loop, zsock_t *socket, const void *data,
                                        size_t size);

// rf_socket_receive_frames: the frames of the next message, without waiting, into `frames`, which
// has room for `room`; more are dropped. How many there are, each to be closed; 0: there is none.
size_t rf_socket_receive_frames(struct rf_loop *loop, zsock_t *socket, zmq_msg_t *frames,
                                size_t room);

#define RF_SOCKET_PARTS 4

// One message of several frames.
struct rf_parts {
    zmq_msg_t frames[RF_SOCKET_PARTS];
    size_t count;
};

// rf_socket_receive: the next message, without waiting; false if there is none. Frames beyond
// RF_SOCKET_PARTS are dropped. Freed by rf_parts_free.
bool rf_socket_receive(struct rf_loop *loop, zsock_t *socket, struct rf_parts *parts);
void rf_parts_free(struct rf_parts *parts);

// rf_parts_body: the frame of a peer's message behind an empty delimiter, if there is one: both
// framings are accepted. NULL if the message has another form.
zmq_msg_t *rf_parts_body(struct rf_parts *parts, size_t first);

#endif
