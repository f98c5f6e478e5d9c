// What the world is told of gateways that are kept from a provider: they themselves first, then the
// record, then the calls.
#include "core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_TEMPLATE "ejected/%s/%s"

static bool gathers(const struct rf_core *core) {
    return core->dispatch.grace.place != 0;
}

void rf_core_fleet_changed(struct rf_core *core) {
    rf_authority_recount(&core->authority, gathers(core));
}

// A broker that has lost its state learns from the gateways which of them were ejected. A suspicion
// has ended with the broker that had it: nobody confirmed it.
static void learn(struct rf_core *core, const struct rf_worker_heartbeat *heartbeat) {
    for (size_t i = 0; i < heartbeat->breakers.count; i++) {
        const struct rf_breaker_view *view = &heartbeat->breakers.items[i];
        if (!view->suspected)
            rf_authority_eject_again(&core->authority, view->service, heartbeat->instance, 1,
                                     (struct rf_utc){view->ejected_until});
    }
}

void rf_core_fleet_heard(struct rf_core *core, struct rf_seat *seat,
                         const struct rf_worker_heartbeat *heartbeat, enum rf_seat_news news) {
    if (news == RF_SEAT_NEW && gathers(core))
        learn(core, heartbeat);
    if (rf_authority_offers(&core->authority, seat, heartbeat) || core->recount)
        rf_core_fleet_changed(core);
    core->recount = gathers(core);
}

void rf_core_redispatch(void *arg) {
    struct rf_core *core = arg;
    rf_dispatch_pump_all(&core->dispatch);
}

// ---- marks ----

// A name that is not known, a certificate that is not accepted, a proxy that refuses: the gateway
// says so in the mark. What the provider itself has answered needs no second opinion.
bool rf_core_unconfirmed(struct rf_core *core, const struct rf_peer *from,
                         const struct rf_state_cas *cas) {
    static const char prefix[] = "mark/";
    const struct rf_client *client = rf_clients_find(&core->clients, from);
    const char *message = json_string_value(json_object_get(cas->value, "message"));
    if (client == NULL || cas->version != 0 || strncmp(cas->key, prefix, strlen(prefix)) != 0 ||
        !json_is_true(json_object_get(cas->value, "way")))
        return false;
    return !rf_authority_accuse(&core->authority, cas->key + strlen(prefix), client->instance,
                                message != NULL ? message : "");
}

// ---- the record ----

static json_t *value_of(const struct rf_core *core, const struct rf_guard *guard,
                        const struct rf_ejection *ejection) {
    const struct rf_now *now = &core->ground.now;
    struct rf_utc since = rf_utc_add(now->utc, rf_instant_since(ejection->since, now->instant));
    struct rf_utc until = rf_utc_add(now->utc, rf_instant_since(ejection->until, now->instant));
    return json_pack("{s:I, s:I, s:I, s:s}", "since", (json_int_t)since.ns, "until",
                     (json_int_t)until.ns, "times", (json_int_t)ejection->times, "last_error",
                     guard->ejection_error);
}

static void keep(struct rf_core *core, const struct rf_guard *guard,
                 const struct rf_ejection *ejection) {
    char key[RF_STATE_KEY_BYTES + 1];
    struct rf_state_entry entry;
    json_t *value = value_of(core, guard, ejection);
    int64_t left = rf_instant_since(ejection->until, core->ground.now.instant).ns;
    snprintf(key, sizeof key, KEY_TEMPLATE, guard->provider, ejection->instance);
    if (value == NULL || rf_states_put(&core->states, key, value, left, &entry) != RF_OK)
        core->ground.counters.state_refused++;
    json_decref(value);
}

static void forget(struct rf_core *core, const struct rf_guard *guard, const char *instance) {
    char key[RF_STATE_KEY_BYTES + 1];
    struct rf_state_entry entry;
    snprintf(key, sizeof key, KEY_TEMPLATE, guard->provider, instance);
    // Its lease may have ended at this very moment.
    if (rf_states_get(&core->states, key, &entry) == RF_OK)
        (void)!rf_states_cas(&core->states, key, entry.version, NULL, 0, &entry);
}

