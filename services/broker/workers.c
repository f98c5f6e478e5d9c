// What workers say: registration, credit, replies, outcomes, permits; and what they are told of the
// breakers.
#include "core.h"
#include "keyring.h"
#include "roster.h"

#include <stdio.h>
#include <string.h>

// An acknowledgement only frees what the worker keeps, which sends again after two seconds: one for
// many outcomes spares both sides a message a call.
#define ACKNOWLEDGE_WITHIN (20 * RF_NS_PER_MS)
#define ACKNOWLEDGE_COUNT  64

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

void rf_core_push_views(struct rf_core *core, const struct rf_seat *seat,
                        struct rf_breaker_view *views, size_t count) {
    struct rf_breaker_states states = {.breakers = {views, count}};
    rf_ground_send(&core->ground, &seat->peer, RF_MESSAGE_breaker_states, &states);
}

// Of a state, or of what keeps this worker itself from a provider.
static bool behind(struct rf_authority *authority, const struct rf_worker_heartbeat *heartbeat) {
    for (size_t i = 0; i < heartbeat->breakers.count; i++) {
        const struct rf_breaker_view *view = &heartbeat->breakers.items[i];
        for (size_t k = 0; k < authority->count; k++) {
            struct rf_guard *guard = &authority->guards[k];
            if (strcmp(guard->provider, view->service) != 0)
                continue;
            struct rf_breaker_view ours = rf_authority_view_of(guard, heartbeat->instance);
            bool barred = view->ejected_until > authority->ground->now.utc.ns;
            // A gateway that does not know of suspicions never says so.
            if (view->epoch < ours.epoch || barred != (ours.ejected_until != 0) ||
                (view->suspected && !ours.suspected))
                return true;
        }
    }
    return false;
}

static void push_all(struct rf_core *core, const struct rf_seat *seat) {
    struct rf_breaker_view views[RF_AUTHORITY_MAX];
    for (size_t i = 0; i < core->authority.count; i++)
        views[i] = rf_authority_view_of(&core->authority.guards[i], seat->instance);
    rf_core_push_views(core, seat, views, core->authority.count);
}

static bool asks_providers(const struct rf_worker_heartbeat *heartbeat) {
    for (size_t i = 0; i < heartbeat->offers.count; i++)
        if (heartbeat->offers.items[i].providers.count > 0)
            return true;
    return false;
}

void rf_on_worker_heartbeat(struct rf_core *core, const struct rf_peer *from,
                            struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_worker_heartbeat *heartbeat = &(*message)->as.worker_heartbeat;
    enum rf_seat_news news;
    struct rf_seat *seat = rf_dispatch_heartbeat(&core->dispatch, from, heartbeat, &news);
    if (seat == NULL) {
        if (news != RF_SEAT_LATE)
            rf_ground_refuse(&core->ground, from, NULL, "full", "too many workers");
        return;
    }
    rf_authority_learn(&core->authority, heartbeat->breakers.items, heartbeat->breakers.count);
    rf_core_fleet_heard(core, seat, heartbeat, news);
    struct rf_worker_welcome welcome = {
        .broker = core->ground.instance,
        .heartbeat_ns = core->ground.heartbeat.ns,
        .lease_ns = core->ground.lease.ns,
        .registered = news == RF_SEAT_NEW,
        .limits = true,
        .moved = news == RF_SEAT_MOVED,
        .seq = heartbeat->seq,
        .registration = seat->registration,
        .connection = seat->connection,
    };
    if (news == RF_SEAT_NEW && asks_providers(heartbeat))
        rf_limits_register(&core->limits, seat->instance); // with the row that is awaited
    if (news == RF_SEAT_NEW)
        rf_roster_enter(core, seat);
    rf_ground_send(&core->ground, from, RF_MESSAGE_worker_welcome, &welcome);
    // A push may have been lost with a connection, or to a full socket: the heartbeat tells.
    if (news != RF_SEAT_KNOWN || behind(&core->authority, heartbeat))
        push_all(core, seat);
    rf_dispatch_pump(&core->dispatch, seat);
}

void rf_on_worker_recalled(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat != NULL)
        rf_dispatch_told(&core->dispatch, seat, &(*message)->as.worker_recalled);
}

void rf_on_worker_credit(struct rf_core *core, const struct rf_peer *from,
                         const struct rf_glance *glance) {
    struct rf_seat *seat = seat_of(core, from);
    if (seat != NULL)
        rf_dispatch_credit(&core->dispatch, seat, &glance->as.worker_credit);
}

