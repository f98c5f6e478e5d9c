#include "fake_broker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const names[] = {"ingest", "calls", "workers", "events"};

static void on_watchdog(void *arg) {
    struct fake_broker *fake = arg;
    rf_loop_stop(fake->loop);
}

int fake_setup(void **state) {
    struct fake_broker *fake = calloc(1, sizeof *fake);
    if (fake == NULL)
        return -1;
    snprintf(fake->folder, sizeof fake->folder, "/tmp/rf-bus-XXXXXX");
    fake->loop = rf_loop_new();
    if (mkdtemp(fake->folder) == NULL || fake->loop == NULL)
        return -1;
    for (int i = 0; i < FAKE_SOCKETS; i++)
        if (asprintf(&fake->endpoints[i], "ipc://%s/%s", fake->folder, names[i]) < 0)
            return -1;
    fake->config = (struct rf_bus_config){
        .ingest = fake->endpoints[FAKE_INGEST],
        .calls = fake->endpoints[FAKE_CALLS],
        .workers = fake->endpoints[FAKE_WORKERS],
        .events = fake->endpoints[FAKE_EVENTS],
        .heartbeat = rf_ms(20),
        .heartbeat_misses = 50, // a busy machine is not a silent broker
        .max_unacknowledged = 8,
    };
    fake->heartbeat_ns = RF_NS_PER_S;
    rf_timer_init(&fake->watchdog, fake->loop, on_watchdog, fake);
    *state = fake;
    return 0;
}

int fake_teardown(void **state) {
    struct fake_broker *fake = *state;
    fake_stop(fake);
    rf_timer_stop(&fake->watchdog);
    rf_message_destroy(&fake->beat);
    rf_loop_destroy(&fake->loop);
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        unlink(fake->endpoints[i] + strlen("ipc://"));
        free(fake->endpoints[i]);
    }
    rmdir(fake->folder);
    free(fake);
    return 0;
}

static void answer(struct fake_broker *fake, enum rf_message_type type) {
    if (fake->silent)
        return;
    if (type == RF_MESSAGE_hello) {
        struct rf_welcome welcome = {.broker = fake->instance,
                                     .heartbeat_ns = fake->heartbeat_ns,
                                     .first = fake->first,
                                     .last = fake->last,
                                     .registered = fake->registered,
                                     .held = fake->held};
        fake->registered = false;
        fake_send(fake, FAKE_INGEST, RF_MESSAGE_welcome, &welcome);
    } else {
        int64_t seq = fake->numberless ? 0 : fake->beat->as.worker_heartbeat.seq;
        if (fake->worker_registered)
            fake->registration = seq;
        if (fake->worker_registered || fake->moved)
            fake->connection = seq;
        struct rf_worker_welcome welcome = {.broker = fake->instance,
                                            .heartbeat_ns = fake->heartbeat_ns,
                                            .lease_ns = RF_NS_PER_S,
                                            .registered = fake->worker_registered,
                                            .limits = fake->limits,
                                            .moved = fake->moved,
                                            .seq = seq,
                                            .registration =
                                                fake->numberless ? 0 : fake->registration,
                                            .connection = fake->numberless ? 0 : fake->connection};
        fake->worker_registered = fake->moved = false;
        if (fake->lost > 0)
            fake->lost--;
        else
            fake_send(fake, FAKE_WORKERS, RF_MESSAGE_worker_welcome, &welcome);
    }
}

static void keep(struct fake_broker *fake, enum fake_socket socket, struct rf_message *message) {
    struct fake_message **at = &fake->inbox;
    while (*at != NULL)
        at = &(*at)->next;
    *at = calloc(1, sizeof **at);
    assert_non_null(*at);
    **at = (struct fake_message){socket, message, NULL};
}

static void take_in(struct fake_broker *fake, enum fake_socket socket, struct rf_parts *parts) {
    struct rf_message *message;
    struct rf_error error;
    assert_int_equal(parts->count, 2);
    fake->peer_sizes[socket] = zmq_msg_size(&parts->frames[0]);
    memcpy(fake->peers[socket], zmq_msg_data(&parts->frames[0]), fake->peer_sizes[socket]);
    if (rf_wire_decode(zmq_msg_data(&parts->frames[1]), zmq_msg_size(&parts->frames[1]), &message,
                       &error) != RF_OK)
        fail_msg("the broker got: %s", error.message);
    if (message->type == RF_MESSAGE_worker_heartbeat) {
        rf_message_destroy(&fake->beat);
        fake->beat = message;
        fake->beats++;
        answer(fake, RF_MESSAGE_worker_heartbeat);
    } else if (message->type == RF_MESSAGE_hello) {
        rf_message_destroy(&message);
        fake->hellos++;
        answer(fake, RF_MESSAGE_hello);
    } else {
        keep(fake, socket, message);
    }
}

