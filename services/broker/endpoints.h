// The four sockets of the broker, and how a message stands on them.
#ifndef RF_BROKER_ENDPOINTS_H
#define RF_BROKER_ENDPOINTS_H

#include <czmq.h>

#include <ringfence/error.h>

#include "bus/socket.h"
#include "door.h"
#include "ground.h"
#include "unread.h"
#include "wire/wire.h"

struct rf_bus_config;
struct rf_loop;

// A reply to a caller that waits for the end of the pass.
struct rf_endpoints_reply {
    struct rf_peer to;
    zmq_msg_t body;
};
#define RF_ENDPOINTS_REPLIES 100

struct rf_endpoints {
    struct rf_loop *loop; // reads the sockets
    const struct rf_door *door;
    zsock_t *routers[RF_SOCKET_COUNT];
    bool curve[RF_SOCKET_COUNT]; // its peers are known by their keys
    zsock_t *events;             // NULL while it is opened anew
    bool events_curve;
    const char *run_dir;
    struct rf_unread_book unread; // of the routers' peers
    struct rf_endpoints_reply replies[RF_ENDPOINTS_REPLIES];
    size_t reply_count;
};

// rf_endpoints_open: binds all four, over ipc private to the user (and, if the folder is, to the
// group), over TCP with the keys of the door, which is open already. On an error nothing is left
// open. The rest is borrowed.
RF_NODISCARD enum rf_err rf_endpoints_open(struct rf_endpoints *endpoints, struct rf_loop *loop,
                                           const struct rf_bus_config *config, const char *run_dir,
                                           const struct rf_door *door, struct rf_error *error);
void rf_endpoints_close(struct rf_endpoints *endpoints);

// rf_endpoints_close_events, rf_endpoints_reopen_events: ends every subscriber's connection, so
// that each is asked anew who it is. In between events are published to nobody. RF_ERR_IO: the
// address is not free yet.
void rf_endpoints_close_events(struct rf_endpoints *endpoints);
RF_NODISCARD enum rf_err rf_endpoints_reopen_events(struct rf_endpoints *endpoints,
                                                    const struct rf_bus_config *config,
                                                    struct rf_error *error);

// rf_endpoints_name: "calls", "workers" or "ingest".
const char *rf_endpoints_name(enum rf_socket socket);

// rf_endpoints_receive: the next message of a router, without waiting; false if there is none. The
// caller frees `parts`. `body` is NULL if the message has neither of the two framings. `from` tells
// whose key the message came with.
bool rf_endpoints_receive(struct rf_endpoints *endpoints, enum rf_socket socket,
                          struct rf_parts *parts, struct rf_peer *from, zmq_msg_t **body);

// rf_endpoints_send: one frame to a peer in its framing, without waiting. `frame` may be taken
// over; the caller frees it in any case. RF_SENT_FULL for a large one also if the peer has not read
// others (unread.h).
enum rf_sent rf_endpoints_send(struct rf_endpoints *endpoints, const struct rf_peer *to,
                               struct rf_frame *frame);

// rf_endpoints_reply: a packed reply of less than RF_UNREAD_LARGE to a caller, which goes out with
// others in rf_endpoints_flush: ZeroMQ writes together what it gets together, and a write wakes two
// threads. False without memory, or if RF_ENDPOINTS_REPLIES wait.
bool rf_endpoints_reply(struct rf_endpoints *endpoints, const struct rf_peer *to,
                        const struct rf_bytes *reply);

// rf_endpoints_flush: sends them. How many had a caller who is gone, or does not read.
size_t rf_endpoints_flush(struct rf_endpoints *endpoints);

// rf_endpoints_publish: one event; dropped for subscribers whose queue is full.
void rf_endpoints_publish(struct rf_endpoints *endpoints, const char *topic, const void *data,
                          size_t size);

#endif
