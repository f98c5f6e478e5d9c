#include "core.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rights.h"
#include "wire/request.h"

#define PROBE_INTERVAL (100 * RF_NS_PER_MS)

// ---- what comes on which socket ----

#define ON(socket) (1u << (socket))

static void on_call_request(struct rf_core *core, const struct rf_peer *from,
                            const struct rf_glance *glance) {
    const struct rf_call_request_glance *request = &glance->as.call_request;
    struct rf_error error;
    if (rf_wire_request_check(request, glance->raw.size, &error) == RF_OK) {
        rf_dispatch_request(&core->dispatch, from, glance);
        return;
    }
    char rid[RF_CALL_ID_BYTES + 1] = "";
    bool whole = request->id.size <= RF_CALL_ID_BYTES;
    if (whole)
        memcpy(rid, request->id.bytes, request->id.size);
    rf_ground_refuse(&core->ground, from, whole ? rid : NULL, "invalid", error.message);
}

static void on_call_cancel(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    rf_dispatch_cancel(&core->dispatch, from, (*message)->as.call_cancel.id);
}

static void on_hello(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size);
static void on_status_request(struct rf_core *core, const struct rf_peer *from,
                              struct rf_message **message, size_t size);

// Those of which there is one a call come first, and are seen in the frame itself.
static const struct route {
    enum rf_message_type type;
    unsigned sockets;
    rf_handler_fn *handler;
    rf_glance_fn *glanced; // if it is read at a glance
} routes[] = {
    {RF_MESSAGE_call_request, ON(RF_SOCKET_CALLS), NULL, on_call_request},
    {RF_MESSAGE_call_reply, ON(RF_SOCKET_WORKERS), NULL, rf_on_call_reply},
    {RF_MESSAGE_worker_credit, ON(RF_SOCKET_WORKERS), NULL, rf_on_worker_credit},

    {RF_MESSAGE_call_cancel, ON(RF_SOCKET_CALLS), on_call_cancel, NULL},
    {RF_MESSAGE_status_request, ON(RF_SOCKET_CALLS) | ON(RF_SOCKET_INGEST), on_status_request,
     NULL},
    {RF_MESSAGE_breaker_control, ON(RF_SOCKET_CALLS) | ON(RF_SOCKET_INGEST), rf_on_breaker_control,
     NULL},

    {RF_MESSAGE_worker_heartbeat, ON(RF_SOCKET_WORKERS), rf_on_worker_heartbeat, NULL},
    {RF_MESSAGE_worker_recalled, ON(RF_SOCKET_WORKERS), rf_on_worker_recalled, NULL},
    {RF_MESSAGE_worker_handback, ON(RF_SOCKET_WORKERS), rf_on_worker_handback, NULL},
    {RF_MESSAGE_worker_bye, ON(RF_SOCKET_WORKERS), rf_on_worker_bye, NULL},
    {RF_MESSAGE_worker_outcomes, ON(RF_SOCKET_WORKERS), rf_on_worker_outcomes, NULL},
    {RF_MESSAGE_permit_request, ON(RF_SOCKET_WORKERS), rf_on_permit_request, NULL},
    {RF_MESSAGE_limit_demand, ON(RF_SOCKET_WORKERS), rf_on_limit_demand, NULL},

    {RF_MESSAGE_hello, ON(RF_SOCKET_INGEST), on_hello, NULL},
    {RF_MESSAGE_stream_open, ON(RF_SOCKET_INGEST), rf_on_stream_open, NULL},
    {RF_MESSAGE_stream_skip, ON(RF_SOCKET_INGEST), rf_on_stream_skip, NULL},
    {RF_MESSAGE_event_publish, ON(RF_SOCKET_INGEST), rf_on_event_publish, NULL},
    {RF_MESSAGE_journal_read, ON(RF_SOCKET_INGEST), rf_on_journal_read, NULL},
    {RF_MESSAGE_state_get, ON(RF_SOCKET_INGEST), rf_on_state_get, NULL},
    {RF_MESSAGE_state_put, ON(RF_SOCKET_INGEST), rf_on_state_put, NULL},
    {RF_MESSAGE_state_cas, ON(RF_SOCKET_INGEST), rf_on_state_cas, NULL},
    {RF_MESSAGE_state_list, ON(RF_SOCKET_INGEST), rf_on_state_list, NULL},
    {RF_MESSAGE_state_watch, ON(RF_SOCKET_INGEST), rf_on_state_watch, NULL},
    {RF_MESSAGE_state_unwatch, ON(RF_SOCKET_INGEST), rf_on_state_unwatch, NULL},
};

