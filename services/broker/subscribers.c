#include "subscribers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A place is written at once when it moves now and then, and ten times a second when it moves
// always.
#define PACE (100 * RF_NS_PER_MS)

void rf_subscribers_init(struct rf_subscribers *subscribers, struct rf_ground *ground,
                         struct rf_states *states, struct rf_scribe *scribe,
                         struct rf_duration idle) {
    *subscribers =
        (struct rf_subscribers){.ground = ground, .states = states, .scribe = scribe, .idle = idle};
}

static void free_subscriber(struct rf_subscriber *subscriber) {
    rf_ground_stop(subscriber->book->ground, &subscriber->pace);
    json_decref(subscriber->prefixes);
    free(subscriber->instance);
    free(subscriber->name);
    free(subscriber);
}

void rf_subscribers_fini(struct rf_subscribers *subscribers) {
    struct rf_map_node *node = rf_map_next(&subscribers->map, NULL);
    while (node != NULL) {
        struct rf_map_node *next = rf_map_next(&subscribers->map, node);
        free_subscriber(RF_OWNER(node, struct rf_subscriber, by_name));
        node = next;
    }
    rf_map_fini(&subscribers->map);
}

struct rf_subscriber *rf_subscribers_find(const struct rf_subscribers *subscribers,
                                          const char *name) {
    struct rf_map_node *node = rf_map_find_text(&subscribers->map, name);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_subscriber, by_name);
}

// ---- the retained value ----

static enum rf_err write_value(struct rf_subscriber *subscriber) {
    struct rf_subscribers *book = subscriber->book;
    char key[sizeof RF_SUBSCRIBER_PREFIX + RF_SUBSCRIBER_NAME_BYTES];
    struct rf_state_entry entry;
    if (!rf_scribe_has_room(book->scribe, RF_SHARE_VALUES))
        return RF_ERR_FULL;
    snprintf(key, sizeof key, RF_SUBSCRIBER_PREFIX "%s", subscriber->name);
    if (!rf_states_has_room(book->states, key)) // names are what clients fill
        return RF_ERR_FULL;
    json_t *value = json_pack("{s:I, s:O, s:s, s:I}", "taken", (json_int_t)subscriber->taken,
                              "prefixes", subscriber->prefixes, "instance", subscriber->instance,
                              "heard", (json_int_t)subscriber->heard.ns);
    if (value == NULL)
        return RF_ERR_NOMEM;
    enum rf_err err = rf_states_put(book->states, key, value, book->idle.ns, &entry);
    json_decref(value);
    if (err != RF_OK)
        return err;
    subscriber->written = subscriber->taken;
    subscriber->restored = false;
    subscriber->written_at = book->ground->now.instant;
    return RF_OK;
}

static void on_pace(void *arg) {
    struct rf_subscriber *subscriber = arg;
    // Else there may be room, or memory, later.
    if (subscriber->book->scribe->failing || write_value(subscriber) != RF_OK)
        rf_ground_start(subscriber->book->ground, &subscriber->pace,
                        rf_instant_add(subscriber->book->ground->now.instant, rf_ns(PACE)));
}

static bool is_due(const struct rf_subscriber *subscriber) {
    struct rf_duration since =
        rf_instant_since(subscriber->book->ground->now.instant, subscriber->written_at);
    // The lease goes on as long as it is heard of.
    return subscriber->written != subscriber->taken || subscriber->restored ||
           since.ns > subscriber->book->idle.ns / 4;
}

static void write_soon(struct rf_subscriber *subscriber) {
    struct rf_ground *ground = subscriber->book->ground;
    struct rf_instant next = rf_instant_add(subscriber->written_at, rf_ns(PACE));
    if (subscriber->pace.place != 0 || !is_due(subscriber))
        return;
    if (rf_instant_before(ground->now.instant, next))
        rf_ground_start(ground, &subscriber->pace, next);
    else
        on_pace(subscriber);
}

void rf_subscribers_flush(struct rf_subscribers *subscribers) {
    struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&subscribers->map, node)) != NULL) {
        struct rf_subscriber *subscriber = RF_OWNER(node, struct rf_subscriber, by_name);
        if (subscriber->written != subscriber->taken)
            (void)!write_value(subscriber); // the place before it is as good after a restart
    }
}

// ---- names ----

static struct rf_subscriber *add(struct rf_subscribers *subscribers, const char *name) {
    struct rf_subscriber *subscriber = calloc(1, sizeof *subscriber);
    if (subscriber == NULL)
        return NULL;
    subscriber->book = subscribers;
    subscriber->name = strdup(name);
    subscriber->instance = strdup("");
    subscriber->prefixes = json_array();
    rf_ground_timer(&subscriber->pace, on_pace, subscriber);
    if (subscriber->name == NULL || subscriber->instance == NULL || subscriber->prefixes == NULL ||
        !rf_map_add_text(&subscribers->map, &subscriber->by_name, subscriber->name)) {
        free_subscriber(subscriber);
        return NULL;
    }
    return subscriber;
}

