// Retained state of the broker: marks, key "mark/<provider>", and which link serves instead of the
// first.
#include <stdio.h>
#include <string.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "gateway.h"

// Who serves instead of whom stands for so long after the last call, and is written so often.
#define FALLBACK_LEASE rf_seconds(60)
#define FALLBACK_PAUSE rf_seconds(10)

#define PREFIX   "mark/"
#define KEY_SIZE 64

static const char *key_of(enum rf_provider provider, char key[KEY_SIZE]) {
    snprintf(key, KEY_SIZE, PREFIX "%s", rf_provider_name(provider));
    return key;
}

static void on_cas(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct state_request *request = arg;
    struct gateway *gateway = request->gateway;
    struct moment at = gateway_now(gateway);
    json_t *value = entry != NULL ? entry->value : NULL;
    if (request->about != NULL && code == NULL)
        RF_CRASH_POINT(gateway, mark_made);
    if (request->about != NULL)
        core_marked(&gateway->core, request->provider, request->about, code, value, at);
    else
        core_unmarked(&gateway->core, request->provider, code, at);
    state_request_free(request);
    gateway_settle(gateway);
}

void gateway_mark(void *arg, enum rf_provider provider, const char *call, json_t *value,
                  struct rf_duration ttl) {
    struct gateway *gateway = arg;
    char key[KEY_SIZE];
    rf_bus_state_cas(gateway->process->bus, key_of(provider, key), 0, value, ttl, on_cas,
                     state_request_new(gateway, provider, call, NULL));
}

void gateway_unmark(void *arg, enum rf_provider provider, int64_t version) {
    struct gateway *gateway = arg;
    char key[KEY_SIZE];
    rf_log(RF_LOG_INFO, "the mark of %s is void: its key or its configuration was changed",
           rf_provider_name(provider));
    rf_bus_state_cas(gateway->process->bus, key_of(provider, key), version, NULL, rf_ns(0), on_cas,
                     state_request_new(gateway, provider, NULL, NULL));
}

static const struct rf_state_entry *entry_of(const struct rf_state_entry *entries, size_t count,
                                             enum rf_provider provider) {
    char key[KEY_SIZE];
    key_of(provider, key);
    for (size_t i = count; i-- > 0;) // the newest is last
        if (strcmp(entries[i].key, key) == 0)
            return &entries[i];
    return NULL;
}

static void on_marks(void *arg, bool snapshot, const struct rf_state_entry *entries, size_t count) {
    struct gateway *gateway = arg;
    for (int i = 0; i < RF_PROVIDER_COUNT; i++) {
        enum rf_provider provider = (enum rf_provider)i;
        const struct rf_state_entry *entry = entry_of(entries, count, provider);
        if (entry != NULL)
            core_mark_changed(&gateway->core, provider, entry->version, entry->value,
                              gateway_now(gateway));
        else if (snapshot)
            core_mark_changed(&gateway->core, provider, 0, NULL, gateway_now(gateway));
    }
    gateway_settle(gateway);
}

enum rf_err gateway_watch_marks(struct gateway *gateway, struct rf_error *error) {
    return rf_bus_watch(gateway->process->bus, PREFIX, on_marks, gateway, error);
}

// ---- fallbacks: key "fallback/<service>" ----

void gateway_retain_fallback(struct gateway *gateway, const struct rf_event *event) {
    const char *name = json_string_value(json_object_get(event->data, "service"));
    enum gateway_service service;
    if (name == NULL || !gateway_service_parse(name, &service))
        return;
    struct moment at = gateway_now(gateway);
    bool same = strcmp(gateway->fallbacks[service].link, event->subject) == 0;
    if (same && rf_instant_before(at.now, gateway->fallbacks[service].due))
        return;
    snprintf(gateway->fallbacks[service].link, sizeof gateway->fallbacks[service].link, "%s",
             event->subject);
    gateway->fallbacks[service].due = rf_instant_add(at.now, FALLBACK_PAUSE);
    char key[KEY_SIZE];
    snprintf(key, sizeof key, "fallback/%s", name);
    json_t *value = json_copy(event->data); // why, and instead of whom
    if (value == NULL || json_object_set_new(value, "link", json_string(event->subject)) != 0 ||
        json_object_set_new(value, "at", json_integer(at.utc.ns)) != 0 ||
        json_object_del(value, "call") != 0) {
        rf_log(RF_LOG_WARNING, "%s: out of memory", key);
        json_decref(value);
        return;
    }
    rf_bus_state_put(gateway->process->bus, key, value, FALLBACK_LEASE, NULL, NULL);
    json_decref(value);
}