static void on_socket(void *arg, zsock_t *zsock) {
    struct fake_broker *fake = arg;
    int socket = 0;
    struct rf_parts parts;
    while (fake->sockets[socket] != zsock)
        socket++;
    while (rf_socket_receive(fake->loop, zsock, &parts)) {
        if (socket != FAKE_EVENTS) // XPUB gets subscriptions
            take_in(fake, (enum fake_socket)socket, &parts);
        rf_parts_free(&parts);
    }
    fake_wake(fake);
}

void fake_start(struct fake_broker *fake, const char *instance) {
    struct rf_error error;
    static const int types[] = {ZMQ_ROUTER, ZMQ_ROUTER, ZMQ_ROUTER, ZMQ_XPUB};
    fake->instance = instance;
    fake->registered = fake->worker_registered = true;
    fake->hellos = fake->beats = 0;
    const struct rf_socket_keys keys = {.curve = false};
    for (int i = 0; i < FAKE_SOCKETS; i++) {
        if (rf_socket_bind(types[i], fake->endpoints[i], &keys, "", &fake->sockets[i], &error) !=
            RF_OK)
            fail_msg("%s", error.message);
        assert_int_equal(rf_loop_socket_add(fake->loop, fake->sockets[i], on_socket, fake), RF_OK);
    }
}

void fake_stop(struct fake_broker *fake) {
    for (int i = 0; i < FAKE_SOCKETS; i++)
        if (fake->sockets[i] != NULL) {
            rf_loop_socket_remove(fake->loop, fake->sockets[i]);
            zsock_destroy(&fake->sockets[i]);
        }
    while (fake->inbox != NULL) {
        struct fake_message *first = fake->inbox;
        fake->inbox = first->next;
        rf_message_destroy(&first->message);
        free(first);
    }
}

void fake_wake(struct fake_broker *fake) {
    rf_loop_stop(fake->loop);
}

void fake_watch(struct fake_broker *fake) {
    rf_timer_after(&fake->watchdog, rf_seconds(10));
}

void fake_turn(struct fake_broker *fake, const char *what) {
    struct rf_error error;
    if (rf_loop_run(fake->loop, &error) != RF_OK)
        fail_msg("%s", error.message);
    if (!rf_timer_running(&fake->watchdog))
        fail_msg("waited in vain for: %s", what);
}

bool fake_has(const struct fake_broker *fake, enum rf_message_type type) {
    for (const struct fake_message *at = fake->inbox; at != NULL; at = at->next)
        if (at->message->type == type)
            return true;
    return false;
}

struct rf_message *fake_expect(struct fake_broker *fake, enum rf_message_type type) {
    fake_watch(fake);
    while (!fake_has(fake, type))
        fake_turn(fake, rf_message_type_name(type));
    struct fake_message **at = &fake->inbox;
    while ((*at)->message->type != type)
        at = &(*at)->next;
    struct fake_message *found = *at;
    struct rf_message *message = found->message;
    *at = found->next;
    free(found);
    return message;
}

void fake_send_bytes(struct fake_broker *fake, enum fake_socket socket, const void *data,
                     size_t size) {
    void *handle = zsock_resolve(fake->sockets[socket]);
    rf_loop_socket_used(fake->loop, fake->sockets[socket]);
    int sent =
        zmq_send(handle, fake->peers[socket], fake->peer_sizes[socket], ZMQ_SNDMORE | ZMQ_DONTWAIT);
    // The peer of a broker that was restarted may be gone before its answer.
    if (sent >= 0)
        assert_true(zmq_send(handle, data, size, ZMQ_DONTWAIT) >= 0);
}

void fake_send(struct fake_broker *fake, enum fake_socket socket, enum rf_message_type type,
               const void *body) {
    struct rf_frame frame;
    struct rf_error error;
    if (rf_wire_encode(type, body, &frame, &error) != RF_OK)
        fail_msg("%s", error.message);
    fake_send_bytes(fake, socket, frame.data, frame.size);
    rf_frame_free(&frame);
}

void fake_publish(struct fake_broker *fake, const struct rf_event *event) {
    struct rf_frame frame;
    char topic[RF_TOPIC_SIZE];
    void *handle = zsock_resolve(fake->sockets[FAKE_EVENTS]);
    rf_loop_socket_used(fake->loop, fake->sockets[FAKE_EVENTS]);
    assert_int_equal(rf_wire_encode_event(event, &frame, NULL), RF_OK);
    rf_event_topic(event, topic);
    assert_true(zmq_send(handle, topic, strlen(topic), ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(handle, frame.data, frame.size, 0) >= 0);
    rf_frame_free(&frame);
}