void rf_core_restore_ejections(struct rf_core *core) {
    static const char prefix[] = "ejected/";
    struct rf_state_entry *entries;
    size_t count;
    if (rf_states_list(&core->states, prefix, &entries, &count) != RF_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        const char *provider = entries[i].key + strlen(prefix), *end = strchr(provider, '/');
        const json_t *value = entries[i].value;
        char name[64];
        if (end == NULL || (size_t)(end - provider) >= sizeof name)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(end - provider), provider);
        rf_authority_eject_again(
            &core->authority, name, end + 1, json_integer_value(json_object_get(value, "times")),
            (struct rf_utc){json_integer_value(json_object_get(value, "until"))});
    }
    free(entries);
}

// ---- the news ----

static json_t *text_or_null(const char *text) {
    return text[0] != '\0' ? json_string(text) : json_null();
}

static void publish(struct rf_core *core, const struct rf_guard *guard, const char *instance,
                    enum rf_event_type type, json_t *data) {
    struct rf_event event = {
        .severity = rf_event_severity(type),
        .type = rf_event_type_name(type),
        .subject = instance,
        .service = guard->provider,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
}

static void publish_ejected(struct rf_core *core, const struct rf_guard *guard,
                            const struct rf_ejection *ejection) {
    const struct rf_now *now = &core->ground.now;
    const struct rf_testimony *said = &guard->jury.said;
    struct rf_utc until = rf_utc_add(now->utc, rf_instant_since(ejection->until, now->instant));
    json_t *evidence =
        json_pack("{s:I, s:I, s:I, s:I}", "failed", (json_int_t)said->failed, "total",
                  (json_int_t)said->total, "others_failed", (json_int_t)said->others_failed,
                  "others_total", (json_int_t)said->others_total);
    publish(core, guard, ejection->instance, RF_EVENT_WORKER_EJECTED,
            json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:I}", "provider", guard->provider, "until",
                      (json_int_t)until.ns, "times", (json_int_t)ejection->times, "last_error",
                      text_or_null(guard->ejection_error), "confirmed_by",
                      text_or_null(guard->confirmed_by), "evidence", evidence, "left",
                      (json_int_t)(guard->fleet.alive - guard->fleet.ejected)));
}

static void publish_readmitted(struct rf_core *core, const struct rf_guard *guard,
                               const struct rf_ejection *ejection, const char *why) {
    int64_t held = rf_instant_since(ejection->until, ejection->since).ns;
    publish(core, guard, ejection->instance, RF_EVENT_WORKER_READMITTED,
            json_pack("{s:s, s:s, s:I, s:I}", "provider", guard->provider, "why", why, "held_ns",
                      (json_int_t)held, "times", (json_int_t)ejection->times));
}

void rf_core_barred(void *arg, struct rf_guard *guard, const char *instance, enum rf_barring what,
                    const struct rf_ejection *ejection, const char *why) {
    struct rf_core *core = arg;
    struct rf_map_node *node = rf_map_find_text(&core->dispatch.seats.by_instance, instance);
    struct rf_seat *seat = node == NULL ? NULL : RF_OWNER(node, struct rf_seat, by_instance);
    if (seat != NULL) {
        struct rf_breaker_view view = rf_authority_view_of(guard, instance);
        struct rf_place *place;
        rf_core_push_views(core, seat, &view, 1);
        TAILQ_FOREACH(place, &seat->places, in_seat)
        rf_place_shun(place, rf_authority_shuns(&core->authority, instance, place->uses));
    }
    if (what == RF_BARRED_EJECTED) {
        keep(core, guard, ejection);
        publish_ejected(core, guard, ejection);
    } else if (what == RF_BARRED_READMITTED) {
        forget(core, guard, instance);
        // Who has left meanwhile gets no calls, and is told of as lost.
        if (seat != NULL)
            publish_readmitted(core, guard, ejection, why);
    }
    if (what == RF_BARRED_CLEARED || what == RF_BARRED_READMITTED)
        rf_ground_start(&core->ground, &core->redispatch, core->ground.now.instant);
}
