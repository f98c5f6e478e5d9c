// Who sent a message, and how an answer reaches it.
#ifndef RF_BROKER_PEER_H
#define RF_BROKER_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum rf_socket { RF_SOCKET_CALLS, RF_SOCKET_WORKERS, RF_SOCKET_INGEST };
#define RF_SOCKET_COUNT 3

struct rf_principal;

// A peer carries its own framing, so that no table has to remember it: whoever holds the peer of a
// message answers in the framing in which that message came.
struct rf_peer {
    enum rf_socket socket;
    bool delimited; // an empty frame stood before the message, as a REQ socket sends it
    const struct rf_principal *who; // whose key it has; NULL over ipc, where there are no roles
    unsigned char identity_size;
    unsigned char identity[255]; // ZeroMQ's routing id
};

static inline bool rf_peer_same(const struct rf_peer *a, const struct rf_peer *b) {
    return a->socket == b->socket && a->identity_size == b->identity_size &&
           memcmp(a->identity, b->identity, a->identity_size) == 0;
}

// rf_peer_copy: as much of it as there is, which is mostly a tenth.
static inline void rf_peer_copy(struct rf_peer *to, const struct rf_peer *from) {
    memcpy(to, from, offsetof(struct rf_peer, identity) + from->identity_size);
}

#endif
