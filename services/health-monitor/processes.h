// Which of our processes are alive, from the registry of processes. Pure: entries and time in, the
// lost ones out.
#ifndef HEALTH_PROCESSES_H
#define HEALTH_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/time.h>

#define HEALTH_NAME_SIZE     96
#define HEALTH_MAX_PROCESSES 4096 // more are not watched, and that is told

struct health_process {
    char instance[HEALTH_NAME_SIZE];
    char service[HEALTH_NAME_SIZE];
    struct rf_utc seen; // when its entry last changed
    bool leaving;       // it said that it ends
    bool missing;       // absent from a snapshot: has until `missing_until` to come back
    struct rf_instant missing_until;
};

struct health_processes {
    struct health_process *items;
    size_t count, capacity;
    struct rf_duration grace; // for registering again after a broker's restart
};

typedef void health_lost_fn(void *arg, const struct health_process *process);

void health_processes_init(struct health_processes *processes, struct rf_duration grace);
void health_processes_fini(struct health_processes *processes);

// health_processes_seen: an entry exists or changed. False if it cannot be watched (bound, memory).
bool health_processes_seen(struct health_processes *processes, const char *instance,
                           const char *service, const char *state, struct rf_utc now);

// health_processes_gone: its entry was deleted: by itself, when it said that it ends, or by the end
// of its lease. `lost` is called in the second case.
void health_processes_gone(struct health_processes *processes, const char *instance,
                           health_lost_fn *lost, void *arg);

// health_processes_serve: whether one of this service is there, and not about to end.
bool health_processes_serve(const struct health_processes *processes, const char *service);

// health_processes_absent: everybody is absent until it is seen again: call it before the entries
// of a snapshot are told by _seen. A broker that was restarted knows nobody at first, so they get
// the grace.
void health_processes_absent(struct health_processes *processes, struct rf_instant now);

// health_processes_tick: those whose grace is over are lost. health_processes_wake: when that is
// next.
void health_processes_tick(struct health_processes *processes, struct rf_instant now,
                           health_lost_fn *lost, void *arg);
bool health_processes_wake(const struct health_processes *processes, struct rf_instant *when);

#endif
