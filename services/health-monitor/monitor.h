// The health monitor's state, shared by its parts.
#ifndef HEALTH_MONITOR_H
#define HEALTH_MONITOR_H

#include "config/config.h"
#include "http/client.h"
#include "processes.h"
#include "runtime/loop.h"
#include "runtime/service.h"
#include "status.h"

struct monitor;

// One provider that is probed.
struct health_target {
    struct monitor *monitor;
    enum rf_provider provider;
    struct health_provider health;
    struct rf_secret key; // a copy: a `file:` key is read again while it is refused
    bool ours;            // the last probe met a fault of ours
    struct rf_timer timer;
    struct rf_http_transfer *transfer; // NULL: no probe is under way
};

struct monitor {
    struct rf_process *process;
    const struct rf_config *config; // the newest one
    struct rf_http *http;
    struct health_target targets[RF_PROVIDER_COUNT];
    size_t target_count;
    struct health_processes processes;
    struct rf_timer missing_timer;
};

// probe.c: begins a probe of the target; `health_target_told` hears what it says. A probe that
// cannot even be begun is told as a failed one.
void probe_begin(struct health_target *target);

// monitor.c: takes a verdict in, tells of a change, and plans the next probe.
void health_target_told(struct health_target *target, const struct health_verdict *verdict);

// monitor.c: begins with what is retained of the target's status, and probes from then on.
void health_target_begin(struct health_target *target);

// monitor.c: writes the retained value `provider/<name>`.
void health_target_store(struct health_target *target);

// registry_watch.c: watches the registry of processes and tells of the lost ones.
RF_NODISCARD enum rf_err registry_watch_begin(struct monitor *monitor, struct rf_error *error);
void registry_watch_end(struct monitor *monitor);

#endif