void rf_on_worker_handback(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat != NULL)
        rf_dispatch_handback(&core->dispatch, seat, &(*message)->as.worker_handback);
}

void rf_on_call_reply(struct rf_core *core, const struct rf_peer *from,
                      const struct rf_glance *glance) {
    rf_dispatch_reply(&core->dispatch, seat_of(core, from), glance);
}

void rf_on_worker_bye(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                      size_t size) {
    (void)size;
    struct rf_seat *seat = rf_seats_by_peer(&core->dispatch.seats, from);
    if (seat == NULL || strcmp(seat->instance, (*message)->as.worker_bye.instance) != 0)
        return;
    if (seat->in_hand == 0)
        rf_authority_release(&core->authority, seat->instance);
    rf_limits_lose(&core->limits, seat->instance, seat->in_hand == 0);
    seat->left = true;
    rf_seats_lose(&core->dispatch.seats, seat);
}

static void acknowledge(struct rf_core *core, struct rf_seat *seat) {
    struct rf_worker_outcomes_ack ack = {.seq = seat->outcome_seq};
    rf_seats_acknowledged(&core->dispatch.seats, seat);
    rf_ground_send(&core->ground, &seat->peer, RF_MESSAGE_worker_outcomes_ack, &ack);
}

void rf_core_acknowledge(void *arg) {
    struct rf_core *core = arg;
    struct rf_seat *seat;
    while ((seat = rf_seats_owed(&core->dispatch.seats)) != NULL)
        acknowledge(core, seat);
}

void rf_on_worker_outcomes(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat == NULL)
        return;
    const struct rf_worker_outcomes *outcomes = &(*message)->as.worker_outcomes;
    rf_authority_outcomes(&core->authority, seat, outcomes);
    rf_seats_owe(&core->dispatch.seats, seat, outcomes->outcomes.count);
    if (seat->unacknowledged >= ACKNOWLEDGE_COUNT)
        acknowledge(core, seat);
    else if (core->acknowledging.place == 0)
        rf_ground_start(&core->ground, &core->acknowledging,
                        rf_instant_add(core->ground.now.instant, rf_ns(ACKNOWLEDGE_WITHIN)));
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
    rf_limits_lose(&core->limits, seat->instance, false);
    rf_authority_lost(&core->authority, seat->instance);
    rf_core_fleet_changed(core);
    rf_roster_leave(core, seat);
}

void rf_on_limit_demand(struct rf_core *core, const struct rf_peer *from,
                        struct rf_message **message, size_t size) {
    (void)size;
    struct rf_seat *seat = seat_of(core, from);
    if (seat != NULL)
        rf_limits_demand(&core->limits, &seat->peer, seat->instance, &(*message)->as.limit_demand);
}

// ---- what is told of a breaker ----

static json_t *text_or_null(const char *text) {
    return text[0] != '\0' ? json_string(text) : json_null();
}

void rf_core_tell_breaker(struct rf_core *core, const struct rf_guard *guard) {
    struct rf_breaker_view view = rf_authority_view(guard);
    json_t *value = json_pack("{s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s}", "state", view.state,
                              "epoch", (json_int_t)view.epoch, "until", (json_int_t)view.until,
                              "since", (json_int_t)view.since, "cause", view.cause, "mode",
                              view.mode, "force", view.force != NULL ? view.force : "none",
                              "decided", rf_breaker_state_name(guard->breaker.state));
    // The end of what it decided, also when it only observes and holds nothing back.
    if (value != NULL && guard->breaker.state == RF_BREAKER_OPEN)
        (void)json_object_set_new(value, "decided_until", json_integer(guard->until.ns));
    if (value != NULL && view.force != NULL) {
        (void)json_object_set_new(value, "force_until", json_integer(view.force_until));
        (void)json_object_set_new(value, "force_who", json_string(view.force_who));
        (void)json_object_set_new(value, "force_why", json_string(view.force_why));
    }
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

static double share(int64_t part, int64_t whole) {
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static json_t *window_of(const struct rf_breaker_figures *figures) {
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f}", "total", (json_int_t)figures->total,
                     "failed", (json_int_t)figures->failed, "timed", (json_int_t)figures->timed,
                     "slow", (json_int_t)figures->slow, "failure_rate",
                     share(figures->failed, figures->total), "slow_rate",
                     share(figures->slow, figures->timed));
}