static bool is_permitted(struct rf_core *core, const struct rf_peer *from,
                         const struct rf_message *message) {
    struct rf_error error;
    if (rf_rights_check(from, message, &error) == RF_OK)
        return true;
    core->ground.counters.messages_no_role++;
    rf_ground_refuse(&core->ground, from, rf_rights_question(message), "not_allowed",
                     error.message);
    return false;
}

static const struct route *route_of(enum rf_message_type type, enum rf_socket socket) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (routes[i].type == type && (routes[i].sockets & ON(socket)) != 0)
            return &routes[i];
    return NULL;
}

// What was due before a message came has happened before it.
static void run_due(struct rf_core *core, const struct rf_now *now) {
    core->ground.now = *now;
    rf_ground_run(&core->ground);
}

bool rf_core_glance(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                    const struct rf_glance *glance) {
    const struct route *route = route_of(glance->type, from->socket);
    if (route == NULL || !rf_rights_suffice(from, rf_rights_of(glance->type)))
        return false;
    run_due(core, now);
    route->glanced(core, from, glance);
    return true;
}

// A message that is as good as one of our own encoder, and written in another way.
static void glance_anew(struct rf_core *core, const struct route *route, const struct rf_peer *from,
                        const struct rf_message *message) {
    struct rf_frame frame;
    struct rf_glance glance;
    struct rf_error error;
    if (rf_wire_glance_anew(message, &frame, &glance, &error) == RF_OK)
        route->glanced(core, from, &glance);
    else
        rf_ground_refuse(&core->ground, from, rf_rights_question(message), "overloaded",
                         error.message);
    rf_frame_free(&frame);
}

void rf_core_receive(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                     struct rf_message **message, size_t size) {
    run_due(core, now);
    const struct route *route = route_of((*message)->type, from->socket);
    if (route == NULL) {
        core->ground.counters.messages_not_allowed++;
        char text[128];
        snprintf(text, sizeof text, "%s is not for this socket",
                 rf_message_type_name((*message)->type));
        rf_ground_refuse(&core->ground, from, rf_rights_question(*message), "not_allowed", text);
        return;
    }
    if (!is_permitted(core, from, *message))
        return;
    if (route->glanced != NULL)
        glance_anew(core, route, from, *message);
    else
        route->handler(core, from, message, size);
}

void rf_core_undecodable(struct rf_core *core, const struct rf_now *now, const struct rf_peer *from,
                         const char *rid, const struct rf_error *error) {
    core->ground.now = *now;
    const char *code = "malformed";
    switch (error->code) {
    case RF_ERR_NOT_FOUND:
        core->ground.counters.messages_unknown_type++;
        code = "unknown_type";
        break;
    case RF_ERR_CONFLICT:
        core->ground.counters.messages_wrong_version++;
        code = "version";
        break;
    case RF_ERR_NOMEM:
        code = "overloaded";
        break;
    default:
        core->ground.counters.messages_malformed++;
    }
    rf_ground_refuse(&core->ground, from, rid, code, error->message);
}

void rf_core_tick(struct rf_core *core, const struct rf_now *now) {
    run_due(core, now);
}

bool rf_core_wake(const struct rf_core *core, struct rf_instant *when) {
    const struct rf_timer *first = rf_timer_heap_first(&core->ground.timers);
    if (first == NULL)
        return false;
    *when = first->due;
    return true;
}

void rf_core_limits(struct rf_core *core, const struct rf_now *now,
                    const struct rf_limit_rules *rules) {
    run_due(core, now);
    rf_limits_change(&core->limits, rules);
}

size_t rf_core_peers(const struct rf_core *core) {
    return core->dispatch.seats.by_instance.count + core->clients.map.count;
}

// ---- clients ----

static struct rf_welcome welcome_of(const struct rf_core *core, bool registered) {
    return (struct rf_welcome){
        .broker = core->ground.instance,
        .heartbeat_ns = core->ground.heartbeat.ns,
        .first = core->kept.trimmed + 1,
        .last = core->journal.durable,
        .registered = registered,
        .held = core->scribe.held,
        .journal = core->lineage.id,
        .lease_ns = core->ground.lease.ns,
    };
}

