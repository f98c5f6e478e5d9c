// One message over a socket of ours, for the client's and the worker's sides alike. What is wrong
// with it is logged here, once.
#ifndef RF_BUS_MESSAGE_H
#define RF_BUS_MESSAGE_H

#include "bus/socket.h"
#include "wire/wire.h"

// rf_message_send: encodes `body` as `type` and sends it. RF_ERR_FULL: try later. What cannot be
// encoded is logged.
RF_NODISCARD enum rf_err rf_message_send(struct rf_loop *loop, zsock_t *socket,
                                         enum rf_message_type type, const void *body);

// rf_message_read: the broker's message in `parts`, to be freed by rf_message_destroy; NULL, and
// logged, if it is none.
struct rf_message *rf_message_read(struct rf_parts *parts);

#endif
