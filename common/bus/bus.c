// The connection: hello and welcome, dispatch, and who sends when.
#include <stdlib.h>
#include <string.h>

#include <ringfence/retry.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/client.h"
#include "bus/message.h"

// While there is no broker we look for it more often than we beat. A connection takes a millisecond
// to come up, and what a person's command waits for is mostly that: we begin with short waits.
static const struct rf_retry_policy looking = {.strategy = RF_RETRY_EXPONENTIAL,
                                               .initial_delay = {RF_NS_PER_MS},
                                               .max_delay = {100 * RF_NS_PER_MS},
                                               .backoff_factor = 2.0};
// A connection that is not up yet, or a queue that is full.
static const struct rf_retry_policy sending = {.strategy = RF_RETRY_EXPONENTIAL,
                                               .initial_delay = {RF_NS_PER_MS},
                                               .max_delay = {20 * RF_NS_PER_MS},
                                               .backoff_factor = 2.0};
// Messages read in one go, so that other sockets and timers have their turn.
#define MESSAGES_PER_PASS 256
// How often it is said that the broker speaks another version.
#define VERSION_PAUSE rf_seconds(60)

char *rf_bus_rid(struct rf_bus *bus, char out[RF_RID_SIZE]) {
    snprintf(out, RF_RID_SIZE, "%llu", (unsigned long long)++bus->next_id);
    return out;
}

enum rf_err rf_bus_send(struct rf_bus *bus, enum rf_message_type type, const void *body) {
    return rf_message_send(bus->loop, bus->ingest, type, body);
}

bool rf_bus_connected(const struct rf_bus *bus) {
    return bus->pulse.connected;
}

uint64_t rf_bus_newest(const struct rf_bus *bus) {
    return bus->newest;
}

const char *rf_bus_trouble(const struct rf_bus *bus) {
    const char *known = bus->handshakes[0].trouble;
    return known != NULL || bus->version_trouble[0] == '\0' ? known : bus->version_trouble;
}

const char *rf_bus_mend(const struct rf_bus *bus) {
    return bus->handshakes[0].trouble != NULL ? bus->handshakes[0].mend : NULL;
}

bool rf_bus_other_version(const struct rf_bus *bus) {
    return bus->version_trouble[0] != '\0';
}

void rf_bus_on_barred(struct rf_bus *bus, rf_bus_barred_fn *fn, void *arg) {
    bus->barred = fn;
    bus->barred_arg = arg;
}

bool rf_bus_barred(struct rf_bus *bus, const struct rf_refusal *refusal) {
    if (bus->barred == NULL || strcmp(refusal->code, "not_allowed") != 0)
        return false;
    bus->barred(bus->barred_arg, refusal->message);
    return true;
}

void rf_bus_on_change(struct rf_bus *bus, rf_bus_change_fn *fn, void *arg) {
    if (bus->listener_count == RF_BUS_LISTENERS)
        abort(); // a slip of ours, seen at the first start
    bus->listeners[bus->listener_count].fn = fn;
    bus->listeners[bus->listener_count++].arg = arg;
}

static void tell_change(struct rf_bus *bus, bool connected) {
    for (size_t i = 0; i < bus->listener_count; i++)
        bus->listeners[i].fn(bus->listeners[i].arg, connected);
}

// ---- sending what waits ----

void rf_bus_flush_soon(struct rf_bus *bus) {
    if (bus->pulse.connected)
        rf_timer_after(&bus->flush, rf_ns(0));
}

static void on_flush(void *arg) {
    struct rf_bus *bus = arg;
    if (!bus->pulse.connected)
        return; // the welcome will send it all
    bool all = rf_streams_flush(bus);
    all = rf_watches_flush(bus) && all;
    all = rf_questions_flush(bus) && all;
    all = rf_subscriptions_flush(bus) && all;
    all = rf_calls_flush(bus) && all;
    if (all)
        bus->send_failures = 0;
    else
        rf_timer_after(&bus->flush, rf_retry_backoff(&sending, bus->send_failures++));
}

