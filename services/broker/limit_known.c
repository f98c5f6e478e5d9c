// Which gateways may hold something, over a restart of the broker: a value of retained state each,
// "limits/INSTANCE", from its registration until nothing of it is left. And buckets that were not
// full when the last word about them was said: "bucket/PROVIDER" or "bucket/PROVIDER/KEY", until
// they are; a broker that is killed finds the gateways instead, and begins with empty ones.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limit.h"

#define PREFIX "limits/"

struct instance {
    struct rf_map_node by_name;
    char *name;
};

static bool key_of(const char *instance, char key[RF_STATE_KEY_BYTES + 1]) {
    return snprintf(key, RF_STATE_KEY_BYTES + 1, PREFIX "%s", instance) <= RF_STATE_KEY_BYTES;
}

static void write_state(struct rf_limits *limits, const char *instance, json_t *value) {
    char key[RF_STATE_KEY_BYTES + 1];
    struct rf_state_entry entry = {.version = 0};
    enum rf_err err = RF_ERR_INVALID;
    if (!key_of(instance, key))
        return;
    if (value != NULL)
        err = rf_states_put(limits->states, key, value, 0, &entry);
    else if (rf_states_get(limits->states, key, &entry) == RF_OK)
        err = rf_states_cas(limits->states, key, entry.version, NULL, 0, &entry);
    else
        return;
    if (err != RF_OK)
        limits->ground->counters.state_refused++;
}

static struct instance *instance_of(const struct rf_limits *limits, const char *name) {
    struct rf_map_node *node = rf_map_find_text(&limits->known.instances, name);
    return node == NULL ? NULL : RF_OWNER(node, struct instance, by_name);
}

static void forget(struct rf_limits *limits, struct instance *instance) {
    rf_map_remove(&limits->known.instances, &instance->by_name);
    free(instance->name);
    free(instance);
}

// Nobody is awaited any more.
static void all_found(struct rf_limits *limits) {
    limits->known.found = true;
    limits->known.over = limits->ground->now.instant;
}

// All that may hold something have said what it is.
static void unhold_all(struct rf_limits *limits) {
    all_found(limits);
    struct rf_limit *limit;
    rf_ground_stop(limits->ground, &limits->known.timer);
    TAILQ_FOREACH(limit, &limits->limits, in_limits) {
        rf_pool_unhold(&limit->pool, limits->ground->now.instant);
        limit->touched = true;
    }
}

void rf_limits_register(struct rf_limits *limits, const char *name) {
    struct rf_state_entry entry;
    char key[RF_STATE_KEY_BYTES + 1];
    if (key_of(name, key) && rf_states_get(limits->states, key, &entry) == RF_OK)
        return;
    json_t *value = json_pack("{s:I}", "since", (json_int_t)limits->ground->now.utc.ns);
    write_state(limits, name, value);
    json_decref(value);
}

void limits_join(struct rf_limits *limits, const char *name) {
    struct instance *instance = instance_of(limits, name);
    rf_limits_register(limits, name);
    if (instance == NULL)
        return;
    forget(limits, instance);
    if (limits->known.instances.count == 0)
        unhold_all(limits);
}

void limits_leave(struct rf_limits *limits, const char *name) {
    write_state(limits, name, NULL);
}

// Their leases are over: they begin nothing more. What they had begun is over later, and until then
// the pools of places are held.
static void on_lease_over(void *arg) {
    struct rf_limits *limits = arg;
    struct rf_map_node *node;
    while ((node = rf_map_next(&limits->known.instances, NULL)) != NULL) {
        struct instance *instance = RF_OWNER(node, struct instance, by_name);
        write_state(limits, instance->name, NULL);
        forget(limits, instance);
        limits->known.lost = true;
    }
    all_found(limits);
    limits_run(limits);
}

static void expect(struct rf_limits *limits, const char *name) {
    struct instance *instance = calloc(1, sizeof *instance);
    if (instance == NULL || (instance->name = strdup(name)) == NULL ||
        !rf_map_add_text(&limits->known.instances, &instance->by_name, instance->name))
        abort(); // what is not known of it would be granted twice
}

