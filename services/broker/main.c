// ringfence-broker: the bus of the set. Calls, events, retained state and the breakers' authority
// are decided in core.c and its parts; here they meet sockets, clocks and the disk.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "core.h"
#include "data_dir.h"
#include "endpoints.h"
#include "keeper.h"
#include "runtime/loop.h"
#include "runtime/service.h"

#define MESSAGES_PER_PASS 100 // of one socket, so that none holds the others
#define COMPLAINT_PAUSE   (1 * RF_NS_PER_S)

// A socket's handler has to know which it is.
struct ear {
    struct broker *broker;
    enum rf_socket socket;
    struct rf_instant complained; // one line a second, however many broken messages come
    int64_t untold;
};

struct broker {
    struct rf_process *process;
    struct rf_data_dir dir;
    struct rf_keeper keeper;
    struct rf_endpoints endpoints;
    struct ear ears[RF_SOCKET_COUNT];
    struct rf_timer timer;
    struct rf_core *core;
    char host[256];
};

static struct rf_now now_of(const struct broker *broker) {
    return (struct rf_now){rf_loop_now(broker->process->loop), rf_clock_utc()};
}

// After anything that happened: when to wake, and whether a drain is complete.
static void settle(struct broker *broker) {
    struct rf_instant when;
    if (rf_core_wake(broker->core, &when))
        rf_timer_at(&broker->timer, when);
    else
        rf_timer_stop(&broker->timer);
    if (broker->process->draining && rf_core_peers(broker->core) == 0)
        rf_process_drained(broker->process);
}

static void on_timer(void *arg) {
    struct broker *broker = arg;
    struct rf_now now = now_of(broker);
    rf_core_tick(broker->core, &now);
    settle(broker);
}

// ---- out ----

static enum rf_sent on_send(void *arg, const struct rf_peer *to, enum rf_message_type type,
                            const void *body) {
    struct broker *broker = arg;
    struct rf_frame frame;
    struct rf_error error;
    if (rf_wire_encode(type, body, &frame, &error) != RF_OK) {
        rf_log(RF_LOG_WARNING, "cannot send %s: %s", rf_message_type_name(type), error.message);
        return RF_SENT_FAILED;
    }
    enum rf_sent sent = rf_endpoints_send(&broker->endpoints, to, frame.data, frame.size);
    rf_frame_free(&frame);
    return sent;
}

static void on_publish(void *arg, const char *topic, const void *frame, size_t size) {
    struct broker *broker = arg;
    rf_endpoints_publish(&broker->endpoints, topic, frame, size);
}

static void on_new_id(void *arg, struct rf_utc now, char out[RF_ULID_SIZE]) {
    (void)arg;
    rf_ulid_new(now, out);
}

static void on_reserve(void *arg, int line) {
    struct broker *broker = arg;
    rf_keeper_ask(&broker->keeper, (enum rf_line)line);
}

static void on_reserved(void *arg, int fd, unsigned events) {
    (void)events;
    struct broker *broker = arg;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0)
        return;
    struct rf_now now = now_of(broker);
    for (int line = 0; line < RF_LINE_COUNT; line++) {
        bool failed;
        int64_t reserved = rf_keeper_reserved(&broker->keeper, (enum rf_line)line, &failed);
        if (failed)
            rf_log(RF_LOG_ERROR, "%s: cannot reserve numbers; tried again every second",
                   broker->dir.path);
        else
            rf_core_extend(broker->core, &now, (enum rf_line)line, reserved);
    }
}

// ---- in ----

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

static void take(struct ear *ear, const struct rf_peer *from, zmq_msg_t *body) {
    struct rf_core *core = ear->broker->core;
    struct rf_now now = now_of(ear->broker);
    struct rf_message *message = NULL;
    struct rf_error error;
    enum rf_err err =
        body == NULL ? rf_error_set(&error, RF_ERR_PROTOCOL,
                                    "a message is one frame, or an empty one and one")
                     : rf_wire_decode(zmq_msg_data(body), zmq_msg_size(body), &message, &error);
    if (err == RF_OK) {
        rf_core_receive(core, &now, from, &message, zmq_msg_size(body));
    } else {
        error.code = err;
        rf_core_undecodable(core, &now, from, &error);
        complain(ear, error.message);
    }
    rf_message_destroy(&message);
}

static void on_router(void *arg, zsock_t *socket) {
    (void)socket;
    struct ear *ear = arg;
    struct rf_parts parts;
    struct rf_peer from;
    zmq_msg_t *body;
    for (int i = 0;
         i < MESSAGES_PER_PASS &&
         rf_endpoints_receive(&ear->broker->endpoints, ear->socket, &parts, &from, &body);
         i++) {
        take(ear, &from, body);
        rf_parts_free(&parts);
    }
    settle(ear->broker);
}

// Subscriptions come on the events socket: XPUB keeps them itself, they only have to be read.
static void on_subscription(void *arg, zsock_t *socket) {
    (void)arg;
    struct rf_parts parts;
    for (int i = 0; i < MESSAGES_PER_PASS && rf_socket_receive(socket, &parts); i++)
        rf_parts_free(&parts);
}

// ---- beginning and end ----

static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        rf_log(RF_LOG_WARNING, "cannot raise the limit of open files");
}

