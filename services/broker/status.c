// How the broker is, for people and programs.
#include "core.h"
#include "keyring.h"

static json_t *offers_of(const struct rf_seat *seat) {
    json_t *offers = json_array();
    const struct rf_place *place;
    TAILQ_FOREACH(place, &seat->places, in_seat) {
        if (place->offered)
            json_array_append_new(
                offers,
                json_pack("{s:s, s:I, s:I, s:I, s:I}", "service", place->queue->service, "capacity",
                          (json_int_t)place->capacity, "credit", (json_int_t)rf_place_credit(place),
                          "waiting", (json_int_t)place->waiting, "sent", (json_int_t)place->sent));
    }
    return offers;
}

// Why nothing, or not everything, is sent to it.
static const char *state_of(const struct rf_seat *seat) {
    if (seat->draining)
        return "draining";
    if (seat->stalled)
        return "stalled"; // it does not read
    return seat->settling || seat->unwritten != 0 ? "registering" : "ready";
}

static json_t *workers_of(const struct rf_core *core) {
    json_t *workers = json_array();
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->dispatch.seats.by_instance, node)) != NULL) {
        const struct rf_seat *seat = RF_OWNER(node, struct rf_seat, by_instance);
        int64_t silent = rf_instant_since(core->ground.now.instant, seat->heard).ns;
        json_array_append_new(workers, json_pack("{s:s, s:s, s:b, s:I, s:I, s:o}", "instance",
                                                 seat->instance, "state", state_of(seat),
                                                 "draining", seat->draining, "in_hand",
                                                 (json_int_t)seat->in_hand, "silent_ns",
                                                 (json_int_t)silent, "offers", offers_of(seat)));
    }
    return workers;
}

// Since its first call was asked for; 0 for an empty one.
static int64_t oldest_ns(const struct rf_core *core, const struct rf_job *first) {
    return first == NULL ? 0 : rf_instant_since(core->ground.now.instant, first->asked).ns;
}

static json_t *queues_of(const struct rf_core *core) {
    json_t *queues = json_array();
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->dispatch.seats.queues, node)) != NULL) {
        const struct rf_job_queue *queue = RF_OWNER(node, struct rf_job_queue, by_service);
        int64_t oldest = oldest_ns(core, rf_job_first(queue));
        int64_t held = oldest_ns(core, TAILQ_FIRST(&queue->held));
        json_array_append_new(
            queues, json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:I}", "service", queue->service,
                              "waiting", (json_int_t)queue->count, "bytes",
                              (json_int_t)queue->bytes, "held", (json_int_t)queue->held_count,
                              "oldest_ns", (json_int_t)(oldest > held ? oldest : held), "live",
                              rf_seats_live(queue), "workers", (json_int_t)queue->live));
    }
    return queues;
}

static json_t *recovery_of(const struct rf_core *core) {
    const struct rf_dispatch *dispatch = &core->dispatch;
    return json_pack("{s:b, s:I, s:I}", "holding", rf_dispatch_recovering(dispatch), "awaited",
                     (json_int_t)dispatch->recovery.awaited, "absent",
                     (json_int_t)dispatch->recovery.absent.count);
}

static json_t *figures_of(const struct rf_breaker_snapshot *now) {
    return json_pack("{s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I}", "total",
                     (json_int_t)now->figures.total, "failed", (json_int_t)now->figures.failed,
                     "timed", (json_int_t)now->figures.timed, "slow", (json_int_t)now->figures.slow,
                     "failure_rate", now->failure_rate, "slow_rate", now->slow_rate, "permits",
                     (json_int_t)now->permits, "recorded", (json_int_t)now->recorded, "late",
                     (json_int_t)now->late, "transitions", (json_int_t)now->transitions, "opened",
                     (json_int_t)now->opened, "reopened", (json_int_t)now->reopened);
}

static int64_t date_of(const struct rf_guard *guard, struct rf_instant when) {
    const struct rf_now *now = &guard->authority->ground->now;
    return rf_utc_add(now->utc, rf_instant_since(when, now->instant)).ns;
}

// Who is kept from the provider, and until when.
static json_t *ejected_of(const struct rf_guard *guard) {
    const struct rf_ejections *ejections = &guard->jury.ejections;
    json_t *ejected = json_array();
    for (size_t i = 0; i < ejections->count; i++) {
        const struct rf_ejection *row = &ejections->rows[i];
        if (row->stands)
            json_array_append_new(ejected,
                                  json_pack("{s:s, s:I, s:I, s:I}", "instance", row->instance,
                                            "since", (json_int_t)date_of(guard, row->since),
                                            "until", (json_int_t)date_of(guard, row->until),
                                            "times", (json_int_t)row->times));
    }
    return ejected;
}