// ---- questions whose time is over ----

static void watch_expiry(struct rf_bus *bus) {
    struct rf_instant due = rf_pending_due(&bus->questions);
    struct rf_instant call_due = rf_pending_due(&bus->pending_calls);
    if (rf_instant_before(call_due, due))
        due = call_due;
    if (due.ns != INT64_MAX)
        rf_timer_at(&bus->expiry, due);
}

void rf_bus_expect(struct rf_bus *bus, const struct rf_pending_op *op) {
    if (!rf_timer_running(&bus->expiry) || rf_instant_before(op->end.due, bus->expiry.due))
        rf_timer_at(&bus->expiry, op->end.due);
}

static void on_expiry(void *arg) {
    struct rf_bus *bus = arg;
    struct rf_instant now = rf_loop_now(bus->loop);
    struct rf_pending_op *op;
    while ((op = rf_pending_expired(&bus->questions, now)) != NULL) {
        rf_pending_take(&bus->questions, op);
        rf_question_end(op, op->failure != NULL ? op->failure : "timeout");
    }
    while ((op = rf_pending_expired(&bus->pending_calls, now)) != NULL) {
        if (rf_call_press(bus, op))
            continue;
        rf_pending_take(&bus->pending_calls, op);
        if (op->failure != NULL)
            rf_call_end(op, op->failure, "the request was not sent");
        else
            rf_call_end(op, "deadline_exceeded", "no reply came before the deadline");
    }
    watch_expiry(bus);
}

// ---- the connection's life ----

static void lose_questions(struct rf_bus *bus) {
    struct rf_pending_op *op;
    rf_pending_broke(&bus->questions);
    while ((op = rf_pending_lost(&bus->questions)) != NULL) {
        rf_pending_take(&bus->questions, op);
        rf_question_end(op, "disconnected");
    }
}

// `kept`: the broker was silent, but it is the one that we knew, and it knows us by the same
// connection. What it has sent is under way as before: to ask for a page anew would throw away the
// one that a slow line has carried since.
static void set_up(struct rf_bus *bus, bool kept) {
    rf_streams_reset(bus);
    rf_watches_reset(bus);
    if (!kept)
        rf_subscriptions_reset(bus);
    rf_calls_reset(bus);
    lose_questions(bus);
}

static void on_welcome(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_welcome *welcome = &message->as.welcome;
    bool another = rf_pulse_is_another(&bus->pulse, welcome->broker);
    enum rf_pulse_news news =
        rf_pulse_heard(&bus->pulse, welcome->broker, welcome->registered, rf_loop_now(bus->loop));
    bus->interval = rf_pulse_interval(bus->config->heartbeat, welcome->heartbeat_ns);
    bus->newest = (uint64_t)welcome->last;
    bus->version_trouble[0] = '\0';
    if (news == RF_PULSE_CHANGED) {
        if (another)
            rf_log(RF_LOG_INFO, "the broker was started anew: setting up again");
        else
            rf_log(RF_LOG_WARNING, "the broker does not know us any more: setting up again");
        tell_change(bus, false);
    }
    if (news == RF_PULSE_CAME)
        rf_log(RF_LOG_INFO, "connected to the broker at %s", bus->config->ingest);
    if (news != RF_PULSE_SAME) {
        set_up(bus, !another && !welcome->registered);
        tell_change(bus, true);
        rf_timer_after(&bus->beat, bus->interval);
    }
    rf_subscriptions_tip(bus, (uint64_t)welcome->last, welcome->journal);
    rf_streams_heard(bus, welcome->held);
    if (news != RF_PULSE_SAME)
        rf_bus_flush_soon(bus);
}