static void publish(struct rf_core *core, const struct rf_guard *guard, enum rf_event_type type,
                    json_t *data) {
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

static void publish_transition(struct rf_core *core, const struct rf_guard *guard,
                               const struct rf_breaker_transition *transition) {
    publish(core, guard, event_of(transition->to),
            json_pack("{s:s, s:I, s:I, s:I, s:s, s:o, s:I, s:s, s:s, s:I, s:o}", "from",
                      rf_breaker_state_name(transition->from), "epoch",
                      (json_int_t)transition->epoch, "until", (json_int_t)guard->until.ns,
                      "failures", (json_int_t)transition->failures, "cause",
                      rf_breaker_cause_name(transition->cause), "last_error",
                      text_or_null(guard->last_error), "held_ns", (json_int_t)transition->held.ns,
                      "mode", rf_breaker_mode_name(guard->breaker.policy.mode), "force",
                      rf_breaker_force_name(transition->force), "reopened",
                      (json_int_t)transition->reopened, "window", window_of(&transition->figures)));
}

// What a person decided, and the end of it.
static void publish_force(struct rf_core *core, const struct rf_guard *guard,
                          const struct rf_breaker_transition *transition) {
    enum rf_event_type type = RF_EVENT_BREAKER_FORCED;
    enum rf_breaker_force force = transition->force;
    if (transition->cause == RF_BREAKER_CAUSE_FORCE_ENDED)
        type = RF_EVENT_BREAKER_FORCE_ENDED;
    else if (transition->cause == RF_BREAKER_CAUSE_RESET)
        type = RF_EVENT_BREAKER_RESET;
    if (type != RF_EVENT_BREAKER_FORCED)
        force = guard->forced_before;
    publish(core, guard, type,
            json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I}", "force", rf_breaker_force_name(force),
                      "who", guard->force_who, "why", guard->force_why, "until",
                      (json_int_t)guard->force_until.ns, "from",
                      rf_breaker_state_name(transition->from), "held_ns",
                      (json_int_t)transition->held.ns, "epoch", (json_int_t)transition->epoch));
}

static void publish_change(struct rf_core *core, const struct rf_guard *guard,
                           const struct rf_breaker_transition *transition) {
    switch (transition->cause) {
    case RF_BREAKER_CAUSE_RESTORED: // a restarted broker that learns from its gateways has no news
        return;
    case RF_BREAKER_CAUSE_FORCED_OPEN:
    case RF_BREAKER_CAUSE_FORCED_CLOSED:
    case RF_BREAKER_CAUSE_DISABLED:
    case RF_BREAKER_CAUSE_FORCE_ENDED:
    case RF_BREAKER_CAUSE_RESET:
        publish_force(core, guard, transition);
        break;
    default:
        break;
    }
    if (transition->from != transition->to)
        publish_transition(core, guard, transition);
}

// First the fleet, then the record: a gateway that begins a call meanwhile is what this is for.
void rf_core_breaker_changed(void *arg, struct rf_guard *guard,
                             const struct rf_breaker_transition *transition) {
    struct rf_core *core = arg;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->dispatch.seats.by_instance, node)) != NULL) {
        const struct rf_seat *seat = RF_OWNER(node, struct rf_seat, by_instance);
        struct rf_breaker_view view = rf_authority_view_of(guard, seat->instance);
        rf_core_push_views(core, seat, &view, 1);
    }
    rf_core_tell_breaker(core, guard);
    publish_change(core, guard, transition);
}

void rf_on_breaker_control(struct rf_core *core, const struct rf_peer *from,
                           struct rf_message **message, size_t size) {
    (void)size;
    struct rf_breaker_control control = (*message)->as.breaker_control;
    char expected[256] = "", named[256];
    // Who it was is the peer's own word; whose key it had is not.
    if (from->who != NULL && control.who[0] != '\0') {
        snprintf(named, sizeof named, "key %s: %s", from->who->name, control.who);
        control.who = named;
    }
    const char *code = rf_authority_control(&core->authority, &control, expected, sizeof expected);
    struct rf_breaker_controlled answer = {.rid = control.rid,
                                           .ok = code == NULL,
                                           .code = code,
                                           .message = code == NULL ? NULL : expected};
    rf_ground_send(&core->ground, from, RF_MESSAGE_breaker_controlled, &answer);
}
