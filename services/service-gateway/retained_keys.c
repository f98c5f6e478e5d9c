// Keys that are set aside, as retained state of the broker: "key/<provider>/<fingerprint>".
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "gateway.h"

#define PREFIX   "key/"
#define KEY_SIZE 96

static const char *key_of(enum rf_provider provider, const char *fingerprint, char key[KEY_SIZE]) {
    snprintf(key, KEY_SIZE, PREFIX "%s/%s", rf_provider_name(provider), fingerprint);
    return key;
}

// False if the name is none of ours.
static bool split(const char *key, enum rf_provider *provider, const char **fingerprint) {
    char name[32];
    const char *slash = strchr(key + strlen(PREFIX), '/');
    if (slash == NULL)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(slash - key - (ptrdiff_t)strlen(PREFIX)),
             key + strlen(PREFIX));
    *fingerprint = slash + 1;
    return rf_provider_parse(name, provider);
}

static void on_cas(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct state_request *request = arg;
    struct gateway *gateway = request->gateway;
    if (request->why != NULL)
        core_key_cleared(&gateway->core, request->provider, request->about, code, request->why);
    else
        core_key_told(&gateway->core, request->provider, request->about,
                      entry != NULL ? entry->version : 0);
    state_request_free(request);
    gateway_settle(gateway);
}

void gateway_key_aside(void *arg, enum rf_provider provider, const char *fingerprint, json_t *value,
                       struct rf_duration ttl) {
    struct gateway *gateway = arg;
    char key[KEY_SIZE];
    rf_log(RF_LOG_WARNING, "key %.8s of %s is set aside: %s", fingerprint,
           rf_provider_name(provider), json_string_value(json_object_get(value, "message")));
    rf_bus_state_cas(gateway->process->bus, key_of(provider, fingerprint, key), 0, value, ttl,
                     on_cas, state_request_new(gateway, provider, fingerprint, NULL));
}

void gateway_key_clear(void *arg, enum rf_provider provider, const char *fingerprint,
                       int64_t version, const char *why) {
    struct gateway *gateway = arg;
    char key[KEY_SIZE];
    rf_bus_state_cas(gateway->process->bus, key_of(provider, fingerprint, key), version, NULL,
                     rf_ns(0), on_cas, state_request_new(gateway, provider, fingerprint, why));
}

struct snapshot {
    const struct rf_state_entry *entries;
    size_t count;
    enum rf_provider provider;
};

static bool has(void *arg, const char *fingerprint) {
    const struct snapshot *snapshot = arg;
    char key[KEY_SIZE];
    key_of(snapshot->provider, fingerprint, key);
    for (size_t i = 0; i < snapshot->count; i++)
        if (strcmp(snapshot->entries[i].key, key) == 0)
            return true;
    return false;
}

static void on_keys(void *arg, bool snapshot, const struct rf_state_entry *entries, size_t count) {
    struct gateway *gateway = arg;
    struct moment at = gateway_now(gateway);
    for (int p = 0; snapshot && p < RF_PROVIDER_COUNT; p++)
        core_keys_snapshot(&gateway->core, (enum rf_provider)p, has,
                           &(struct snapshot){entries, count, (enum rf_provider)p}, at);
    for (size_t i = 0; i < count; i++) {
        enum rf_provider provider;
        const char *fingerprint;
        if (split(entries[i].key, &provider, &fingerprint))
            core_key_changed(&gateway->core, provider, fingerprint, entries[i].version,
                             entries[i].value, at);
    }
    gateway_settle(gateway);
}

enum rf_err gateway_watch_keys(struct gateway *gateway, struct rf_error *error) {
    return rf_bus_watch(gateway->process->bus, PREFIX, on_keys, gateway, error);
}
