#include "bus/handshake.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "curve/endpoint.h"

#define RETRY_PAUSE rf_seconds(2)
#define TELL_PAUSE  rf_seconds(60)
// A broker that goes in the middle of a handshake is nothing to speak of; the same again and again
// is.
#define BROKEN_OFTEN 4

// Not ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: to tell of a frame that it cannot decipher, libzmq
// 4.3.4 forgets (in errno) that the connection has to end. It then stays, deaf, and when the broker
// ends it the next ping of libzmq's own aborts the process.
#define EVENTS                                                                                     \
    (ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |                             \
     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED)

#define REFUSED "does not let our key in"

static void tell(struct rf_handshake *handshake, const char *what) {
    struct rf_instant now = rf_loop_now(handshake->loop);
    handshake->trouble = what;
    if (handshake->told.ns != 0 && rf_instant_since(now, handshake->told).ns < TELL_PAUSE.ns)
        return;
    handshake->told = now;
    rf_log(RF_LOG_ERROR, "the broker at %s %s: %s", handshake->endpoint, what, handshake->mend);
}

// The key is quoted, as most keys have signs that mean something to a shell; Z85 has no '.
static void tell_refused(struct rf_handshake *handshake) {
    const char *key = handshake->keys->own.public_key;
    snprintf(handshake->mend, sizeof handshake->mend,
             "our public key is %s; on the broker's host: ringfence keys allow '%s' --role ROLE, "
             "then SIGHUP to the broker (the events socket needs the role subscriber)",
             key, key);
    if (handshake->untold)
        handshake->trouble = REFUSED;
    else
        tell(handshake, REFUSED);
}

static void tell_broken(struct rf_handshake *handshake) {
    snprintf(handshake->mend, sizeof handshake->mend, "%s",
             handshake->keys->curve
                 ? "bus.curve.server_key_file is not its public key, which is broker.public on "
                   "the broker's host: copy that one here; or it speaks without CURVE"
                 : "it wants CURVE: set bus.curve.secret_file and bus.curve.server_key_file");
    tell(handshake, "breaks off while keys are exchanged");
}

static void on_success(struct rf_handshake *handshake) {
    handshake->broken = 0;
    handshake->trouble = NULL;
    handshake->told.ns = 0;
    if (handshake->connected && handshake->renewed != NULL)
        handshake->renewed(handshake->arg);
    handshake->connected = true;
}

static void on_event(struct rf_handshake *handshake, uint16_t event) {
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        on_success(handshake);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        handshake->refused = true;
        tell_refused(handshake);
        break; // its end follows
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        if (++handshake->broken >= BROKEN_OFTEN)
            tell_broken(handshake);
        break;
    case ZMQ_EVENT_DISCONNECTED:
        if (!rf_timer_running(&handshake->again))
            rf_timer_after(&handshake->again, RETRY_PAUSE);
        break;
    case ZMQ_EVENT_CONNECT_RETRIED:
        rf_timer_stop(&handshake->again);
        break;
    default:
        break;
    }
}

// libzmq has given the connection up: the broker refused our key, or said what nobody who has the
// right key and protocol says. Once it was right, so something on the way has changed it.
static void on_again(void *arg) {
    struct rf_handshake *handshake = arg;
    void *handle = zsock_resolve(handshake->socket);
    if (!handshake->refused && !handshake->connected)
        tell_broken(handshake);
    else if (!handshake->refused)
        rf_log(RF_LOG_WARNING, "the connection with the broker at %s was damaged: connecting again",
               handshake->endpoint);
    handshake->refused = false;
    rf_loop_socket_used(handshake->loop, handshake->socket);
    // The connection that was given up is mostly forgotten already.
    (void)!zmq_disconnect(handle, handshake->endpoint);
    if (zmq_connect(handle, handshake->endpoint) != 0)
        rf_log(RF_LOG_ERROR, "%s: cannot connect: %s", handshake->endpoint,
               zmq_strerror(zmq_errno()));
}

// zmq_socket_monitor(3): a frame of a 16 bit event and its 32 bit value, and one of the endpoint.
static void on_monitor(void *arg, zsock_t *socket) {
    struct rf_handshake *handshake = arg;
    struct rf_parts parts;
    while (rf_socket_receive(handshake->loop, socket, &parts)) {
        uint16_t event = 0;
        if (zmq_msg_size(&parts.frames[0]) >= sizeof event)
            memcpy(&event, zmq_msg_data(&parts.frames[0]), sizeof event);
        rf_parts_free(&parts);
        on_event(handshake, event);
    }
}

enum rf_err rf_handshake_watch(struct rf_handshake *handshake, struct rf_loop *loop,
                               zsock_t *socket, const char *endpoint,
                               const struct rf_socket_keys *keys, struct rf_error *error) {
    char address[64];
    if (!rf_endpoint_is_tcp(endpoint))
        return RF_OK;
    *handshake =
        (struct rf_handshake){.loop = loop, .socket = socket, .endpoint = endpoint, .keys = keys};
    rf_timer_init(&handshake->again, loop, on_again, handshake);
    // One name a socket of this process.
    snprintf(address, sizeof address, "inproc://ringfence.handshake.%" PRIxPTR, (uintptr_t)socket);
    handshake->monitor = zsock_new(ZMQ_PAIR);
    if (handshake->monitor != NULL &&
        zmq_socket_monitor(zsock_resolve(socket), address, EVENTS) == 0 &&
        zsock_connect(handshake->monitor, "%s", address) == 0 &&
        rf_loop_socket_add(loop, handshake->monitor, on_monitor, handshake) == RF_OK)
        return RF_OK;
    int number = zmq_errno();
    zsock_destroy(&handshake->monitor);
    return rf_error_set(error, RF_ERR_IO, "%s: cannot watch the connection: %s", endpoint,
                        zmq_strerror(number));
}

void rf_handshake_on_renewed(struct rf_handshake *handshake, rf_handshake_renewed_fn *fn,
                             void *arg) {
    handshake->renewed = fn;
    handshake->arg = arg;
}

void rf_handshake_end(struct rf_handshake *handshake) {
    if (handshake->monitor == NULL)
        return;
    rf_timer_stop(&handshake->again);
    zmq_socket_monitor(zsock_resolve(handshake->socket), NULL, 0);
    rf_loop_socket_remove(handshake->loop, handshake->monitor);
    zsock_destroy(&handshake->monitor);
}
