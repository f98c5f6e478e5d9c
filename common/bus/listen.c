// The events socket: live events for whoever listens, and the doorbell of the subscriptions.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"

#define MESSAGES_PER_PASS 256

struct rf_listener {
    char *prefix;
    rf_listen_fn *fn;
    void *arg;
    struct rf_listener *next;
};

static bool begins_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool anybody_listens(const struct rf_bus *bus, const char *topic) {
    for (const struct rf_listener *hearer = bus->hearers; hearer != NULL; hearer = hearer->next)
        if (begins_with(topic, hearer->prefix))
            return true;
    return false;
}

static void deliver(struct rf_bus *bus, const char *topic, zmq_msg_t *body) {
    struct rf_message *message;
    struct rf_error error;
    if (rf_wire_decode_event(zmq_msg_data(body), zmq_msg_size(body), &message, &error) != RF_OK) {
        rf_log(RF_LOG_WARNING, "an event of topic %s: %s", topic, error.message);
        return;
    }
    const struct rf_event *event = message->as.event_publish.events.items;
    for (struct rf_listener *hearer = bus->hearers; hearer != NULL; hearer = hearer->next)
        if (begins_with(topic, hearer->prefix))
            hearer->fn(hearer->arg, topic, event);
    rf_message_destroy(&message);
}

static void on_events(void *arg, zsock_t *socket) {
    struct rf_bus *bus = arg;
    struct rf_parts parts;
    for (int i = 0; i < MESSAGES_PER_PASS && rf_socket_receive(bus->loop, socket, &parts); i++) {
        char topic[RF_TOPIC_SIZE] = "";
        size_t size = zmq_msg_size(&parts.frames[0]);
        if (parts.count == 2 && size < sizeof topic) {
            memcpy(topic, zmq_msg_data(&parts.frames[0]), size);
            rf_subscriptions_ring(bus, topic);
            if (anybody_listens(bus, topic)) // only then it is worth decoding
                deliver(bus, topic, &parts.frames[1]);
        }
        rf_parts_free(&parts);
    }
}

enum rf_err rf_bus_hear(struct rf_bus *bus, const char *prefix, struct rf_error *error) {
    if (bus->events == NULL) {
        enum rf_err err =
            rf_bus_connect(bus, ZMQ_SUB, bus->config->events, &bus->events, on_events, error);
        if (err != RF_OK)
            return err;
    }
    zsock_set_subscribe(bus->events, prefix);
    return RF_OK;
}

void rf_bus_unhear(struct rf_bus *bus, const char *prefix) {
    if (bus->events != NULL)
        zsock_set_unsubscribe(bus->events, prefix);
}

enum rf_err rf_bus_listen(struct rf_bus *bus, const char *prefix, rf_listen_fn *fn, void *arg,
                          struct rf_error *error) {
    struct rf_listener *hearer = calloc(1, sizeof *hearer);
    if (hearer == NULL || (hearer->prefix = strdup(prefix)) == NULL) {
        free(hearer);
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    enum rf_err err = rf_bus_hear(bus, prefix, error);
    if (err != RF_OK) {
        free(hearer->prefix);
        free(hearer);
        return err;
    }
    hearer->fn = fn;
    hearer->arg = arg;
    hearer->next = bus->hearers;
    bus->hearers = hearer;
    return RF_OK;
}

void rf_hearers_fini(struct rf_bus *bus) {
    while (bus->hearers != NULL) {
        struct rf_listener *hearer = bus->hearers;
        bus->hearers = hearer->next;
        free(hearer->prefix);
        free(hearer);
    }
}
