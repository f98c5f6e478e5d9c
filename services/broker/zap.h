// Who is let in: the question that libzmq asks about each connection with CURVE, by the protocol
// ZAP (27/ZAP of rfc.zeromq.org), and its answer. Pure.
#ifndef RF_BROKER_ZAP_H
#define RF_BROKER_ZAP_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/messages.h>

#include "keyring.h"

#define RF_ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define RF_ZAP_VERSION  "1.0"

// The domain of the events socket, where nothing but the handshake can be refused: who is connected
// hears whatever it subscribes to.
#define RF_ZAP_EVENTS "events"

#define RF_ZAP_FRAMES 8 // of a question: more are read and dropped

struct rf_zap_request {
    struct rf_bytes id;          // goes back as it came
    char domain[32];             // the socket: calls, workers, ingest, events
    char address[64];            // of the peer
    char key[RF_CURVE_KEY_SIZE]; // "" unless the mechanism is CURVE
};

struct rf_zap_answer {
    const char *status; // "200": let in; "400": not
    const char *text;   // why not; "" else
    const char *user;   // becomes the User-Id of each of the peer's messages: its key; "" else
};

// rf_zap_parse: reads the frames of a question, without the address delimiter; false if it is none
// of version 1.0. `id` borrows from them.
bool rf_zap_parse(const struct rf_bytes *frames, size_t count, struct rf_zap_request *request);

// rf_zap_decide: the answer, which borrows from both.
struct rf_zap_answer rf_zap_decide(const struct rf_zap_request *request,
                                   const struct rf_keyring *ring);

#endif