void rf_limits_restore(struct rf_limits *limits) {
    struct rf_state_entry *entries = NULL;
    size_t count;
    rf_pauses_restore(&limits->pauses);
    rf_ground_timer(&limits->known.timer, on_lease_over, limits);
    if (rf_states_list(limits->states, PREFIX, &entries, &count) != RF_OK)
        return;
    for (size_t i = 0; i < count; i++)
        expect(limits, entries[i].key + strlen(PREFIX));
    free(entries);
    struct rf_duration longest = {0};
    for (size_t i = 0; i < limits->rule_count; i++)
        if (limits->rules[i].attempt_timeout.ns > longest.ns)
            longest = limits->rules[i].attempt_timeout;
    limits->known.lease_over = rf_instant_add(limits->ground->now.instant, limits->ground->lease);
    limits->known.attempts_over = rf_instant_add(limits->known.lease_over, longest);
    if (count > 0)
        rf_ground_start(limits->ground, &limits->known.timer, limits->known.lease_over);
}

void limits_hold(struct rf_limits *limits, struct rf_limit *limit) {
    struct rf_instant now = limits->ground->now.instant;
    bool is_place = limit->pool.kind == RF_POOL_PLACES;
    // The leases of those that did not come back are over, but not yet what they had begun.
    bool attempts_run = limits->known.lost && rf_instant_before(now, limits->known.attempts_over);
    if (limits->known.instances.count > 0 || (is_place && attempts_run))
        rf_pool_hold(&limit->pool,
                     is_place ? limits->known.attempts_over : limits->known.lease_over);
    else if (limits->known.found) // until then they may have used what they had
        rf_pool_emptied(&limit->pool, limits->known.over);
}

// ---- buckets ----

static bool bucket_key(const struct rf_limit *limit, char key[RF_STATE_KEY_BYTES + 1]) {
    return snprintf(key, RF_STATE_KEY_BYTES + 1, "bucket/%s%s%s", limit->rules->provider,
                    limit->key[0] != '\0' ? "/" : "", limit->key) <= RF_STATE_KEY_BYTES;
}

void limits_keep_debt(struct rf_limits *limits, const struct rf_limit *limit) {
    const struct rf_now *now = &limits->ground->now;
    struct rf_duration debt = rf_instant_since(limit->pool.full, now->instant);
    struct rf_state_entry entry;
    char key[RF_STATE_KEY_BYTES + 1];
    if (limit->pool.kind != RF_POOL_TOKENS || debt.ns <= 0 || !bucket_key(limit, key))
        return;
    json_t *value = json_pack("{s:I}", "full", (json_int_t)rf_utc_add(now->utc, debt).ns);
    if (value == NULL || rf_states_put(limits->states, key, value, debt.ns, &entry) != RF_OK)
        limits->ground->counters.state_refused++;
    json_decref(value);
}

void limits_owe(struct rf_limits *limits, struct rf_limit *limit) {
    const struct rf_now *now = &limits->ground->now;
    struct rf_state_entry entry;
    char key[RF_STATE_KEY_BYTES + 1];
    if (limit->pool.kind != RF_POOL_TOKENS || !bucket_key(limit, key) ||
        rf_states_get(limits->states, key, &entry) != RF_OK)
        return;
    int64_t full = json_integer_value(json_object_get(entry.value, "full"));
    rf_pool_owe(&limit->pool, rf_ns(rf_ns_sub(full, now->utc.ns)), now->instant);
}

void limits_known_fini(struct rf_limits *limits) {
    struct rf_map_node *node;
    while ((node = rf_map_next(&limits->known.instances, NULL)) != NULL)
        forget(limits, RF_OWNER(node, struct instance, by_name));
    rf_map_fini(&limits->known.instances);
    rf_ground_stop(limits->ground, &limits->known.timer);
}
