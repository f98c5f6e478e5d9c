// What becomes of a client's connections over TCP: libzmq tells of a key that is not let in, of a
// broker that is another than expected, and of a frame that was damaged on its way, only to who
// watches its sockets, and then tries no more.
#ifndef RF_BUS_HANDSHAKE_H
#define RF_BUS_HANDSHAKE_H

#include "bus/socket.h"
#include "runtime/loop.h"

// Another connection is there, where there was one before: what was under way may be lost.
typedef void rf_handshake_renewed_fn(void *arg);

struct rf_handshake {
    struct rf_loop *loop;
    zsock_t *socket;  // that is watched; borrowed
    zsock_t *monitor; // NULL: it is not watched
    const char *endpoint;
    const struct rf_socket_keys *keys;
    struct rf_timer again; // runs from the end of a connection until libzmq begins the next one
    bool refused;          // our key, by the connection that has just ended
    size_t broken;         // handshakes that broke off since the last one that succeeded
    struct rf_instant told;
    rf_handshake_renewed_fn *renewed; // may be NULL
    void *arg;
    bool connected;      // once, at least
    bool untold;         // somebody else tells of a key that is not let in
    const char *trouble; // why nothing can be sent; NULL: nothing is known
    char mend[320];      // what a person can do about it; only where trouble is not NULL
};

// rf_handshake_watch: watches `socket`, connected to `endpoint`, until rf_handshake_end, which
// comes before the socket is destroyed. A refusal is told in the log, once a minute, with what to
// do, and tried again every few seconds: the broker may be told of the key meanwhile. So is what
// libzmq does not connect again by itself. Nothing is done for an ipc endpoint. All are borrowed;
// `handshake` is zeroed before.
RF_NODISCARD enum rf_err rf_handshake_watch(struct rf_handshake *handshake, struct rf_loop *loop,
                                            zsock_t *socket, const char *endpoint,
                                            const struct rf_socket_keys *keys,
                                            struct rf_error *error);

// rf_handshake_on_renewed: `fn` is called of every connection that follows one. Only of what is
// watched.
void rf_handshake_on_renewed(struct rf_handshake *handshake, rf_handshake_renewed_fn *fn,
                             void *arg);

// rf_handshake_end: no more; fine if it never watched.
void rf_handshake_end(struct rf_handshake *handshake);

#endif