static void on_beat(void *arg) {
    struct rf_bus *bus = arg;
    struct rf_instant now = rf_loop_now(bus->loop);
    if (rf_pulse_silent(&bus->pulse, now)) {
        rf_log(RF_LOG_WARNING, "the broker at %s is silent", bus->config->ingest);
        lose_questions(bus);
        tell_change(bus, false);
    }
    if (rf_pulse_waiting(&bus->pulse, now))
        rf_log(RF_LOG_INFO, "waiting for the broker at %s", bus->config->ingest);
    // A hello that cannot be sent is not kept: the next beat says it again.
    struct rf_hello hello = {.instance = bus->instance, .service = bus->service};
    (void)!rf_bus_send(bus, RF_MESSAGE_hello, &hello);
    if (bus->pulse.connected) {
        rf_streams_tick(bus);
        rf_bus_flush_soon(bus);
    }
    struct rf_duration wait = bus->interval;
    if (!bus->pulse.connected) {
        struct rf_duration look = rf_retry_backoff(&looking, bus->looks++);
        wait = look.ns < wait.ns ? look : wait;
    }
    rf_timer_after(&bus->beat, wait);
}

// ---- dispatch ----

// It is tried on: an upgrade may replace the broker at any moment.
static void refused_for_version(struct rf_bus *bus, const struct rf_refusal *refusal) {
    struct rf_instant now = rf_loop_now(bus->loop);
    bool first = bus->version_trouble[0] == '\0';
    snprintf(bus->version_trouble, sizeof bus->version_trouble,
             "speaks another version of the protocol: %s", refusal->message);
    if (!first && rf_instant_since(now, bus->version_told).ns < VERSION_PAUSE.ns)
        return;
    bus->version_told = now;
    rf_log(RF_LOG_ERROR, "the broker at %s %s; trying on", bus->config->ingest,
           bus->version_trouble);
}

static void on_refusal(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_refusal *refusal = &message->as.refusal;
    if (refusal->rid == NULL && strcmp(refusal->code, "version") == 0) {
        refused_for_version(bus, refusal);
        return;
    }
    if (rf_bus_barred(bus, refusal))
        return;
    rf_log(RF_LOG_WARNING, "the broker refused a message: %s: %s", refusal->code, refusal->message);
    struct rf_pending_op *op =
        refusal->rid == NULL ? NULL : rf_pending_find(&bus->questions, refusal->rid);
    if (op != NULL) {
        rf_pending_take(&bus->questions, op);
        rf_question_end(op, refusal->code);
    }
}

static const struct {
    enum rf_message_type type;
    void (*handle)(struct rf_bus *bus, const struct rf_message *message);
} from_ingest[] = {
    {RF_MESSAGE_welcome, on_welcome},
    {RF_MESSAGE_stream_opened, rf_bus_on_stream_opened},
    {RF_MESSAGE_event_ack, rf_bus_on_event_ack},
    {RF_MESSAGE_event_refused, rf_bus_on_event_refused},
    {RF_MESSAGE_journal_page, rf_bus_on_journal_page},
    {RF_MESSAGE_state_reply, rf_bus_on_state_reply},
    {RF_MESSAGE_state_change, rf_bus_on_state_change},
    {RF_MESSAGE_status_reply, rf_bus_on_status_reply},
    {RF_MESSAGE_breaker_controlled, rf_bus_on_breaker_controlled},
    {RF_MESSAGE_refusal, on_refusal},
};

static void dispatch(struct rf_bus *bus, struct rf_parts *parts) {
    if (rf_subscriptions_page(bus, parts))
        return;
    struct rf_message *message = rf_message_read(parts);
    for (size_t i = 0; message != NULL && i < sizeof from_ingest / sizeof *from_ingest; i++)
        if (from_ingest[i].type == message->type)
            from_ingest[i].handle(bus, message);
    rf_message_destroy(&message);
}

static void on_ingest(void *arg, zsock_t *socket) {
    struct rf_bus *bus = arg;
    struct rf_parts parts;
    for (int i = 0; i < MESSAGES_PER_PASS && rf_socket_receive(bus->loop, socket, &parts); i++) {
        dispatch(bus, &parts);
        rf_parts_free(&parts);
    }
}

