#include "endpoints.h"

#include <string.h>
#include <sys/stat.h>

#include "bus/parcel.h"
#include "config/config.h"
#include "curve/endpoint.h"
#include "runtime/loop.h"

static const char *const names[RF_SOCKET_COUNT] = {
    [RF_SOCKET_CALLS] = "calls",
    [RF_SOCKET_WORKERS] = "workers",
    [RF_SOCKET_INGEST] = "ingest",
};

const char *rf_endpoints_name(enum rf_socket socket) {
    return (unsigned)socket < RF_SOCKET_COUNT ? names[socket] : "unknown";
}

// Sockets are made with the rights of the run directory: 0700, or 0770 for a group.
static mode_t mask_of(const char *run_dir) {
    struct stat folder;
    bool group = stat(run_dir, &folder) == 0 && (folder.st_mode & S_IRWXG) == S_IRWXG;
    return group ? 0007 : 0077;
}

static bool is_curve(const struct rf_door *door, const char *endpoint) {
    return door->keys.curve && rf_endpoint_is_tcp(endpoint);
}

enum rf_err rf_endpoints_open(struct rf_endpoints *endpoints, struct rf_loop *loop,
                              const struct rf_bus_config *config, const char *run_dir,
                              const struct rf_door *door, struct rf_error *error) {
    const char *const addresses[RF_SOCKET_COUNT] = {
        [RF_SOCKET_CALLS] = config->calls,
        [RF_SOCKET_WORKERS] = config->workers,
        [RF_SOCKET_INGEST] = config->ingest,
    };
    *endpoints = (struct rf_endpoints){.loop = loop,
                                       .door = door,
                                       .events_curve = is_curve(door, config->events),
                                       .run_dir = run_dir};
    mode_t before = umask(mask_of(run_dir));
    enum rf_err err = RF_OK;
    for (int i = 0; err == RF_OK && i < RF_SOCKET_COUNT; i++) {
        endpoints->curve[i] = is_curve(door, addresses[i]);
        err = rf_socket_bind(ZMQ_ROUTER, addresses[i], &door->keys, names[i],
                             &endpoints->routers[i], error);
    }
    umask(before);
    if (err == RF_OK)
        err = rf_endpoints_reopen_events(endpoints, config, error);
    if (err != RF_OK)
        rf_endpoints_close(endpoints);
    return err;
}

void rf_endpoints_close(struct rf_endpoints *endpoints) {
    for (int i = 0; i < RF_SOCKET_COUNT; i++)
        zsock_destroy(&endpoints->routers[i]);
    rf_endpoints_close_events(endpoints);
    rf_unread_fini(&endpoints->unread);
}

void rf_endpoints_close_events(struct rf_endpoints *endpoints) {
    zsock_destroy(&endpoints->events);
}

enum rf_err rf_endpoints_reopen_events(struct rf_endpoints *endpoints,
                                       const struct rf_bus_config *config, struct rf_error *error) {
    if (endpoints->events != NULL)
        return RF_OK;
    mode_t before = umask(mask_of(endpoints->run_dir));
    enum rf_err err = rf_socket_bind(ZMQ_XPUB, config->events, &endpoints->door->keys,
                                     RF_ZAP_EVENTS, &endpoints->events, error);
    umask(before);
    return err;
}

bool rf_endpoints_receive(struct rf_endpoints *endpoints, enum rf_socket socket,
                          struct rf_parts *parts, struct rf_peer *from, zmq_msg_t **body) {
    if (!rf_socket_receive(endpoints->loop, endpoints->routers[socket], parts))
        return false;
    *body = rf_parts_body(parts, 1);
    // One by one, as an identity has room for much more than it mostly is.
    from->socket = socket;
    from->who = endpoints->curve[socket]
                    ? rf_door_who(endpoints->door, &parts->frames[parts->count - 1])
                    : NULL;
    from->delimited = parts->count > 2 && zmq_msg_size(&parts->frames[1]) == 0;
    from->identity_size = (unsigned char)zmq_msg_size(&parts->frames[0]);
    memcpy(from->identity, zmq_msg_data(&parts->frames[0]), from->identity_size);
    return true;
}

static bool make_body(struct rf_endpoints *endpoints, const struct rf_peer *to,
                      struct rf_frame *frame, zmq_msg_t *body) {
    if (frame->size >= RF_UNREAD_LARGE)
        return rf_unread_wrap(&endpoints->unread, to, frame, body);
    return rf_parcel_make(frame->data, frame->size, body);
}

// ROUTER_MANDATORY: the identity's frame tells whether the peer is there and has place; the frames
// behind it belong to it and cannot fail.
static enum rf_sent send_head(void *handle, const struct rf_peer *to) {
    if (zmq_send(handle, to->identity, to->identity_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
        return zmq_errno() == EHOSTUNREACH ? RF_SENT_GONE : RF_SENT_FULL;
    if (to->delimited)
        zmq_send(handle, "", 0, ZMQ_SNDMORE | ZMQ_DONTWAIT);
    return RF_SENT_OK;
}

static enum rf_sent send_body(struct rf_endpoints *endpoints, const struct rf_peer *to,
                              zmq_msg_t *body) {
    void *handle = zsock_resolve(endpoints->routers[to->socket]);
    rf_loop_socket_used(endpoints->loop, endpoints->routers[to->socket]);
    enum rf_sent sent = send_head(handle, to);
    if (sent == RF_SENT_OK && zmq_msg_send(body, handle, ZMQ_DONTWAIT) < 0)
        sent = RF_SENT_FULL;
    if (sent != RF_SENT_OK)
        zmq_msg_close(body);
    return sent;
}

enum rf_sent rf_endpoints_send(struct rf_endpoints *endpoints, const struct rf_peer *to,
                               struct rf_frame *frame) {
    zmq_msg_t body;
    if ((frame->size >= RF_UNREAD_LARGE && rf_unread_full(&endpoints->unread, to)) ||
        !make_body(endpoints, to, frame, &body))
        return RF_SENT_FULL;
    return send_body(endpoints, to, &body);
}

bool rf_endpoints_reply(struct rf_endpoints *endpoints, const struct rf_peer *to,
                        const struct rf_bytes *reply) {
    if (endpoints->reply_count == RF_ENDPOINTS_REPLIES)
        return false;
    struct rf_endpoints_reply *later = &endpoints->replies[endpoints->reply_count];
    if (!rf_parcel_make(reply->data, reply->size, &later->body))
        return false;
    rf_peer_copy(&later->to, to);
    endpoints->reply_count++;
    return true;
}

size_t rf_endpoints_flush(struct rf_endpoints *endpoints) {
    size_t undeliverable = 0;
    for (size_t i = 0; i < endpoints->reply_count; i++) {
        struct rf_endpoints_reply *later = &endpoints->replies[i];
        undeliverable += send_body(endpoints, &later->to, &later->body) != RF_SENT_OK;
    }
    endpoints->reply_count = 0;
    return undeliverable;
}

void rf_endpoints_publish(struct rf_endpoints *endpoints, const char *topic, const void *data,
                          size_t size) {
    if (endpoints->events == NULL)
        return;
    void *handle = zsock_resolve(endpoints->events);
    rf_loop_socket_used(endpoints->loop, endpoints->events);
    if (zmq_send(handle, topic, strlen(topic), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        rf_parcel_send(handle, data, size, 0);
}