static json_t *breaker_of(struct rf_guard *guard) {
    struct rf_breaker_view view = rf_authority_view(guard);
    struct rf_breaker_snapshot figures = rf_authority_figures(guard);
    return json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:o, s:s, s:I, "
        "s:s, "
        "s:o}",
        "service", view.service, "state", view.state, "epoch", (json_int_t)view.epoch, "until",
        (json_int_t)view.until, "since", (json_int_t)view.since, "cause", view.cause, "failures",
        (json_int_t)figures.figures.failures, "last_error", guard->last_error, "mode", view.mode,
        "decided", rf_breaker_state_name(figures.state), "force",
        rf_breaker_force_name(figures.force), "force_until", (json_int_t)view.force_until,
        "force_who", view.force_who != NULL ? view.force_who : "", "force_why",
        view.force_why != NULL ? view.force_why : "", "figures", figures_of(&figures), "tester",
        guard->breaker.permit != 0 ? guard->holder : "", "gateways", (json_int_t)guard->fleet.alive,
        "suspect", guard->suspect, "ejected", ejected_of(guard));
}

static json_t *breakers_of(struct rf_core *core) {
    json_t *breakers = json_array();
    for (size_t i = 0; i < core->authority.count; i++)
        json_array_append_new(breakers, breaker_of(&core->authority.guards[i]));
    return breakers;
}

static const char *name_of_key(const struct rf_peer *peer) {
    return peer->who != NULL ? peer->who->name : NULL;
}

static json_t *peers_of(const struct rf_core *core) {
    json_t *peers = json_array();
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->clients.map, node)) != NULL) {
        const struct rf_client *client = RF_OWNER(node, struct rf_client, by_identity);
        // Over TCP also whose key it has: the other two are its own words.
        json_array_append_new(peers,
                              json_pack("{s:s, s:s, s:s*}", "instance", client->instance, "service",
                                        client->service, "key", name_of_key(&client->peer)));
    }
    return peers;
}

static json_t *counters_of(const struct rf_core *core) {
    json_t *counters = json_object();
    const struct rf_counters *from = &core->ground.counters;
#define X(name, meaning) json_object_set_new(counters, #name, json_integer((json_int_t)from->name));
    RF_COUNTERS(X)
#undef X
    json_object_set_new(counters, "events_trimmed",
                        json_integer((json_int_t)core->journal.dropped));
    json_object_set_new(counters, "streams_forgotten",
                        json_integer((json_int_t)core->streams.forgotten));
    return counters;
}

static json_t *subscribers_of(const struct rf_core *core) {
    json_t *subscribers = json_array();
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&core->subscribers.map, node)) != NULL) {
        const struct rf_subscriber *subscriber = RF_OWNER(node, struct rf_subscriber, by_name);
        json_array_append_new(
            subscribers,
            json_pack("{s:s, s:I, s:I, s:O, s:s, s:I}", "name", subscriber->name, "taken",
                      (json_int_t)subscriber->taken, "behind",
                      (json_int_t)(core->journal.durable - subscriber->taken), "prefixes",
                      subscriber->prefixes, "instance", subscriber->instance, "silent_ns",
                      (json_int_t)rf_utc_since(core->ground.now.utc, subscriber->heard).ns));
    }
    return subscribers;
}

// "held": publishers are; "since" belongs to the worse of the two.
static json_t *journal_of(const struct rf_core *core) {
    const struct rf_journal *journal = &core->journal;
    const struct rf_scribe *scribe = &core->scribe;
    int64_t since = scribe->failing ? scribe->failing_since.ns : scribe->held_since.ns;
    json_t *memory = json_pack("{s:I, s:I, s:I}", "first", (json_int_t)rf_journal_first(journal),
                               "count", (json_int_t)(journal->count - journal->waiting), "bytes",
                               (json_int_t)(journal->bytes - journal->waiting_bytes));
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:s, s:o, s:I}", "id",
                     core->lineage.id, "first", (json_int_t)core->kept.trimmed + 1, "last",
                     (json_int_t)journal->durable, "count", (json_int_t)core->kept.events, "bytes",
                     (json_int_t)core->kept.bytes, "waiting",
                     (json_int_t)(scribe->given - scribe->written), "waiting_bytes",
                     (json_int_t)scribe->bytes, "held", scribe->held, "failing", scribe->failing,
                     "since", (json_int_t)(scribe->failing || scribe->held ? since : 0), "why",
                     scribe->failing ? scribe->why : "", "memory", memory, "pages_waiting",
                     (json_int_t)core->pages.count);
}

json_t *rf_core_status(struct rf_core *core) {
    json_t *state = json_pack("{s:I, s:I}", "count", (json_int_t)core->states.rows.count, "watches",
                              (json_int_t)core->watchers.count);
    return json_pack(
        "{s:s, s:s, s:i, s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, "
        "s:I, "
        "s:o}",
        "broker", core->ground.instance, "version", core->version, "protocol", RF_WIRE_WRITTEN,
        "pid", (json_int_t)core->pid, "started", (json_int_t)core->started.ns, "phase", core->phase,
        "workers", workers_of(core), "queues", queues_of(core), "recovery", recovery_of(core),
        "breakers", breakers_of(core), "limits", rf_limits_json(&core->limits), "pauses",
        rf_limits_pauses_json(&core->limits), "journal", journal_of(core), "subscribers",
        subscribers_of(core), "streams", (json_int_t)core->streams.rows.count, "peers",
        peers_of(core), "state", state, "answers", (json_int_t)core->dispatch.answers.map.count,
        "counters", counters_of(core));
}
