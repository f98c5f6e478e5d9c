#include "bus/socket.h"

#include <string.h>

#include "bus/parcel.h"
#include "curve/endpoint.h"
#include "runtime/loop.h"
#include "wire/wire.h"

// Messages in each direction and connection. A peer that does not read for so long gets no more;
// nothing is lost by it that is not sent again or read from the journal.
#define QUEUE_MESSAGES 1000
// What the broker takes in ahead of its loop from one connection, whose frames may be large.
#define INTAKE_MESSAGES 200
// The events socket drops at this mark.
#define EVENTS_QUEUE_MESSAGES 10000
// A subscription is one byte and a topic's prefix, of which ZeroMQ keeps a node for each byte.
#define SUBSCRIPTION_BYTES 1024
#define RECONNECT_FIRST_MS 20
#define RECONNECT_MOST_MS  500
// Over TCP: whoever has not said who it is by then is cut off.
#define HANDSHAKE_MS 10000
// The kernel repeats the beginning of a connection after 1, 3, 7, 15 and 31 s: whoever begins anew
// meanwhile is there soon after a network that was away for minutes.
#define CONNECT_MS 5000
// Our heartbeats tell who is there; these free what is dead, by the kernel's hand: a connection on
// which nothing is confirmed for so long, be it of what was sent or of the probes that are sent
// after a rest. Not ZMQ_HEARTBEAT_IVL: its pings wait behind what a slow line has to carry yet, and
// one that is due while we do not read from a connection may abort the process (issues 4364 and
// 3937 of libzmq).
#define UNCONFIRMED_MS 15000
#define REST_S         5
#define PROBES         3

static enum rf_err socket_new(int type, const char *endpoint, zsock_t **out,
                              struct rf_error *error) {
    zsock_t *socket = zsock_new(type);
    if (socket == NULL)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot make a socket: %s", endpoint,
                            zmq_strerror(zmq_errno()));
    bool events = type == ZMQ_XPUB || type == ZMQ_SUB;
    zsock_set_linger(socket, 0);
    zsock_set_sndhwm(socket, events ? EVENTS_QUEUE_MESSAGES : QUEUE_MESSAGES);
    zsock_set_rcvhwm(socket, events               ? EVENTS_QUEUE_MESSAGES
                             : type == ZMQ_ROUTER ? INTAKE_MESSAGES
                                                  : QUEUE_MESSAGES);
    zsock_set_maxmsgsize(socket, type == ZMQ_XPUB ? SUBSCRIPTION_BYTES : (int)RF_WIRE_MAX_BYTES);
    zsock_set_reconnect_ivl(socket, RECONNECT_FIRST_MS);
    zsock_set_reconnect_ivl_max(socket, RECONNECT_MOST_MS);
    // Nothing is queued for a connection that is not there (yet): it would be lost with it,
    // silently.
    zsock_set_immediate(socket, 1);
    if (type == ZMQ_ROUTER)
        zsock_set_router_mandatory(socket, 1);
    *out = socket;
    return RF_OK;
}

static enum rf_err refuse(zsock_t **socket, const char *endpoint, const char *what,
                          struct rf_error *error) {
    int number = zmq_errno();
    zsock_destroy(socket);
    return rf_error_set(error, RF_ERR_IO, "%s: cannot %s: %s", endpoint, what,
                        zmq_strerror(number));
}

static bool set_text(zsock_t *socket, int option, const char *text, size_t size) {
    return zmq_setsockopt(zsock_resolve(socket), option, text, size) == 0;
}

static bool set_number(zsock_t *socket, int option, int number) {
    return zmq_setsockopt(zsock_resolve(socket), option, &number, sizeof number) == 0;
}

// Between hosts a connection can be dead without either side being told.
static bool set_tcp(zsock_t *socket, const char *endpoint) {
    return set_number(socket, ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS) &&
           set_number(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_MS) &&
           set_number(socket, ZMQ_TCP_MAXRT, UNCONFIRMED_MS) &&
           set_number(socket, ZMQ_TCP_KEEPALIVE, 1) &&
           set_number(socket, ZMQ_TCP_KEEPALIVE_IDLE, REST_S) &&
           set_number(socket, ZMQ_TCP_KEEPALIVE_INTVL, REST_S) &&
           set_number(socket, ZMQ_TCP_KEEPALIVE_CNT, PROBES) &&
           (strchr(endpoint, '[') == NULL || set_number(socket, ZMQ_IPV6, 1));
}