static void on_hello(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    bool registered;
    struct rf_client *client =
        rf_clients_hello(&core->clients, from, &(*message)->as.hello, &registered);
    if (client == NULL) {
        rf_ground_refuse(&core->ground, from, NULL, "full", "too many clients");
        return;
    }
    struct rf_welcome welcome = welcome_of(core, registered);
    if (rf_ground_send(&core->ground, from, RF_MESSAGE_welcome, &welcome) == RF_SENT_GONE)
        rf_clients_lose(&core->clients, client);
    else
        rf_watchers_heard(&core->watchers, from);
}

static void on_client_lost(void *arg, const struct rf_peer *peer) {
    struct rf_core *core = arg;
    rf_watchers_drop(&core->watchers, peer);
}

static void on_status_request(struct rf_core *core, const struct rf_peer *from,
                              struct rf_message **message, size_t size) {
    (void)size;
    const char *rid = (*message)->as.status_request.rid;
    json_t *status = rf_core_status(core);
    struct rf_status_reply reply = {.rid = rid, .status = status};
    if (status == NULL)
        rf_ground_refuse(&core->ground, from, rid, "overloaded", "out of memory");
    else
        rf_ground_send(&core->ground, from, RF_MESSAGE_status_reply, &reply);
    json_decref(status);
}

// ---- its own life ----

// Calls that wait for a worker, and changes that the disk has not taken yet.
static json_t *waiting_json(const struct rf_core *core) {
    int64_t calls = 0;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->dispatch.seats.queues, node)) != NULL) {
        const struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        calls += (int64_t)queue->count + (int64_t)queue->held_count;
    }
    return json_pack("{s:I, s:I}", "calls", (json_int_t)calls, "unwritten",
                     (json_int_t)(core->scribe.given - core->scribe.written));
}

static void write_entry(struct rf_core *core) {
    json_t *value =
        json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:s, s:I, s:I, s:o}", "service", "broker", "pid",
                  (json_int_t)core->pid, "host", core->host, "version", core->version, "protocol",
                  RF_WIRE_WRITTEN, "started", (json_int_t)core->started.ns, "state", core->phase,
                  "rss_bytes", (json_int_t)core->load.rss_bytes, "lag_ns",
                  (json_int_t)core->load.lag_ns, "queues", waiting_json(core));
    char key[RF_STATE_KEY_BYTES + 1];
    snprintf(key, sizeof key, "process/%s", core->ground.instance);
    struct rf_state_entry entry;
    if (value == NULL || rf_states_put(&core->states, key, value, 0, &entry) != RF_OK)
        core->ground.counters.state_refused++;
    json_decref(value);
}

void rf_core_tell_phase(struct rf_core *core, const char *phase) {
    core->phase = phase;
    write_entry(core);
}

void rf_core_tell_load(struct rf_core *core, const struct rf_load *load, const struct rf_now *now) {
    core->ground.now = *now;
    core->load = *load;
    write_entry(core);
}

static void publish_life(struct rf_core *core, enum rf_event_type type) {
    json_t *data = json_pack("{s:s, s:I, s:s}", "service", "broker", "pid", (json_int_t)core->pid,
                             "version", core->version);
    struct rf_event event = {
        .severity = rf_event_severity(type),
        .type = rf_event_type_name(type),
        .subject = core->ground.instance,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
}

void rf_core_ready(struct rf_core *core, const struct rf_now *now) {
    core->ground.now = *now;
    rf_core_tell_phase(core, "ready");
    publish_life(core, RF_EVENT_PROCESS_READY);
}

// A peer that has left is known by a message that cannot be routed to it any more: by one that
// says nothing new, and on any other socket than ingest is skipped.
static bool is_there(struct rf_core *core, const struct rf_peer *peer) {
    struct rf_welcome welcome = welcome_of(core, false);
    return rf_ground_send(&core->ground, peer, RF_MESSAGE_welcome, &welcome) != RF_SENT_GONE;
}

// A REQ socket would take it for its reply.
static bool on_there(void *arg, const struct rf_peer *client) {
    return client->delimited || is_there(arg, client);
}

static void on_probe(void *arg) {
    struct rf_core *core = arg;
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&core->clients.map, NULL); node != NULL; node = next) {
        next = rf_map_next(&core->clients.map, node);
        struct rf_client *client = RF_OWNER(node, struct rf_client, by_identity);
        if (!is_there(core, &client->peer))
            rf_clients_lose(&core->clients, client);
    }
    rf_ground_start(&core->ground, &core->probe,
                    rf_instant_add(core->ground.now.instant, rf_ns(PROBE_INTERVAL)));
}