// ---- birth and death ----

struct rf_handshake *rf_bus_handshake(struct rf_bus *bus, zsock_t *const *socket) {
    return &bus->handshakes[socket == &bus->ingest ? 0 : socket == &bus->calls ? 1 : 2];
}

static void close_socket(struct rf_bus *bus, zsock_t **socket) {
    rf_handshake_end(rf_bus_handshake(bus, socket));
    if (*socket != NULL)
        rf_loop_socket_remove(bus->loop, *socket);
    zsock_destroy(socket);
}

enum rf_err rf_bus_connect(struct rf_bus *bus, int type, const char *endpoint, zsock_t **socket,
                           rf_loop_socket_fn *fn, struct rf_error *error) {
    enum rf_err err = rf_socket_connect(type, endpoint, &bus->keys, socket, error);
    if (err != RF_OK)
        return err;
    err = rf_handshake_watch(rf_bus_handshake(bus, socket), bus->loop, *socket, endpoint,
                             &bus->keys, error);
    // The key lacks one role there; what is asked for by the others is refused as well, and told.
    rf_bus_handshake(bus, socket)->untold = socket == &bus->events && bus->barred != NULL;
    if (err == RF_OK && (err = rf_loop_socket_add(bus->loop, *socket, fn, bus)) != RF_OK)
        rf_error_set(error, err, "out of memory");
    if (err != RF_OK)
        close_socket(bus, socket);
    return err;
}

enum rf_err rf_bus_new(struct rf_loop *loop, const struct rf_bus_config *config,
                       const char *service, const char *instance, struct rf_bus **out,
                       struct rf_error *error) {
    struct rf_bus *bus = calloc(1, sizeof *bus);
    enum rf_err err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    *out = NULL;
    if (bus == NULL)
        return err;
    bus->loop = loop;
    bus->config = config;
    bus->service = service;
    bus->instance = instance;
    bus->interval = rf_pulse_interval(config->heartbeat, config->heartbeat.ns);
    rf_portion_init(&bus->portion, RF_WIRE_EVENT_BYTES);
    rf_timer_init(&bus->beat, loop, on_beat, bus);
    rf_timer_init(&bus->flush, loop, on_flush, bus);
    rf_timer_init(&bus->expiry, loop, on_expiry, bus);
    rf_pulse_init(&bus->pulse, rf_ns(config->heartbeat.ns * config->heartbeat_misses),
                  rf_loop_now(loop));
    if (rf_pending_init(&bus->questions) != RF_OK || rf_pending_init(&bus->pending_calls) != RF_OK)
        goto cleanup;
    err = rf_socket_keys_load(config, service, true, &bus->keys, error);
    if (err == RF_OK)
        err = rf_bus_connect(bus, ZMQ_DEALER, config->ingest, &bus->ingest, on_ingest, error);
    if (err == RF_OK)
        err = rf_stream_new(bus, instance, 1, NULL, NULL, &bus->own_stream, error);
    if (err != RF_OK)
        goto cleanup;
    rf_timer_after(&bus->beat, rf_ns(0));
    *out = bus;
    return RF_OK;
cleanup:
    rf_bus_destroy(&bus);
    return err;
}

void rf_bus_destroy(struct rf_bus **out) {
    struct rf_bus *bus = *out;
    if (bus == NULL)
        return;
    *out = NULL;
    rf_timer_stop(&bus->beat);
    rf_timer_stop(&bus->flush);
    rf_timer_stop(&bus->expiry);
    rf_subscriptions_fini(bus);
    rf_page_fini(&bus->page);
    rf_hearers_fini(bus);
    rf_watches_fini(bus);
    rf_streams_fini(bus);
    rf_pending_fini(&bus->questions);
    rf_pending_fini(&bus->pending_calls);
    close_socket(bus, &bus->ingest);
    close_socket(bus, &bus->calls);
    close_socket(bus, &bus->events);
    rf_socket_keys_wipe(&bus->keys);
    free(bus);
}
