#include "states.h"

#include <stdlib.h>
#include <string.h>

void rf_states_init(struct rf_states *states, struct rf_ground *ground, size_t max_rows,
                    int64_t version, rf_states_changed_fn *changed, void *arg) {
    *states = (struct rf_states){
        .ground = ground, .max_rows = max_rows, .version = version, .changed = changed, .arg = arg};
}

static void free_row(struct rf_state_row *row) {
    rf_ground_stop(row->states->ground, &row->lease);
    json_decref(row->value);
    free(row->key);
    free(row);
}

void rf_states_fini(struct rf_states *states) {
    struct rf_map_node *node = rf_map_next(&states->rows, NULL);
    while (node != NULL) {
        struct rf_map_node *next = rf_map_next(&states->rows, node);
        free_row(RF_OWNER(node, struct rf_state_row, by_key));
        node = next;
    }
    rf_map_fini(&states->rows);
}

struct rf_state_row *rf_states_find(const struct rf_states *states, const char *key) {
    struct rf_map_node *node = rf_map_find_text(&states->rows, key);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_state_row, by_key);
}

static void view(const struct rf_state_row *row, struct rf_state_entry *entry) {
    *entry = (struct rf_state_entry){.key = row->key, .version = row->version, .value = row->value};
}

static void tell(struct rf_state_row *row, const struct rf_state_entry *entry) {
    struct rf_states *states = row->states;
    states->ground->counters.state_writes++;
    if (states->changed != NULL)
        states->changed(states->arg, row, entry);
}

static void delete_row(struct rf_states *states, struct rf_state_row *row) {
    rf_map_remove(&states->rows, &row->by_key);
    struct rf_state_entry gone = {.key = row->key};
    tell(row, &gone);
    free_row(row);
}

void rf_states_delete(struct rf_states *states, const char *key) {
    struct rf_state_row *row = rf_states_find(states, key);
    if (row != NULL)
        delete_row(states, row);
}

// Whoever renews it has a heartbeat to be heard after a time in which we did not run.
static void on_lease_end(void *arg) {
    struct rf_state_row *row = arg;
    struct rf_instant until;
    if (rf_ground_listening(row->states->ground, &until)) {
        rf_ground_start(row->states->ground, &row->lease, until);
        return;
    }
    row->states->ground->counters.leases_ended++;
    delete_row(row->states, row);
}

static struct rf_state_row *add(struct rf_states *states, const char *key) {
    struct rf_state_row *row = calloc(1, sizeof *row);
    if (row == NULL)
        return NULL;
    row->states = states;
    row->key = strdup(key);
    rf_ground_timer(&row->lease, on_lease_end, row);
    if (row->key == NULL || !rf_map_add_text(&states->rows, &row->by_key, row->key)) {
        free_row(row);
        return NULL;
    }
    return row;
}

enum rf_err rf_states_get(const struct rf_states *states, const char *key,
                          struct rf_state_entry *entry) {
    const struct rf_state_row *row = rf_states_find(states, key);
    if (row == NULL)
        return RF_ERR_NOT_FOUND;
    view(row, entry);
    return RF_OK;
}

static void lease(struct rf_state_row *row, struct rf_utc expires) {
    const struct rf_now *now = &row->states->ground->now;
    row->expires = expires;
    rf_ground_start(row->states->ground, &row->lease,
                    rf_instant_add(now->instant, rf_utc_since(expires, now->utc)));
}

bool rf_states_has_room(const struct rf_states *states, const char *key) {
    return states->rows.count < states->max_rows || rf_states_find(states, key) != NULL;
}

static enum rf_err write_row(struct rf_states *states, const char *key, json_t *value,
                             int64_t ttl_ns, struct rf_state_entry *entry) {
    size_t length = strlen(key);
    if (length == 0 || length > RF_STATE_KEY_BYTES)
        return RF_ERR_INVALID;
    size_t bytes = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    struct rf_state_row *row = rf_states_find(states, key);
    if (bytes > RF_STATE_VALUE_BYTES ||
        (row == NULL && states->rows.count >= states->max_rows + RF_STATE_RESERVE))
        return RF_ERR_FULL;
    if (row == NULL && (row = add(states, key)) == NULL)
        return RF_ERR_NOMEM;
    json_incref(value);
    json_decref(row->value);
    row->value = value;
    row->bytes = bytes;
    row->version = ++states->version;
    row->expires = (struct rf_utc){0};
    rf_ground_stop(states->ground, &row->lease);
    if (ttl_ns > 0)
        lease(row, rf_utc_add(states->ground->now.utc, rf_ns(ttl_ns)));
    view(row, entry);
    tell(row, entry);
    return RF_OK;
}

enum rf_err rf_states_restore(struct rf_states *states, const char *key, int64_t version,
                              json_t *value, struct rf_utc expires) {
    struct rf_state_row *row = add(states, key);
    if (row == NULL)
        return RF_ERR_NOMEM;
    row->value = json_incref(value);
    row->bytes = json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    row->version = version;
    if (expires.ns != 0)
        lease(row, expires);
    return RF_OK;
}

enum rf_err rf_states_put(struct rf_states *states, const char *key, json_t *value, int64_t ttl_ns,
                          struct rf_state_entry *entry) {
    *entry = (struct rf_state_entry){.key = key};
    return write_row(states, key, value, ttl_ns, entry);
}

enum rf_err rf_states_cas(struct rf_states *states, const char *key, int64_t version, json_t *value,
                          int64_t ttl_ns, struct rf_state_entry *entry) {
    *entry = (struct rf_state_entry){.key = key};
    struct rf_state_row *row = rf_states_find(states, key);
    if (row != NULL)
        view(row, entry);
    if (entry->version != version) {
        states->ground->counters.state_conflicts++;
        return RF_ERR_CONFLICT;
    }
    if (value != NULL)
        return write_row(states, key, value, ttl_ns, entry);
    if (row != NULL)
        delete_row(states, row);
    *entry = (struct rf_state_entry){.key = key};
    return RF_OK;
}

static int by_key(const void *a, const void *b) {
    return strcmp(((const struct rf_state_entry *)a)->key, ((const struct rf_state_entry *)b)->key);
}

enum rf_err rf_states_list(const struct rf_states *states, const char *prefix,
                           struct rf_state_entry **entries, size_t *count) {
    size_t length = strlen(prefix);
    *count = 0;
    *entries = calloc(states->rows.count + 1, sizeof **entries);
    if (*entries == NULL)
        return RF_ERR_NOMEM;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&states->rows, node)) != NULL) {
        const struct rf_state_row *row = RF_OWNER(node, struct rf_state_row, by_key);
        if (strncmp(row->key, prefix, length) == 0)
            view(row, &(*entries)[(*count)++]);
    }
    qsort(*entries, *count, sizeof **entries, by_key);
    return RF_OK;
}
