#include "processes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void health_processes_init(struct health_processes *processes, struct rf_duration grace) {
    *processes = (struct health_processes){.grace = grace};
}

void health_processes_fini(struct health_processes *processes) {
    free(processes->items);
    *processes = (struct health_processes){0};
}

static struct health_process *find(struct health_processes *processes, const char *instance) {
    for (size_t i = 0; i < processes->count; i++)
        if (strcmp(processes->items[i].instance, instance) == 0)
            return &processes->items[i];
    return NULL;
}

static struct health_process *add(struct health_processes *processes, const char *instance) {
    if (processes->count == HEALTH_MAX_PROCESSES)
        return NULL;
    if (processes->count == processes->capacity) {
        size_t capacity = processes->capacity == 0 ? 16 : processes->capacity * 2;
        struct health_process *items = realloc(processes->items, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        processes->items = items;
        processes->capacity = capacity;
    }
    struct health_process *process = &processes->items[processes->count++];
    *process = (struct health_process){0};
    snprintf(process->instance, sizeof process->instance, "%s", instance);
    return process;
}

// Tells of the process, if it went without a word, and forgets it.
static void drop(struct health_processes *processes, struct health_process *process,
                 health_lost_fn *lost, void *arg) {
    struct health_process gone = *process;
    *process = processes->items[--processes->count];
    if (!gone.leaving)
        lost(arg, &gone);
}

bool health_processes_seen(struct health_processes *processes, const char *instance,
                           const char *service, const char *state, struct rf_utc now) {
    if (strlen(instance) >= HEALTH_NAME_SIZE)
        return false;
    struct health_process *process = find(processes, instance);
    if (process == NULL)
        process = add(processes, instance);
    if (process == NULL)
        return false;
    snprintf(process->service, sizeof process->service, "%s", service);
    process->seen = now;
    process->missing = false;
    process->leaving = strcmp(state, "draining") == 0 || strcmp(state, "stopped") == 0;
    return true;
}

void health_processes_gone(struct health_processes *processes, const char *instance,
                           health_lost_fn *lost, void *arg) {
    struct health_process *process = find(processes, instance);
    if (process != NULL)
        drop(processes, process, lost, arg);
}

bool health_processes_serve(const struct health_processes *processes, const char *service) {
    for (size_t i = 0; i < processes->count; i++) {
        const struct health_process *process = &processes->items[i];
        if (!process->missing && !process->leaving && strcmp(process->service, service) == 0)
            return true;
    }
    return false;
}

void health_processes_absent(struct health_processes *processes, struct rf_instant now) {
    for (size_t i = 0; i < processes->count; i++) {
        struct health_process *process = &processes->items[i];
        if (process->missing)
            continue;
        process->missing = true;
        process->missing_until = rf_instant_add(now, processes->grace);
    }
}

void health_processes_tick(struct health_processes *processes, struct rf_instant now,
                           health_lost_fn *lost, void *arg) {
    for (size_t i = processes->count; i-- > 0;) {
        struct health_process *process = &processes->items[i];
        if (process->missing && !rf_instant_before(now, process->missing_until))
            drop(processes, process, lost, arg);
    }
}

bool health_processes_wake(const struct health_processes *processes, struct rf_instant *when) {
    bool found = false;
    for (size_t i = 0; i < processes->count; i++) {
        const struct health_process *process = &processes->items[i];
        if (!process->missing || (found && !rf_instant_before(process->missing_until, *when)))
            continue;
        *when = process->missing_until;
        found = true;
    }
    return found;
}
