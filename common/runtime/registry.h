// A process's entry in the registry of processes: the retained value `process/<instance>` under a
// lease that is renewed while the process lives. When the lease ends without a word, the health
// monitor knows that the process is lost.
#ifndef RF_RUNTIME_REGISTRY_H
#define RF_RUNTIME_REGISTRY_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/time.h>

#include "runtime/loop.h"

struct rf_bus;
struct rf_bus_config;

// What a process adds to its entry: lengths of its queues, each a number under its name.
typedef void rf_registry_queues_fn(void *arg, json_t *queues);

struct rf_registry {
    struct rf_loop *loop;
    struct rf_bus *bus;
    rf_registry_queues_fn *queues; // NULL: none but what waits for the broker
    void *queues_arg;
    const char *service, *instance;
    const char *state; // "starting", "ready", "draining", "stopped"
    struct rf_utc started;
    struct rf_duration interval, lease;
    struct rf_duration lag,
        lag_before; // longest pass since the beat, and of the interval before it
    struct rf_timer timer;
    bool leaving;
    bool left; // the entry is deleted and the broker has said so
};

// The entry: service, pid, host, version, started, state; rss_bytes (what it holds in memory),
// lag_ns (rf_loop_lag of this interval and the one before; 0 until a first pass is over), queues
// {unacknowledged: events that wait for the broker, and what the service adds}.
//
// rf_registry_init: writes the entry now and again every `interval`; it ends `lease` after the last
// time. The texts are borrowed.
void rf_registry_init(struct rf_registry *registry, struct rf_loop *loop, struct rf_bus *bus,
                      const char *service, const char *instance, struct rf_duration interval,
                      struct rf_duration lease);

// rf_registry_resident: what this process holds in memory, in bytes, as the kernel counts it; 0 if
// it does not tell. For the broker, which writes an entry of its own.
int64_t rf_registry_resident(void);

// rf_registry_lease: how long an entry lives without word from its process. Twice as long as a
// peer's silence, as people are told of its end: calls are long elsewhere by then.
struct rf_duration rf_registry_lease(const struct rf_bus_config *config);

// rf_registry_tell: changes the state and writes the entry at once. Also after a reconnect, with
// the state as it is.
void rf_registry_tell(struct rf_registry *registry, const char *state);

// rf_registry_leave: deletes the entry: an orderly end. `left` tells when that is done.
void rf_registry_leave(struct rf_registry *registry);

void rf_registry_fini(struct rf_registry *registry);

#endif
