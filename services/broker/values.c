// Retained state: the handlers of the operations on it.
#include "core.h"

#include <stdlib.h>
#include <string.h>

// What the broker alone may write.
#define OWN_PREFIX "breaker/"

#define MARK_PREFIX "mark/"

void rf_core_state_changed(void *arg, const struct rf_state_entry *entry) {
    struct rf_core *core = arg;
    if (rf_numbers_low(&core->states.versions))
        core->ground.sink.reserve(core->ground.sink.arg, RF_LINE_VERSIONS);
    rf_watchers_change(&core->watchers, entry);
}

static const char *code_of(enum rf_err err) {
    switch (err) {
    case RF_OK:
        return NULL;
    case RF_ERR_CONFLICT:
        return "conflict";
    case RF_ERR_NOT_FOUND:
        return "not_found";
    case RF_ERR_INVALID:
        return "invalid";
    default:
        return "full";
    }
}

static void reply(struct rf_core *core, const struct rf_peer *to, const char *rid, const char *code,
                  struct rf_state_entry *entries, size_t count) {
    struct rf_state_reply message = {
        .rid = rid, .ok = code == NULL, .code = code, .entries = {entries, count}};
    rf_ground_send(&core->ground, to, RF_MESSAGE_state_reply, &message);
}

// After a write, or a refused one: the value as it stands now, if there is one.
static void reply_one(struct rf_core *core, const struct rf_peer *to, const char *rid,
                      enum rf_err err, struct rf_state_entry *entry) {
    if (err != RF_OK && err != RF_ERR_CONFLICT && err != RF_ERR_NOT_FOUND)
        core->ground.counters.state_refused++;
    reply(core, to, rid, code_of(err), entry, entry->version != 0 ? 1 : 0);
}

static bool is_ours(struct rf_core *core, const struct rf_peer *from, const char *rid,
                    const char *key) {
    if (strncmp(key, OWN_PREFIX, strlen(OWN_PREFIX)) != 0)
        return false;
    reply(core, from, rid, "not_allowed", NULL, 0);
    return true;
}

// A mark makes a provider unusable for everybody, so it must be told of, whoever dies next: the
// event and the mark are one act. A value under "mark/PROVIDER" where there was none is a new mark.
static void tell_mark(struct rf_core *core, const struct rf_state_entry *entry) {
    static const char *const told[] = {"class", "code", "message", "clears", "until", "call"};
    if (strncmp(entry->key, MARK_PREFIX, strlen(MARK_PREFIX)) != 0 || !json_is_object(entry->value))
        return;
    const char *provider = entry->key + strlen(MARK_PREFIX);
    const char *contact = json_string_value(json_object_get(entry->value, "contact"));
    json_t *data = json_object();
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        json_t *member = json_object_get(entry->value, told[i]);
        if (member != NULL)
            (void)json_object_set(data, told[i], member);
    }
    struct rf_event event = {
        .severity = rf_event_severity(RF_EVENT_MARK_SET),
        .type = rf_event_type_name(RF_EVENT_MARK_SET),
        .subject = provider,
        .service = provider,
        .campaign = json_string_value(json_object_get(entry->value, "campaign")),
        .contact = contact != NULL && *contact != '\0' ? contact : NULL,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
}

void rf_on_state_get(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    const struct rf_state_get *get = &(*message)->as.state_get;
    struct rf_state_entry entry = {0};
    enum rf_err err = rf_states_get(&core->states, get->key, &entry);
    reply_one(core, from, get->rid, err, &entry);
}

void rf_on_state_put(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    const struct rf_state_put *put = &(*message)->as.state_put;
    struct rf_state_entry entry, before;
    if (is_ours(core, from, put->rid, put->key))
        return;
    bool is_new = rf_states_get(&core->states, put->key, &before) != RF_OK;
    enum rf_err err = rf_states_put(&core->states, put->key, put->value, put->ttl_ns, &entry);
    if (err == RF_OK && is_new)
        tell_mark(core, &entry);
    reply_one(core, from, put->rid, err, &entry);
}

void rf_on_state_cas(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    const struct rf_state_cas *cas = &(*message)->as.state_cas;
    struct rf_state_entry entry;
    if (is_ours(core, from, cas->rid, cas->key))
        return;
    enum rf_err err =
        rf_states_cas(&core->states, cas->key, cas->version, cas->value, cas->ttl_ns, &entry);
    if (err == RF_OK && cas->version == 0 && cas->value != NULL)
        tell_mark(core, &entry);
    reply_one(core, from, cas->rid, err, &entry);
}

void rf_on_state_list(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                      size_t size) {
    (void)size;
    const struct rf_state_list *list = &(*message)->as.state_list;
    struct rf_state_entry *entries = NULL;
    size_t count;
    if (rf_states_list(&core->states, list->prefix, &entries, &count) != RF_OK) {
        reply(core, from, list->rid, "full", NULL, 0);
        return;
    }
    struct rf_state_reply all = {.rid = list->rid, .ok = true, .entries = {entries, count}};
    // More than one message can hold: a watch tells it in parts.
    if (rf_ground_send(&core->ground, from, RF_MESSAGE_state_reply, &all) == RF_SENT_FAILED)
        reply(core, from, list->rid, "full", NULL, 0);
    free(entries);
}

void rf_on_state_watch(struct rf_core *core, const struct rf_peer *from,
                       struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_state_watch *watch = &(*message)->as.state_watch;
    enum rf_err err = rf_watchers_add(&core->watchers, from, watch->rid, watch->prefix);
    if (err != RF_OK)
        reply(core, from, watch->rid, code_of(err), NULL, 0);
}

void rf_on_state_unwatch(struct rf_core *core, const struct rf_peer *from,
                         struct rf_message **message, size_t size) {
    (void)size;
    rf_watchers_remove(&core->watchers, from, (*message)->as.state_unwatch.rid);
}