static bool set_client_keys(zsock_t *socket, const struct rf_socket_keys *keys) {
    return set_text(socket, ZMQ_CURVE_SERVERKEY, keys->server, sizeof keys->server) &&
           set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->own.public_key,
                    sizeof keys->own.public_key) &&
           set_text(socket, ZMQ_CURVE_SECRETKEY, keys->own.secret, sizeof keys->own.secret);
}

static bool set_server_keys(zsock_t *socket, const struct rf_socket_keys *keys,
                            const char *domain) {
    return set_number(socket, ZMQ_CURVE_SERVER, 1) &&
           set_text(socket, ZMQ_CURVE_SECRETKEY, keys->own.secret, sizeof keys->own.secret) &&
           set_text(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain));
}

enum rf_err rf_socket_connect(int type, const char *endpoint, const struct rf_socket_keys *keys,
                              zsock_t **socket, struct rf_error *error) {
    *socket = NULL;
    if (endpoint == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "the broker's endpoint for this is not given");
    bool tcp = rf_endpoint_is_tcp(endpoint);
    enum rf_err err = socket_new(type, endpoint, socket, error);
    if (err != RF_OK)
        return err;
    if (tcp && (!set_tcp(*socket, endpoint) || (keys->curve && !set_client_keys(*socket, keys))))
        return refuse(socket, endpoint, "set up encryption", error);
    if (zsock_connect(*socket, "%s", endpoint) != 0)
        return refuse(socket, endpoint, "connect", error);
    return RF_OK;
}

enum rf_err rf_socket_bind(int type, const char *endpoint, const struct rf_socket_keys *keys,
                           const char *domain, zsock_t **socket, struct rf_error *error) {
    bool tcp = rf_endpoint_is_tcp(endpoint);
    enum rf_err err = socket_new(type, endpoint, socket, error);
    if (err != RF_OK)
        return err;
    if (tcp &&
        (!set_tcp(*socket, endpoint) || (keys->curve && !set_server_keys(*socket, keys, domain))))
        return refuse(socket, endpoint, "set up encryption", error);
    if (zsock_bind(*socket, "%s", endpoint) == -1)
        return refuse(socket, endpoint, "bind", error);
    return RF_OK;
}

enum rf_err rf_socket_send(struct rf_loop *loop, zsock_t *socket, const void *data, size_t size) {
    rf_loop_socket_used(loop, socket);
    if (rf_parcel_send(zsock_resolve(socket), data, size, 0) >= 0)
        return RF_OK;
    return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? RF_ERR_FULL : RF_ERR_IO;
}

size_t rf_socket_receive_frames(struct rf_loop *loop, zsock_t *socket, zmq_msg_t *frames,
                                size_t room) {
    void *handle = zsock_resolve(socket);
    size_t count = 0;
    bool more = true;
    while (more) {
        zmq_msg_t extra, *frame = count < room ? &frames[count] : &extra;
        zmq_msg_init(frame);
        // Frames of a message come together, so only the first can be absent.
        if (zmq_msg_recv(frame, handle, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(frame);
            break;
        }
        more = zmq_msg_more(frame);
        if (count < room)
            count++;
        else
            zmq_msg_close(frame);
    }
    if (count == 0)
        rf_loop_socket_emptied(loop, socket);
    return count;
}

bool rf_socket_receive(struct rf_loop *loop, zsock_t *socket, struct rf_parts *parts) {
    parts->count = rf_socket_receive_frames(loop, socket, parts->frames, RF_SOCKET_PARTS);
    return parts->count > 0;
}

void rf_parts_free(struct rf_parts *parts) {
    for (size_t i = 0; i < parts->count; i++)
        zmq_msg_close(&parts->frames[i]);
    parts->count = 0;
}

zmq_msg_t *rf_parts_body(struct rf_parts *parts, size_t first) {
    if (parts->count == first + 1)
        return &parts->frames[first];
    if (parts->count == first + 2 && zmq_msg_size(&parts->frames[first]) == 0)
        return &parts->frames[first + 1];
    return NULL;
}
