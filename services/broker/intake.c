// From the sockets to the core.
#include "base/clock.h"
#include "base/log.h"
#include "broker.h"
#include "rights.h"
#include "wire/question.h"

#define MESSAGES_PER_PASS 100 // of one socket, so that none holds the others
#define COMPLAINT_PAUSE   (1 * RF_NS_PER_S)
// Who speaks another version tries again all the time, until somebody upgrades one of us.
#define VERSION_PAUSE (60 * RF_NS_PER_S)

static void complain(struct ear *ear, const char *text) {
    struct rf_instant now = rf_loop_now(ear->broker->process->loop);
    if (ear->complained.ns != 0 && rf_instant_since(now, ear->complained).ns < COMPLAINT_PAUSE) {
        ear->untold++;
        return;
    }
    rf_log(RF_LOG_WARNING, "%s: a message was refused: %s (%lld more since the last line)",
           rf_endpoints_name(ear->socket), text, (long long)ear->untold);
    ear->complained = now;
    ear->untold = 0;
}

// Who is refused for its version, by its name if that can be read.
static void complain_of_version(struct ear *ear, const struct rf_peer *from, zmq_msg_t *body,
                                const struct rf_error *error) {
    struct rf_now clocks = broker_now(ear->broker);
    struct rf_instant now = rf_loop_now(ear->broker->process->loop);
    char name[RF_SPEAKER_SIZE] = "a process without a name";
    if (rf_wire_speaker(zmq_msg_data(body), zmq_msg_size(body), name))
        rf_core_stranger(ear->broker->core, &clocks, from, name, error->message);
    if (ear->version_told.ns != 0 && rf_instant_since(now, ear->version_told).ns < VERSION_PAUSE)
        return;
    ear->version_told = now;
    rf_log(RF_LOG_WARNING, "%s: %s is refused: %s", rf_endpoints_name(ear->socket), name,
           error->message);
}

// Calls, answers and events are passed on: their JSON is checked, but nobody here looks at it.
static enum rf_err decode(zmq_msg_t *body, struct rf_message **message, struct rf_error *error) {
    if (body == NULL)
        return rf_error_set(error, RF_ERR_PROTOCOL,
                            "a message is one frame, or an empty one and one");
    return rf_wire_decode_relay(zmq_msg_data(body), zmq_msg_size(body), message, error);
}

// What cannot be read at a glance, or not be taken so.
static void take_whole(struct ear *ear, const struct rf_now *now, const struct rf_peer *from,
                       zmq_msg_t *body) {
    struct rf_core *core = ear->broker->core;
    struct rf_message *message = NULL;
    struct rf_error error;
    enum rf_err err = decode(body, &message, &error);
    if (err == RF_OK) {
        int64_t refused = core->ground.counters.messages_no_role;
        rf_core_receive(core, now, from, &message, zmq_msg_size(body));
        if (core->ground.counters.messages_no_role != refused &&
            (rf_rights_check(from, message, &error) != RF_OK ||
             rf_rights_check_events(from, message, &error) != RF_OK))
            complain(ear, error.message);
    } else {
        error.code = err;
        char rid[RF_QUESTION_BYTES + 1];
        bool asks = body != NULL && rf_wire_question(zmq_msg_data(body), zmq_msg_size(body), rid);
        rf_core_undecodable(core, now, from, asks ? rid : NULL, &error);
        if (err == RF_ERR_CONFLICT)
            complain_of_version(ear, from, body, &error);
        else
            complain(ear, error.message);
    }
    rf_message_destroy(&message);
}

static void take(struct ear *ear, const struct rf_now *now, const struct rf_peer *from,
                 zmq_msg_t *body) {
    struct rf_glance glance;
    if (body == NULL || !rf_wire_glance(zmq_msg_data(body), zmq_msg_size(body), &glance) ||
        !rf_core_glance(ear->broker->core, now, from, &glance))
        take_whole(ear, now, from, body);
}

// The clocks are read once for all messages of a pass, which came before it. It ends sooner where
// they ask for much.
static void on_router(void *arg, zsock_t *socket) {
    (void)socket;
    struct ear *ear = arg;
    struct rf_parts parts;
    struct rf_peer from;
    zmq_msg_t *body;
    struct rf_now now = broker_now(ear->broker);
    rf_core_turn(ear->broker->core);
    for (int i = 0;
         i < MESSAGES_PER_PASS && !rf_core_turn_over(ear->broker->core) &&
         rf_endpoints_receive(&ear->broker->endpoints, ear->socket, &parts, &from, &body);
         i++) {
        take(ear, &now, &from, body);
        rf_parts_free(&parts);
    }
    broker_settle(ear->broker);
}

// Subscriptions come on the events socket: XPUB keeps them itself, they only have to be read.
static void on_subscription(void *arg, zsock_t *socket) {
    struct broker *broker = arg;
    struct rf_parts parts;
    for (int i = 0;
         i < MESSAGES_PER_PASS && rf_socket_receive(broker->process->loop, socket, &parts); i++)
        rf_parts_free(&parts);
}

enum rf_err broker_listen_events(struct broker *broker, struct rf_error *error) {
    enum rf_err err = rf_loop_socket_add(broker->process->loop, broker->endpoints.events,
                                         on_subscription, broker);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "cannot watch the events socket");
}

void broker_unlisten_events(struct broker *broker) {
    if (broker->endpoints.events != NULL)
        rf_loop_socket_remove(broker->process->loop, broker->endpoints.events);
}

enum rf_err broker_listen(struct broker *broker, struct rf_error *error) {
    struct rf_loop *loop = broker->process->loop;
    enum rf_err err = broker_listen_events(broker, error);
    for (int i = 0; err == RF_OK && i < RF_SOCKET_COUNT; i++) {
        broker->ears[i] = (struct ear){.broker = broker, .socket = (enum rf_socket)i};
        err = rf_loop_socket_add(loop, broker->endpoints.routers[i], on_router, &broker->ears[i]);
    }
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "cannot watch the sockets");
}

void broker_unlisten(struct broker *broker) {
    struct rf_loop *loop = broker->process->loop;
    broker_unlisten_events(broker);
    for (int i = 0; i < RF_SOCKET_COUNT; i++)
        rf_loop_socket_remove(loop, broker->endpoints.routers[i]);
}