void rf_core_drain(struct rf_core *core, const struct rf_now *now) {
    core->ground.now = *now;
    rf_core_tell_phase(core, "draining");
    on_probe(core);
}

void rf_core_stopped(struct rf_core *core, const struct rf_now *now) {
    core->ground.now = *now;
    rf_subscribers_flush(&core->subscribers);
    publish_life(core, RF_EVENT_PROCESS_STOPPED);
}

// ---- beginning and end ----

static void on_streams_timer(void *arg) {
    struct rf_core *core = arg;
    struct rf_instant when;
    rf_stream_book_expire(&core->streams, core->ground.now.instant);
    if (rf_stream_book_wake(&core->streams, &when))
        rf_ground_start(&core->ground, &core->streams_timer, when);
}

static void init_parts(struct rf_core *core, const struct rf_core_settings *settings) {
    struct rf_ground *ground = &core->ground;
    rf_scribe_init(&core->scribe, ground, settings->waiting_events, settings->waiting_bytes);
    TAILQ_INIT(&core->renewals);
    rf_stream_book_init(&core->streams, settings->stream_idle, settings->found.stream,
                        rf_core_stream_forgotten, core);
    core->streams.rows.seed = core->streams.owners.seed = ground->seed;
    rf_ground_timer(&core->streams_timer, on_streams_timer, core);
    rf_ground_timer(&core->probe, on_probe, core);
    rf_ground_timer(&core->acknowledging, rf_core_acknowledge, core);
    rf_ground_timer(&core->redispatch, rf_core_redispatch, core);
    rf_ground_timer(&core->roster, rf_roster_close, core);
    rf_journal_init(&core->journal, settings->memory_events, settings->memory_bytes,
                    settings->found.last, settings->found.trimmed);
    rf_lineage_init(&core->lineage, settings->found.journal, settings->found.start);
    core->kept.trimmed = settings->found.trimmed;
    core->taken_at = settings->found.at;
    rf_states_init(&core->states, ground, settings->state_entries, settings->found.version,
                   rf_core_state_changed, core);
    core->spared = INT64_MAX;
    rf_subscribers_init(&core->subscribers, ground, &core->states, &core->scribe,
                        settings->subscriber_idle);
    rf_watchers_init(&core->watchers, ground, &core->states);
    rf_clients_init(&core->clients, ground, on_client_lost, core);
    struct rf_dispatch_hooks hooks = {rf_core_worker_lost, on_there, core};
    rf_dispatch_init(&core->dispatch, ground, &settings->calls, &hooks);
    rf_authority_init(&core->authority, ground, &core->dispatch.seats, rf_core_breaker_changed,
                      rf_core_barred, core);
    for (size_t i = 0; i < settings->guard_count; i++)
        (void)rf_authority_add(&core->authority, settings->guards[i].provider,
                               &settings->guards[i].policy, &settings->guards[i].ejection);
    rf_limits_init(&core->limits, ground, &core->states);
    for (size_t i = 0; i < settings->account_count; i++)
        (void)rf_limits_add(&core->limits, &settings->accounts[i]);
}

struct rf_core *rf_core_new(const struct rf_core_settings *settings, const struct rf_sink *sink,
                            const struct rf_now *now) {
    struct rf_core *core = calloc(1, sizeof *core);
    if (core == NULL)
        return NULL;
    core->ground = (struct rf_ground){
        .now = *now,
        .sink = *sink,
        .instance = settings->instance,
        .seed = settings->seed,
        .heartbeat = settings->heartbeat,
        .lease = rf_ns(settings->heartbeat.ns * settings->heartbeat_misses),
    };
    core->host = settings->host;
    core->version = settings->version;
    core->pid = settings->pid;
    core->started = now->utc;
    init_parts(core, settings);
    return core;
}

void rf_core_destroy(struct rf_core **core) {
    if (*core == NULL)
        return;
    rf_limits_fini(&(*core)->limits);
    rf_authority_fini(&(*core)->authority);
    rf_dispatch_fini(&(*core)->dispatch);
    rf_clients_fini(&(*core)->clients);
    rf_watchers_fini(&(*core)->watchers);
    rf_subscribers_fini(&(*core)->subscribers);
    rf_states_fini(&(*core)->states);
    rf_scribe_fini(&(*core)->scribe);
    rf_journal_fini(&(*core)->journal);
    rf_lineage_fini(&(*core)->lineage);
    rf_stream_book_fini(&(*core)->streams);
    rf_timer_heap_fini(&(*core)->ground.timers);
    free(*core);
    *core = NULL;
}
