// What workers say: registration, credit, replies, outcomes, permits; and what they are told of the
// breakers.
#include "core.h"

#include <string.h>

// The worker behind a peer, heard of; one that is not registered is told so.
static struct rf_seat *seat_of(struct rf_core *core, const struct rf_peer *from) {
    struct rf_seat *seat = rf_seats_by_peer(&core->dispatch.seats, from);
    if (seat != NULL) {
        rf_seats_hear(&core->dispatch.seats, seat);
        return seat;
    }
    core->ground.counters.workers_unknown++;
    struct rf_worker_unknown unknown = {0};
    rf_ground_send(&core->ground, from, RF_MESSAGE_worker_unknown, &unknown);
    return NULL;
}

static void push(struct rf_core *core, const struct rf_seat *seat, struct rf_breaker_view *views,
                 size_t count) {
    struct rf_breaker_states states = {.breakers = {views, count}};
    rf_ground_send(&core->ground, &seat->peer, RF_MESSAGE_breaker_states, &states);
}

static bool behind(const struct rf_authority *authority,
                   const struct rf_worker_heartbeat *heartbeat) {
    for (size_t i = 0; i < heartbeat->breakers.count; i++) {
        const struct rf_breaker_view *view = &heartbeat->breakers.items[i];
        for (size_t k = 0; k < authority->count; k++) {
            const struct rf_guard *guard = &authority->guards[k];
            if (strcmp(guard->provider, view->service) == 0 && view->epoch < guard->breaker.epoch)
                return true;
        }
    }
    return false;
}

static void push_all(struct rf_core *core, const struct rf_seat *seat) {
    struct rf_breaker_view views[RF_AUTHORITY_MAX];
    for (size_t i = 0; i < core->authority.count; i++)
        views[i] = rf_authority_view(&core->authority.guards[i]);
    push(core, seat, views, core->authority.count);
}

void rf_on_worker_heartbeat(struct rf_core *core, const struct rf_peer *from,
                            struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_worker_heartbeat *heartbeat = &(*message)->as.worker_heartbeat;
    enum rf_seat_news news;
    struct rf_seat *seat = rf_dispatch_heartbeat(&core->dispatch, from, heartbeat, &news);
    if (seat == NULL) {
        rf_ground_refuse(&core->ground, from, NULL, "full", "too many workers");
        return;
    }
    rf_authority_learn(&core->authority, heartbeat->breakers.items, heartbeat->breakers.count);
    struct rf_worker_welcome welcome = {
        .broker = core->ground.instance,
        .heartbeat_ns = core->ground.heartbeat.ns,
        .lease_ns = core->ground.lease.ns,
        .registered = news == RF_SEAT_NEW,
    };
    rf_ground_send(&core->ground, from, RF_MESSAGE_worker_welcome, &welcome);
    // A push may have been lost with a connection, or to a full socket: the heartbeat tells.
    if (news != RF_SEAT_KNOWN || behind(&core->authority, heartbeat))
        push_all(core, seat);
    rf_dispatch_pump(&core->dispatch, seat);
}

void rf_on_worker_credit(struct rf_core *core, const struct rf_peer *from,
                         struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_worker_credit *credit = &(*message)->as.worker_credit;
    struct rf_seat *seat = seat_of(core, from);
    if (seat == NULL)
        return;
    rf_seats_credit(seat, credit->service, credit->released, credit->waiting);
    rf_dispatch_pump(&core->dispatch, seat);
}

void rf_on_worker_handback(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat != NULL)
        rf_dispatch_handback(&core->dispatch, seat, message);
}

void rf_on_call_reply(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                      size_t size) {
    rf_dispatch_reply(&core->dispatch, seat_of(core, from), message, size);
}

void rf_on_worker_bye(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                      size_t size) {
    (void)size;
    struct rf_seat *seat = rf_seats_by_peer(&core->dispatch.seats, from);
    if (seat != NULL && strcmp(seat->instance, (*message)->as.worker_bye.instance) == 0)
        rf_seats_lose(&core->dispatch.seats, seat);
}

void rf_on_worker_outcomes(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat == NULL)
        return;
    rf_authority_outcomes(&core->authority, seat, &(*message)->as.worker_outcomes);
    struct rf_worker_outcomes_ack ack = {.seq = seat->outcome_seq};
    rf_ground_send(&core->ground, from, RF_MESSAGE_worker_outcomes_ack, &ack);
}

void rf_on_permit_request(struct rf_core *core, const struct rf_peer *from,
                          struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat != NULL)
        rf_authority_permit(&core->authority, seat, &(*message)->as.permit_request);
}

void rf_core_worker_lost(void *arg, const struct rf_seat *seat) {
    struct rf_core *core = arg;
    rf_authority_release(&core->authority, seat->instance);
}

// ---- what is told of a breaker ----

static json_t *text_or_null(const char *text) {
    return text[0] != '\0' ? json_string(text) : json_null();
}

void rf_core_tell_breaker(struct rf_core *core, const struct rf_guard *guard) {
    struct rf_breaker_view view = rf_authority_view(guard);
    json_t *value = json_pack("{s:s, s:I, s:I, s:I, s:s}", "state", view.state, "epoch",
                              (json_int_t)view.epoch, "until", (json_int_t)view.until, "since",
                              (json_int_t)view.since, "cause", view.cause);
    char key[128];
    snprintf(key, sizeof key, "breaker/%s", guard->provider);
    struct rf_state_entry entry;
    if (value == NULL || rf_states_put(&core->states, key, value, 0, &entry) != RF_OK)
        core->ground.counters.state_refused++;
    json_decref(value);
}

static enum rf_event_type event_of(enum rf_breaker_state state) {
    switch (state) {
    case RF_BREAKER_OPEN:
        return RF_EVENT_BREAKER_OPENED;
    case RF_BREAKER_HALF_OPEN:
        return RF_EVENT_BREAKER_HALF_OPEN;
    case RF_BREAKER_CLOSED:
        break;
    }
    return RF_EVENT_BREAKER_CLOSED;
}

static void publish_transition(struct rf_core *core, const struct rf_guard *guard,
                               const struct rf_breaker_transition *transition) {
    enum rf_event_type type = event_of(transition->to);
    json_t *data = json_pack(
        "{s:s, s:I, s:I, s:I, s:s, s:o, s:I}", "from", rf_breaker_state_name(transition->from),
        "epoch", (json_int_t)transition->epoch, "until", (json_int_t)guard->until.ns, "failures",
        (json_int_t)transition->failures, "cause", rf_breaker_cause_name(transition->cause),
        "last_error", text_or_null(guard->last_error), "held_ns", (json_int_t)transition->held.ns);
    struct rf_event event = {
        .severity = rf_event_severity(type),
        .type = rf_event_type_name(type),
        .subject = guard->provider,
        .service = guard->provider,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
}

// First the fleet, then the record: a gateway that begins a call meanwhile is what this is for.
void rf_core_breaker_changed(void *arg, const struct rf_guard *guard,
                             const struct rf_breaker_transition *transition) {
    struct rf_core *core = arg;
    struct rf_breaker_view view = rf_authority_view(guard);
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->dispatch.seats.by_instance, node)) != NULL)
        push(core, RF_OWNER(node, struct rf_seat, by_instance), &view, 1);
    rf_core_tell_breaker(core, guard);
    // A restarted broker that learns the state from its gateways has no news for anybody.
    if (transition->cause != RF_BREAKER_CAUSE_RESTORED)
        publish_transition(core, guard, transition);
}
