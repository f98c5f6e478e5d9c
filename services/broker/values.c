// Retained state: the handlers of the operations on it.
#include "alert_word.h"
#include "core.h"
#include "keyring.h"
#include "roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What the broker alone may write; a durable subscriber may be deleted by others too.
static const char *const own_prefixes[] = {"breaker/",      "bucket/",   "ejected/",
                                           "limits/",       "throttle/", RF_SUBSCRIBER_PREFIX,
                                           RF_ROSTER_PREFIX};

// What is told of as soon as it stands.
#define MARK_PREFIX "mark/"
#define KEY_PREFIX  "key/"

#define PROCESS_PREFIX "process/"

// What the health monitor found out.
#define PROVIDER_PREFIX "provider/"

static bool begins_with(const char *key, const char *prefix) {
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

static int64_t write_value(struct rf_core *core, const struct rf_state_row *row) {
    char *text = malloc(row->bytes);
    if (text == NULL)
        abort(); // as for a lease that would never end: what was told to stand must be kept
    struct rf_record record = {
        .type = RF_RECORD_VALUE,
        .number = row->version,
        .at = row->expires.ns,
        .name = row->key,
        .body = text,
        .body_size = json_dumpb(row->value, text, row->bytes, JSON_COMPACT | JSON_ENCODE_ANY),
    };
    int64_t position = rf_scribe_put(&core->scribe, record);
    free(text);
    return position;
}

// While the disk fails, processes go on to renew their leases: one that has a record waiting is
// written again, as it then is, when the disk works, so that an outage of hours costs no memory.
static void renew_later(struct rf_core *core, struct rf_state_row *row) {
    if (!row->is_renewed)
        TAILQ_INSERT_TAIL(&core->renewals, row, renewed);
    row->is_renewed = true;
}

static void forget_renewal(struct rf_core *core, struct rf_state_row *row) {
    TAILQ_REMOVE(&core->renewals, row, renewed);
    row->is_renewed = false;
}

static enum rf_probed probed(const struct rf_state_entry *entry) {
    const char *status =
        entry->version == 0 ? NULL : json_string_value(json_object_get(entry->value, "probes"));
    if (status == NULL)
        return RF_PROBED_UNKNOWN;
    if (strcmp(status, "up") == 0)
        return RF_PROBED_WELL;
    return strcmp(status, "unknown") == 0 ? RF_PROBED_UNKNOWN : RF_PROBED_ILL;
}

// It acts at once, and whoever watches is told at once: the disk holds up no change of a breaker.
// Only the answer to who wrote it waits.
void rf_core_state_changed(void *arg, struct rf_state_row *row,
                           const struct rf_state_entry *entry) {
    struct rf_core *core = arg;
    bool renewal = entry->version != 0 && row->expires.ns != 0 && core->scribe.failing &&
                   row->position > core->scribe.written;
    if (renewal)
        renew_later(core, row);
    else if (row->is_renewed)
        forget_renewal(core, row);
    if (entry->version == 0)
        rf_scribe_put(&core->scribe,
                      (struct rf_record){.type = RF_RECORD_VALUE_GONE, .name = row->key});
    else if (!renewal)
        row->position = write_value(core, row);
    rf_watchers_change(&core->watchers, entry);
    if (begins_with(row->key, PROVIDER_PREFIX))
        rf_authority_probed(&core->authority, row->key + strlen(PROVIDER_PREFIX), probed(entry));
    if (entry->version == 0 && begins_with(row->key, RF_SUBSCRIBER_PREFIX))
        rf_core_subscriber_gone(core, row->key + strlen(RF_SUBSCRIBER_PREFIX));
    if (entry->version == 0 && rf_alert_word_is(row->key))
        rf_alert_word_gone(core, row->key, row->value);
}

void rf_core_write_renewals(struct rf_core *core) {
    struct rf_state_row *row;
    while ((row = TAILQ_FIRST(&core->renewals)) != NULL) {
        forget_renewal(core, row);
        row->position = write_value(core, row);
    }
    rf_scribe_catch_up(&core->scribe);
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
    case RF_ERR_IO:
        return "held";
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

static void reply_one(struct rf_core *core, const struct rf_peer *to, const char *rid,
                      enum rf_err err, struct rf_state_entry *entry) {
    reply(core, to, rid, code_of(err), entry, entry->version != 0 ? 1 : 0);
}

// After a write, which is answered when it is on disk, or a refused one: the value as it stands
// now, if there is one.
static void reply_written(struct rf_core *core, const struct rf_peer *to, const char *rid,
                          enum rf_err err, struct rf_state_entry *entry) {
    if (err == RF_OK) {
        const struct rf_state_row *row = rf_states_find(&core->states, entry->key);
        bool later = row != NULL && row->is_renewed;
        rf_scribe_stored(&core->scribe, later ? RF_SCRIBE_LATER : core->scribe.given, to, rid,
                         entry);
        return;
    }
    if (err != RF_ERR_CONFLICT)
        core->ground.counters.state_refused++;
    reply_one(core, to, rid, err, entry);
}

static bool is_ours(struct rf_core *core, const struct rf_peer *from, const char *rid,
                    const char *key, bool deletes) {
    for (size_t i = 0; i < sizeof own_prefixes / sizeof own_prefixes[0]; i++) {
        if (!begins_with(key, own_prefixes[i]))
            continue;
        if (deletes && strcmp(own_prefixes[i], RF_SUBSCRIBER_PREFIX) == 0)
            return false;
        reply(core, from, rid, "not_allowed", NULL, 0);
        return true;
    }
    return false;
}

// A key without the role of an admin registers its own process, not another one's.
static bool is_anothers(struct rf_core *core, const struct rf_peer *from, const char *rid,
                        const char *key) {
    if (from->who == NULL || (from->who->roles & RF_ROLE_ADMIN) != 0 ||
        !begins_with(key, PROCESS_PREFIX))
        return false;
    const struct rf_client *client = rf_clients_find(&core->clients, from);
    if (client != NULL && strcmp(client->instance, key + strlen(PROCESS_PREFIX)) == 0)
        return false;
    core->ground.counters.messages_not_allowed++;
    reply(core, from, rid, "not_allowed", NULL, 0);
    return true;
}

// The provider that `key` ("mark/PROVIDER", "key/PROVIDER/FINGERPRINT") is about, and what tells
// of it; false for any other value.
static bool is_told(const char *key, enum rf_event_type *type, char provider[64],
                    const char **fingerprint) {
    bool mark = strncmp(key, MARK_PREFIX, strlen(MARK_PREFIX)) == 0;
    if (!mark && strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0)
        return false;
    const char *name = key + strlen(mark ? MARK_PREFIX : KEY_PREFIX);
    size_t length = mark ? strlen(name) : strcspn(name, "/");
    *type = mark ? RF_EVENT_MARK_SET : RF_EVENT_KEY_SET_ASIDE;
    *fingerprint = mark ? NULL : name + length + (name[length] == '/' ? 1 : 0);
    return snprintf(provider, 64, "%.*s", (int)length, name) < 64;
}

// A mark makes a provider unusable for everybody, and so is a key that is set aside: it must be
// told of, whoever dies next, so that the event and the value are one act. A value under such a key
// where there was none is a new one.
static void tell_mark(struct rf_core *core, const struct rf_state_entry *entry) {
    static const char *const told[] = {"class", "code", "message", "clears",
                                       "until", "call", "left"};
    enum rf_event_type type;
    char provider[64];
    const char *fingerprint;
    if (!json_is_object(entry->value) || !is_told(entry->key, &type, provider, &fingerprint))
        return;
    const char *contact = json_string_value(json_object_get(entry->value, "contact"));
    json_t *data = json_object();
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        json_t *member = json_object_get(entry->value, told[i]);
        if (member != NULL)
            (void)json_object_set(data, told[i], member);
    }
    if (fingerprint != NULL)
        (void)json_object_set_new(data, "key", json_stringn(fingerprint, strnlen(fingerprint, 8)));
    struct rf_event event = {
        .severity = rf_event_severity(type),
        .type = rf_event_type_name(type),
        .subject = provider,
        .service = provider,
        .campaign = json_string_value(json_object_get(entry->value, "campaign")),
        .contact = contact != NULL && *contact != '\0' ? contact : NULL,
        .data = data,
    };
    rf_core_publish(core, &event);
    json_decref(data);
}

// After a write: what it says, if that is told. `before`: the value that it replaced; NULL: none.
static void tell_written(struct rf_core *core, const struct rf_state_entry *entry, json_t *before) {
    if (before == NULL)
        tell_mark(core, entry);
    if (rf_alert_word_is(entry->key))
        rf_alert_word_written(core, entry->key, before, entry->value);
}

// The value that stands, which is held over the write of another; NULL: none.
static json_t *hold_value(const struct rf_core *core, const char *key) {
    struct rf_state_entry entry;
    return rf_states_get(&core->states, key, &entry) == RF_OK ? json_incref(entry.value) : NULL;
}

void rf_on_state_get(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    const struct rf_state_get *get = &(*message)->as.state_get;
    struct rf_state_entry entry = {0};
    enum rf_err err = rf_states_get(&core->states, get->key, &entry);
    reply_one(core, from, get->rid, err, &entry);
}

// Whether a client's value has a place, and its record room, or needs none.
static enum rf_err check_room(struct rf_core *core, const char *key, int64_t ttl_ns) {
    if (!rf_states_has_room(&core->states, key))
        return RF_ERR_FULL;
    if (rf_scribe_has_room(&core->scribe, RF_SHARE_VALUES))
        return RF_OK;
    const struct rf_state_row *row = rf_states_find(&core->states, key);
    bool renews =
        row != NULL && ttl_ns > 0 && core->scribe.failing && row->position > core->scribe.written;
    return renews ? RF_OK : RF_ERR_IO;
}

void rf_on_state_put(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    const struct rf_state_put *put = &(*message)->as.state_put;
    struct rf_state_entry entry;
    if (is_ours(core, from, put->rid, put->key, false) ||
        is_anothers(core, from, put->rid, put->key))
        return;
    json_t *before = hold_value(core, put->key);
    enum rf_err err = check_room(core, put->key, put->ttl_ns);
    entry = (struct rf_state_entry){.key = put->key};
    if (err == RF_OK)
        err = rf_states_put(&core->states, put->key, put->value, put->ttl_ns, &entry);
    if (err == RF_OK)
        tell_written(core, &entry, before);
    json_decref(before);
    reply_written(core, from, put->rid, err, &entry);
}

void rf_on_state_cas(struct rf_core *core, const struct rf_peer *from, struct rf_message **message,
                     size_t size) {
    (void)size;
    const struct rf_state_cas *cas = &(*message)->as.state_cas;
    struct rf_state_entry entry;
    if (is_ours(core, from, cas->rid, cas->key, cas->value == NULL) ||
        is_anothers(core, from, cas->rid, cas->key))
        return;
    if (rf_core_unconfirmed(core, from, cas)) {
        reply(core, from, cas->rid, "unconfirmed", NULL, 0);
        return;
    }
    // What deletes, or only compares, needs no new place.
    enum rf_err err = check_room(core, cas->key, cas->value != NULL ? cas->ttl_ns : 0);
    if (err == RF_ERR_FULL && (cas->value == NULL || cas->version != 0))
        err = RF_OK;
    entry = (struct rf_state_entry){.key = cas->key};
    json_t *before = hold_value(core, cas->key);
    if (err == RF_OK)
        err = rf_states_cas(&core->states, cas->key, cas->version, cas->value, cas->ttl_ns, &entry);
    if (err == RF_OK && cas->value != NULL)
        tell_written(core, &entry, before);
    json_decref(before);
    reply_written(core, from, cas->rid, err, &entry);
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