static struct rf_core *make_core(struct broker *broker) {
    const struct rf_config *config = broker->process->config;
    struct rf_core_settings settings = {
        .instance = broker->process->instance,
        .host = broker->host,
        .version = RF_VERSION,
        .pid = getpid(),
        .heartbeat = config->bus.heartbeat,
        .heartbeat_misses = config->bus.heartbeat_misses,
        .queue_limit = (size_t)config->broker.queue_limit,
        .journal_events = (size_t)config->broker.journal_events,
        .journal_bytes = (size_t)config->broker.journal_bytes,
        .state_entries = (size_t)config->broker.state_entries,
        .stream_idle = config->broker.stream_idle,
        .guard_count = RF_PROVIDER_COUNT,
    };
    for (int i = 0; i < RF_LINE_COUNT; i++) {
        settings.lines[i].first = broker->keeper.lines[i].first;
        settings.lines[i].limit = broker->keeper.lines[i].reserved;
    }
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        settings.guards[i].provider = rf_provider_name((enum rf_provider)i);
        settings.guards[i].policy = config->providers[i].breaker;
    }
    struct rf_sink sink = {broker, on_send, on_publish, on_new_id, on_reserve};
    struct rf_now now = now_of(broker);
    return rf_core_new(&settings, &sink, &now);
}

static enum rf_err listen_on_all(struct broker *broker, struct rf_error *error) {
    struct rf_loop *loop = broker->process->loop;
    enum rf_err err = rf_loop_socket_add(loop, broker->endpoints.events, on_subscription, broker);
    for (int i = 0; err == RF_OK && i < RF_SOCKET_COUNT; i++) {
        broker->ears[i] = (struct ear){.broker = broker, .socket = (enum rf_socket)i};
        err = rf_loop_socket_add(loop, broker->endpoints.routers[i], on_router, &broker->ears[i]);
    }
    if (err == RF_OK)
        err = rf_loop_fd_set(loop, broker->keeper.event_fd, RF_LOOP_READ, on_reserved, broker);
    return err == RF_OK ? RF_OK : rf_error_set(error, err, "cannot watch the sockets");
}

static enum rf_err start(struct rf_process *process, struct rf_error *error) {
    struct broker *broker = calloc(1, sizeof *broker);
    if (broker == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    process->state = broker;
    broker->process = process;
    broker->keeper.event_fd = broker->dir.data_lock = broker->dir.run_lock = -1;
    gethostname(broker->host, sizeof broker->host - 1);
    rf_timer_init(&broker->timer, process->loop, on_timer, broker);
    raise_descriptor_limit();
    const struct rf_config *config = process->config;
    enum rf_err err = rf_data_dir_open(&broker->dir, config->state_dir, config->run_dir, error);
    if (err == RF_OK)
        err = rf_keeper_open(&broker->keeper, broker->dir.path, error);
    if (err == RF_OK && (broker->core = make_core(broker)) == NULL)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK)
        err = rf_endpoints_open(&broker->endpoints, &config->bus, config->run_dir, error);
    if (err == RF_OK)
        err = listen_on_all(broker, error);
    if (err != RF_OK)
        return err;
    struct rf_now now = now_of(broker);
    rf_core_ready(broker->core, &now);
    settle(broker);
    rf_process_ready(process, "calls %s, workers %s, ingest %s, events %s", config->bus.calls,
                     config->bus.workers, config->bus.ingest, config->bus.events);
    return RF_OK;
}

static void drain(struct rf_process *process) {
    struct broker *broker = process->state;
    struct rf_now now = now_of(broker);
    rf_core_drain(broker->core, &now);
    settle(broker);
}

static void close_sockets(struct broker *broker) {
    struct rf_loop *loop = broker->process->loop;
    rf_loop_socket_remove(loop, broker->endpoints.events);
    for (int i = 0; i < RF_SOCKET_COUNT; i++)
        rf_loop_socket_remove(loop, broker->endpoints.routers[i]);
    if (broker->keeper.event_fd >= 0)
        (void)!rf_loop_fd_set(loop, broker->keeper.event_fd, 0, NULL, NULL);
    rf_endpoints_close(&broker->endpoints);
}

static void stop(struct rf_process *process) {
    struct broker *broker = process->state;
    if (broker == NULL)
        return;
    if (broker->endpoints.events != NULL) {
        struct rf_now now = now_of(broker);
        rf_core_stopped(broker->core, &now);
    }
    rf_timer_stop(&broker->timer);
    close_sockets(broker);
    int64_t next[RF_LINE_COUNT] = {0};
    if (broker->core != NULL) {
        next[RF_LINE_JOURNAL] = broker->core->numbers.next;
        next[RF_LINE_VERSIONS] = broker->core->states.versions.next;
    }
    rf_keeper_close(&broker->keeper, broker->core != NULL ? next : NULL);
    rf_core_destroy(&broker->core);
    rf_data_dir_close(&broker->dir);
    free(broker);
    process->state = NULL;
}

static struct rf_duration drain_timeout(const struct rf_config *config) {
    return config->broker.drain_timeout;
}

int main(int argc, char **argv) {
    static const struct rf_service service = {
        .name = "broker",
        .summary = "the bus of Ringfence: calls, events, retained state, circuit breakers",
        .details =
            "Binds the sockets calls, workers, ingest and events. Only one broker may use a\n"
            "state directory and a run directory. SIGTERM: serves until its peers have left,\n"
            "or until broker.drain_timeout.\n",
        .uses_bus = false,
        .start = start,
        .drain = drain,
        .stop = stop,
        .drain_timeout = drain_timeout,
    };
    return rf_service_run(&service, argc, argv);
}
