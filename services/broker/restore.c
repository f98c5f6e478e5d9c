// What earlier brokers left on disk, brought back: their starts, streams, values, the newest
// events; and from the values the circuit breakers.
#include "core.h"
#include "roster.h"

#include <string.h>

enum rf_err rf_core_restore_stream(struct rf_core *core, int64_t number, const char *name,
                                   int64_t last, const char *owner, struct rf_utc heard) {
    const struct rf_now *now = &core->ground.now;
    struct rf_duration silent = rf_utc_since(now->utc, heard);
    // A clock that was set back makes no stream live longer than one that is heard of now.
    if (silent.ns < 0)
        silent.ns = 0;
    return rf_stream_book_restore(&core->streams, number, name, last, owner,
                                  rf_instant_add(now->instant, rf_ns(-silent.ns)));
}

// Whoever reads under a durable name had nobody to tell so while no broker was there.
static struct rf_utc lease_end(const struct rf_core *core, const char *key, struct rf_utc expires) {
    struct rf_utc least = rf_utc_add(core->ground.now.utc, RF_SUBSCRIBER_GRACE);
    bool durable = strncmp(key, RF_SUBSCRIBER_PREFIX, strlen(RF_SUBSCRIBER_PREFIX)) == 0;
    return durable && expires.ns != 0 && expires.ns < least.ns ? least : expires;
}

enum rf_err rf_core_restore_value(struct rf_core *core, const char *key, int64_t version,
                                  const char *json, size_t size, struct rf_utc expires) {
    json_t *value = json_loadb(json, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (value == NULL)
        return RF_ERR_INVALID;
    enum rf_err err =
        rf_states_restore(&core->states, key, version, value, lease_end(core, key, expires));
    json_decref(value);
    return err;
}

enum rf_err rf_core_restore_start(struct rf_core *core, const char *start, int64_t reached) {
    return rf_lineage_add(&core->lineage, start, reached);
}

enum rf_err rf_core_restore_event(struct rf_core *core, int64_t n, const char *topic,
                                  const void *frame, size_t size) {
    return rf_journal_restore(&core->journal, n, topic, frame, size);
}

// ---- breakers ----

static const char *text_of(const json_t *value, const char *name) {
    const char *text = json_string_value(json_object_get(value, name));
    return text != NULL ? text : "";
}

static int64_t number_of(const json_t *value, const char *name) {
    return json_integer_value(json_object_get(value, name));
}

// As rf_core_tell_breaker has written it. What the breaker itself decided is taken, which is not
// what callers had to obey when it only observes. What is left of OPEN is bounded by the breaker.
static void restore_breaker(struct rf_core *core, struct rf_guard *guard) {
    char key[RF_STATE_KEY_BYTES + 1];
    snprintf(key, sizeof key, "breaker/%s", guard->provider);
    const struct rf_state_row *row = rf_states_find(&core->states, key);
    if (row == NULL)
        return;
    json_t *stored = json_incref(row->value);
    const char *force = text_of(stored, "force");
    struct rf_breaker_view view = {
        .service = guard->provider,
        .state = text_of(stored, "decided"),
        .epoch = number_of(stored, "epoch"),
        .until = number_of(stored, "decided_until"),
        .force = strcmp(force, "none") != 0 ? force : NULL,
        .force_until = number_of(stored, "force_until"),
        .force_who = text_of(stored, "force_who"),
        .force_why = text_of(stored, "force_why"),
    };
    rf_authority_learn(&core->authority, &view, 1);
    if (guard->breaker.epoch == view.epoch && number_of(stored, "since") > 0)
        guard->since = (struct rf_utc){number_of(stored, "since")};
    json_decref(stored);
}

// ---- the registry ----

// A process that is there renews its entry; only a broker's own has no lease. One that is left is
// of a broker that was killed.
static void forget_brokers(struct rf_core *core) {
    const struct rf_map_node *node = rf_map_next(&core->states.rows, NULL);
    while (node != NULL) {
        const struct rf_state_row *row = RF_OWNER(node, struct rf_state_row, by_key);
        node = rf_map_next(&core->states.rows, node);
        if (row->expires.ns == 0 && strncmp(row->key, "process/", strlen("process/")) == 0)
            rf_states_delete(&core->states, row->key);
    }
}

void rf_core_begin(struct rf_core *core) {
    rf_core_subscribers_begin(core);
    rf_ground_run(&core->ground); // leases that ended while no broker was there
    forget_brokers(core);
    for (size_t i = 0; i < core->authority.count; i++) {
        restore_breaker(core, &core->authority.guards[i]);
        rf_core_tell_breaker(core, &core->authority.guards[i]);
    }
    rf_core_restore_ejections(core);
    rf_limits_restore(&core->limits);
    rf_roster_load(core);
    rf_core_tell_phase(core, "starting");
    rf_core_watch_idle(core);
}
