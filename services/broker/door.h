// The door of the broker: its own key, the list of keys that it lets in, and the answers to libzmq,
// which asks about every connection over TCP. Closed, and never asked, where there is no CURVE.
#ifndef RF_BROKER_DOOR_H
#define RF_BROKER_DOOR_H

#include <czmq.h>

#include "bus/socket_keys.h"
#include "keyring.h"
#include "runtime/loop.h"
#include "zap.h"

struct rf_config;

// A connection was refused; `answer` says why.
typedef void rf_door_refused_fn(void *arg, const struct rf_zap_request *request,
                                const struct rf_zap_answer *answer);

struct rf_door {
    struct rf_loop *loop;
    struct rf_socket_keys keys; // with curve: there is a door
    struct rf_keyring ring;
    zsock_t *zap;
    rf_door_refused_fn *refused;
    void *arg;
};

// rf_door_open: reads the key and the list, which may be absent (nobody is let in, and a warning
// says so), and answers from now on. Before the sockets are bound. RF_ERR_CONFIG for a key or a
// list that cannot be used. Closed by rf_door_close also after an error; `door` is zeroed before.
RF_NODISCARD enum rf_err rf_door_open(struct rf_door *door, struct rf_loop *loop,
                                      const struct rf_config *config, rf_door_refused_fn *refused,
                                      void *arg, struct rf_error *error);

// rf_door_reload: reads the list again. On an error the old one stays.
RF_NODISCARD enum rf_err rf_door_reload(struct rf_door *door, const struct rf_config *config,
                                        struct rf_error *error);

// rf_door_who: whose key a message came with; rf_nobody for one without.
const struct rf_principal *rf_door_who(const struct rf_door *door, zmq_msg_t *frame);

// rf_door_close: after the sockets are closed, and nobody points to a principal any more.
void rf_door_close(struct rf_door *door);

#endif