static void drop(struct rf_subscriber *subscriber) {
    rf_map_remove(&subscriber->book->map, &subscriber->by_name);
    free_subscriber(subscriber);
}

static enum rf_err describe(struct rf_subscriber *subscriber, const struct rf_strs *prefixes,
                            const char *instance) {
    bool same = json_array_size(subscriber->prefixes) == prefixes->count;
    for (size_t i = 0; same && i < prefixes->count; i++)
        same = strcmp(json_string_value(json_array_get(subscriber->prefixes, i)),
                      prefixes->items[i]) == 0;
    if (!same) {
        json_t *array = json_array();
        for (size_t i = 0; i < prefixes->count; i++)
            if (json_array_append_new(array, json_string(prefixes->items[i])) != 0) {
                json_decref(array);
                return RF_ERR_NOMEM;
            }
        if (array == NULL)
            return RF_ERR_NOMEM;
        json_decref(subscriber->prefixes);
        subscriber->prefixes = array;
    }
    if (instance != NULL && strcmp(instance, subscriber->instance) != 0) {
        char *copy = strdup(instance);
        if (copy == NULL)
            return RF_ERR_NOMEM;
        free(subscriber->instance);
        subscriber->instance = copy;
    }
    return RF_OK;
}

enum rf_err rf_subscribers_take(struct rf_subscribers *subscribers, const char *name,
                                const struct rf_strs *prefixes, const char *instance,
                                int64_t taken) {
    size_t length = strlen(name);
    if (length == 0 || length > RF_SUBSCRIBER_NAME_BYTES)
        return RF_ERR_INVALID;
    struct rf_subscriber *subscriber = rf_subscribers_find(subscribers, name);
    bool is_new = subscriber == NULL;
    if (is_new && subscribers->map.count >= RF_SUBSCRIBERS_MAX)
        return RF_ERR_FULL;
    if (is_new && (subscriber = add(subscribers, name)) == NULL)
        return RF_ERR_NOMEM;
    enum rf_err err = describe(subscriber, prefixes, instance);
    if (err == RF_OK) {
        subscriber->taken = taken;
        subscriber->heard = subscribers->ground->now.utc;
        if (is_new)
            err = write_value(subscriber);
        else
            write_soon(subscriber);
    }
    if (err != RF_OK && is_new)
        drop(subscriber);
    return err;
}

int64_t rf_subscribers_lowest(const struct rf_subscribers *subscribers) {
    int64_t lowest = INT64_MAX;
    const struct rf_map_node *node = NULL;
    while ((node = rf_map_next(&subscribers->map, node)) != NULL) {
        const struct rf_subscriber *subscriber = RF_OWNER(node, struct rf_subscriber, by_name);
        if (subscriber->taken < lowest)
            lowest = subscriber->taken;
    }
    return lowest;
}

void rf_subscribers_forget(struct rf_subscribers *subscribers, const char *name) {
    struct rf_subscriber *subscriber = rf_subscribers_find(subscribers, name);
    if (subscriber != NULL)
        drop(subscriber);
}

// ---- after a restart ----

static bool prefixes_of(const json_t *value, struct rf_strs *prefixes) {
    const json_t *array = json_object_get(value, "prefixes");
    size_t i;
    const json_t *prefix;
    prefixes->count = 0;
    prefixes->items = calloc(json_array_size(array) + 1, sizeof *prefixes->items);
    if (prefixes->items == NULL)
        return false;
    json_array_foreach(array, i, prefix) {
        if (json_is_string(prefix))
            prefixes->items[prefixes->count++] = json_string_value(prefix);
    }
    return true;
}

static enum rf_err restore(struct rf_subscribers *subscribers, const struct rf_state_entry *entry) {
    struct rf_strs prefixes;
    struct rf_subscriber *subscriber = add(subscribers, entry->key + strlen(RF_SUBSCRIBER_PREFIX));
    if (subscriber == NULL || !prefixes_of(entry->value, &prefixes))
        return RF_ERR_NOMEM;
    enum rf_err err = describe(subscriber, &prefixes,
                               json_string_value(json_object_get(entry->value, "instance")));
    free(prefixes.items);
    subscriber->taken = json_integer_value(json_object_get(entry->value, "taken"));
    subscriber->written = subscriber->taken;
    subscriber->restored = true;
    subscriber->heard.ns = json_integer_value(json_object_get(entry->value, "heard"));
    return err;
}

enum rf_err rf_subscribers_restore(struct rf_subscribers *subscribers) {
    struct rf_state_entry *entries;
    size_t count;
    enum rf_err err = rf_states_list(subscribers->states, RF_SUBSCRIBER_PREFIX, &entries, &count);
    for (size_t i = 0; err == RF_OK && i < count; i++)
        err = restore(subscribers, &entries[i]);
    free(entries);
    return err;
}
