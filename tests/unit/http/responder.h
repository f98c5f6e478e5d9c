// A raw server for tests of the HTTP client: reads whole requests and does exactly what its script
// says with the bytes and the connection, as no real HTTP server would. One thread, one connection
// at a time.
#ifndef RF_TEST_RESPONDER_H
#define RF_TEST_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>

struct responder;

enum responder_action {
    RESPONDER_REPLY,       // send `bytes`, keep the connection
    RESPONDER_REPLY_CLOSE, // send `bytes`, close
    RESPONDER_CLOSE,       // close without a byte
    RESPONDER_RESET,       // close so that the peer gets a reset
    RESPONDER_STALL,       // send `bytes`, then nothing until the test ends
    RESPONDER_GREET, // send `bytes` before anything was read, then nothing until the test ends
    RESPONDER_DEAF,  // leave the connection unread until the test ends
};

// What to do with each request (or connection) in turn; the last one serves all that follow.
struct responder_step {
    enum responder_action action;
    const char *bytes;
};

// responder_new: listens on 127.0.0.1. `tls`: with a self-signed certificate for "localhost"
// (so 127.0.0.1 is a wrong name). Aborts on trouble. `steps` are borrowed.
struct responder *responder_new(const struct responder_step *steps, size_t count, bool tls);
void responder_destroy(struct responder **responder);

int responder_port(const struct responder *responder);

// responder_requests: whole requests read so far. responder_last: a copy of the last one, which the
// caller frees. responder_certificate: the path of its certificate.
int responder_requests(struct responder *responder);
int responder_connections(struct responder *responder);
int responder_resumed(struct responder *responder); // TLS connections that resumed a session
char *responder_last(struct responder *responder);
const char *responder_certificate(const struct responder *responder);

#endif
