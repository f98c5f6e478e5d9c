#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- the order of changes ----

static void unlink_value(struct console_values *values, struct console_value *value) {
    if (value->previous != NULL)
        value->previous->next = value->next;
    else
        values->first = value->next;
    if (value->next != NULL)
        value->next->previous = value->previous;
    else
        values->last = value->previous;
}

static void append(struct console_values *values, struct console_value *value) {
    value->change = ++values->change;
    value->previous = values->last;
    value->next = NULL;
    if (values->last != NULL)
        values->last->next = value;
    else
        values->first = value;
    values->last = value;
}

static void forget(struct console_values *values, struct console_value *value) {
    unlink_value(values, value);
    rf_map_remove(&values->map, &value->node);
    console_parcel_drop(&value->parcel);
    json_decref(value->value);
    free(value);
}

void console_values_fini(struct console_values *values) {
    while (values->first != NULL)
        forget(values, values->first);
    rf_map_fini(&values->map);
    console_parcel_drop(&values->snapshot);
    *values = (struct console_values){0};
}

// Whoever has not seen these deletions by now takes everything anew.
static void forget_gone(struct console_values *values) {
    struct console_value *value = values->first;
    while (values->gone > CONSOLE_VALUES_GONE && value != NULL) {
        struct console_value *next = value->next;
        if (value->value == NULL) {
            values->floor = value->change;
            forget(values, value);
            values->gone--;
        }
        value = next;
    }
}

// ---- changes ----

static struct console_value *find(const struct console_values *values, const char *key) {
    struct rf_map_node *node = rf_map_find_text(&values->map, key);
    return node == NULL ? NULL : RF_OWNER(node, struct console_value, node);
}

static struct console_value *add(struct console_values *values, const char *key) {
    size_t size = strlen(key) + 1;
    struct console_value *value = calloc(1, sizeof *value + size);
    if (value == NULL)
        return NULL;
    memcpy(value->key, key, size);
    if (!rf_map_add_text(&values->map, &value->node, value->key)) {
        free(value);
        return NULL;
    }
    append(values, value);
    return value;
}

void console_values_put(struct console_values *values, const char *key, json_t *json) {
    struct console_value *value = find(values, key);
    if (value == NULL && json == NULL)
        return;
    if (value == NULL) {
        value = add(values, key);
    } else {
        bool same = (json == NULL && value->value == NULL) ||
                    (json != NULL && value->value != NULL && json_equal(json, value->value));
        if (same)
            return;
        values->gone -= value->value == NULL;
        unlink_value(values, value);
        append(values, value);
    }
    if (value == NULL)
        return;
    console_parcel_drop(&value->parcel);
    json_decref(value->value);
    value->value = json_incref(json);
    values->gone += json == NULL;
    forget_gone(values);
}

static bool is_among(const struct rf_state_entry *entries, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++)
        if (entries[i].version != 0 && strcmp(entries[i].key, key) == 0)
            return true;
    return false;
}

void console_values_replace(struct console_values *values, const char *prefix,
                            const struct rf_state_entry *entries, size_t count) {
    size_t length = strlen(prefix);
    uint64_t until = values->change; // what is deleted goes behind it
    for (struct console_value *value = values->first, *next; value != NULL; value = next) {
        next = value->next;
        if (value->change > until)
            break;
        if (value->value != NULL && strncmp(value->key, prefix, length) == 0 &&
            !is_among(entries, count, value->key))
            console_values_put(values, value->key, NULL);
    }
    for (size_t i = 0; i < count; i++)
        console_values_put(values, entries[i].key,
                           entries[i].version != 0 ? entries[i].value : NULL);
}

// ---- reading ----

json_t *console_values_json(const struct console_values *values, const char *prefix) {
    size_t length = strlen(prefix);
    json_t *all = json_object();
    for (const struct console_value *value = values->first; all != NULL && value != NULL;
         value = value->next)
        if (value->value != NULL && strncmp(value->key, prefix, length) == 0 &&
            value->key[length] != '\0')
            json_object_set(all, value->key + length, value->value);
    return all;
}

json_t *console_values_get(const struct console_values *values, const char *key) {
    const struct console_value *value = find(values, key);
    return value == NULL ? NULL : value->value;
}

struct console_value *console_values_after(const struct console_values *values, uint64_t seen) {
    struct console_value *value = values->last;
    if (value == NULL || value->change <= seen)
        return NULL;
    while (value->previous != NULL && value->previous->change > seen)
        value = value->previous;
    return value;
}

struct console_parcel *console_value_parcel(struct console_value *value) {
    if (value->parcel == NULL)
        value->parcel = console_parcel_new(
            "state", NULL, json_pack("{s:s, s:O?}", "key", value->key, "value", value->value));
    return value->parcel;
}

struct console_parcel *console_values_snapshot(struct console_values *values,
                                               const char *const *areas) {
    char prefix[32];
    if (values->snapshot != NULL && values->snapshot_change == values->change)
        return values->snapshot;
    json_t *all = json_object();
    for (size_t i = 0; areas[i] != NULL; i++) {
        // The last word of a prefix such as "alert/silence/" is the area's name.
        const char *slash = strrchr(areas[i], '/');
        snprintf(prefix, sizeof prefix, "%s/", areas[i]);
        json_object_set_new(all, slash != NULL ? slash + 1 : areas[i],
                            console_values_json(values, prefix));
    }
    console_parcel_drop(&values->snapshot);
    values->snapshot = console_parcel_new("snapshot", NULL, all);
    values->snapshot_change = values->change;
    return values->snapshot;
}
