// A broker that says what the test tells it to, on real sockets and on the loop of the code under
// test.
#ifndef RF_TEST_FAKE_BROKER_H
#define RF_TEST_FAKE_BROKER_H

#include <ringfence/bus.h>

#include "bus/socket.h"
#include "config/config.h"
#include "runtime/loop.h"
#include "wire/wire.h"

enum fake_socket { FAKE_INGEST, FAKE_CALLS, FAKE_WORKERS, FAKE_EVENTS, FAKE_SOCKETS };

struct fake_message {
    enum fake_socket socket;
    struct rf_message *message;
    struct fake_message *next;
};

struct fake_broker {
    struct rf_loop *loop;
    char folder[64];
    char *endpoints[FAKE_SOCKETS];
    struct rf_bus_config config;
    zsock_t *sockets[FAKE_SOCKETS];
    char peers[FAKE_SOCKETS][256]; // identity of who spoke last on each
    size_t peer_sizes[FAKE_SOCKETS];
    const char *instance;
    bool silent;                        // hello and heartbeat are not answered
    bool registered, worker_registered; // what the next welcome of each kind says; then false
    bool held;                          // its disk is late, as the next welcome says
    bool limits;                        // it keeps limits, as the next welcome says
    bool moved;                         // the same for the worker's
    bool numberless;                    // the worker's says not which heartbeat it answers
    int64_t registration, connection;   // of the worker, as its welcomes number them
    unsigned lost;                      // so many of the next welcomes to it do not arrive
    int64_t heartbeat_ns;               // as its welcomes say
    int64_t first, last;                // of the journal, in the answer to hello
    struct fake_message *inbox; // oldest first, without hellos and heartbeats that were answered
    struct rf_message *beat;    // the last worker.heartbeat
    unsigned hellos, beats;     // since the start
    struct rf_timer watchdog;
};

// fake_setup, fake_teardown: of a cmocka test; *state is the broker, which is not started yet. Its
// config has a heartbeat of 20 ms, 50 misses and room for 8 unacknowledged events.
int fake_setup(void **state);
int fake_teardown(void **state);

// fake_start: binds, as `instance`. fake_stop: dies without a word; all it had in its inbox is
// gone.
void fake_start(struct fake_broker *fake, const char *instance);
void fake_stop(struct fake_broker *fake);

// fake_until: runs the loop until the condition holds, which is looked at whenever something came
// or fake_wake was called (from a callback of the test). Fails the test after 10 s.
#define fake_until(fake, condition)                                                                \
    do {                                                                                           \
        fake_watch(fake);                                                                          \
        while (!(condition))                                                                       \
            fake_turn(fake, #condition);                                                           \
    } while (0)
void fake_watch(struct fake_broker *fake);
void fake_turn(struct fake_broker *fake, const char *what);
void fake_wake(struct fake_broker *fake);

// fake_expect: waits for a message of this type and takes it out of the inbox; freed by
// rf_message_destroy. fake_has: whether one is there.
struct rf_message *fake_expect(struct fake_broker *fake, enum rf_message_type type);
bool fake_has(const struct fake_broker *fake, enum rf_message_type type);

// fake_send: to who spoke last on the socket. fake_send_bytes: whatever it is.
void fake_send(struct fake_broker *fake, enum fake_socket socket, enum rf_message_type type,
               const void *body);
void fake_send_bytes(struct fake_broker *fake, enum fake_socket socket, const void *data,
                     size_t size);

// fake_publish: on the events socket.
void fake_publish(struct fake_broker *fake, const struct rf_event *event);

#endif
