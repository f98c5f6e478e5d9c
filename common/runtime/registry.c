#include "runtime/registry.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include <ringfence/bus.h>

#include "base/clock.h"

static void key_of(const struct rf_registry *registry, char *key, size_t size) {
    snprintf(key, size, "process/%s", registry->instance);
}

int64_t rf_registry_resident(void) {
    long long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%lld %lld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * sysconf(_SC_PAGESIZE);
}

static json_t *queues_of(const struct rf_registry *registry) {
    json_t *queues =
        json_pack("{s:I}", "unacknowledged", (json_int_t)rf_bus_unacknowledged(registry->bus));
    if (queues != NULL && registry->queues != NULL)
        registry->queues(registry->queues_arg, queues);
    return queues;
}

// A change of state between two beats must not take away what the beat before told.
static int64_t lag_of(struct rf_registry *registry) {
    int64_t passed = rf_loop_lag(registry->loop).ns;
    if (registry->lag.ns < passed)
        registry->lag.ns = passed;
    return registry->lag.ns > registry->lag_before.ns ? registry->lag.ns : registry->lag_before.ns;
}

static void write_entry(struct rf_registry *registry) {
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    json_t *value = json_pack("{s:s, s:I, s:s, s:s, s:i, s:I, s:s, s:I, s:I, s:o}", "service",
                              registry->service, "pid", (json_int_t)getpid(), "host", host,
                              "version", RF_VERSION, "protocol", RF_WIRE_WRITTEN, "started",
                              (json_int_t)registry->started.ns, "state", registry->state,
                              "rss_bytes", (json_int_t)rf_registry_resident(), "lag_ns",
                              (json_int_t)lag_of(registry), "queues", queues_of(registry));
    if (value == NULL)
        return; // out of memory: the next interval tries again
    char key[128];
    key_of(registry, key, sizeof key);
    rf_bus_state_put(registry->bus, key, value, registry->lease, NULL, NULL);
    json_decref(value);
}

static void on_timer(void *arg) {
    struct rf_registry *registry = arg;
    if (registry->leaving)
        return;
    // Without a broker there is nobody to write to; the reconnect writes the entry.
    if (rf_bus_connected(registry->bus))
        write_entry(registry);
    registry->lag_before = registry->lag;
    registry->lag = rf_ns(0);
    rf_timer_after(&registry->timer, registry->interval);
}

void rf_registry_init(struct rf_registry *registry, struct rf_loop *loop, struct rf_bus *bus,
                      const char *service, const char *instance, struct rf_duration interval,
                      struct rf_duration lease) {
    *registry = (struct rf_registry){
        .loop = loop,
        .bus = bus,
        .service = service,
        .instance = instance,
        .state = "starting",
        .started = rf_clock_utc(),
        .interval = interval,
        .lease = lease,
    };
    rf_timer_init(&registry->timer, loop, on_timer, registry);
    on_timer(registry);
}

struct rf_duration rf_registry_lease(const struct rf_bus_config *config) {
    return rf_ns(config->heartbeat.ns * (config->heartbeat_misses + 1) * 2);
}

void rf_registry_tell(struct rf_registry *registry, const char *state) {
    registry->state = state;
    if (!registry->leaving && rf_bus_connected(registry->bus))
        write_entry(registry);
}

static void on_deleted(void *arg, const char *code, const struct rf_state_entry *entry) {
    (void)code;
    (void)entry;
    ((struct rf_registry *)arg)->left = true;
}

// Deleting needs the version, which only a reply tells: read it, then delete it.
static void on_read(void *arg, const char *code, const struct rf_state_entry *entry) {
    struct rf_registry *registry = arg;
    if (code != NULL || entry == NULL) {
        registry->left = true;
        return;
    }
    rf_bus_state_cas(registry->bus, entry->key, entry->version, NULL, rf_ns(0), on_deleted,
                     registry);
}

void rf_registry_leave(struct rf_registry *registry) {
    // Whoever watches sees "stopped" before the entry goes: that tells this end from a lost lease.
    rf_registry_tell(registry, "stopped");
    registry->leaving = true;
    rf_timer_stop(&registry->timer);
    char key[128];
    key_of(registry, key, sizeof key);
    rf_bus_state_get(registry->bus, key, on_read, registry);
}

void rf_registry_fini(struct rf_registry *registry) {
    rf_timer_stop(&registry->timer);
}
