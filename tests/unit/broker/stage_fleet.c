#include "stage_fleet.h"

#include <stdio.h>
#include <stdlib.h>

struct stage stage;
struct rf_peer gateways[FLEET], client, watcher;
int64_t seqs[FLEET];
int size;
char error_text[64] = "connection refused";

const char *name_of(int g) {
    static const char *const names[FLEET] = {"g-0", "g-1", "g-2", "g-3",
                                             "g-4", "g-5", "g-6", "g-7"};
    return names[g];
}

// A gateway's heartbeat; `breakers` (may be NULL) is what it knows of elevenlabs.
void hear(int g, int64_t capacity, bool draining, struct rf_breaker_view *view) {
    const char *providers[] = {"elevenlabs", "openai-tts"};
    struct rf_offer offer = {
        .service = "speech", .capacity = capacity, .providers = {providers, 2}};
    struct rf_worker_heartbeat heartbeat = {.instance = name_of(g),
                                            .offers = {&offer, 1},
                                            .draining = draining,
                                            .breakers = {view, view == NULL ? 0 : 1}};
    stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_heartbeat, &heartbeat);
}

void two_providers(struct rf_core_settings *settings) {
    settings->guards[1].provider = "openai-tts";
    settings->guards[1].policy = RF_BREAKER_POLICY_DEFAULT;
    settings->guards[1].ejection = RF_EJECTION_POLICY_DEFAULT;
    settings->guard_count = 2;
}

// Time in which all gateways but those in `silent` (bits) live on.
void pass_without(int64_t ns, unsigned silent) {
    int64_t until = stage.now.instant.ns + ns;
    while (stage.now.instant.ns < until) {
        int64_t next = stage.now.instant.ns + S;
        stage_at(&stage, next < until ? next : until);
        for (int g = 0; g < size; g++) {
            if ((silent >> g & 1) == 0)
                hear(g, 1, false, NULL);
        }
    }
}

void pass(int64_t ns) {
    pass_without(ns, 0);
}

// The broker has been there for longer than a lease: all gateways that live have registered.
void begin(int count) {
    stage_open(&stage, two_providers);
    size = count;
    client = peer(RF_SOCKET_CALLS, "client");
    watcher = peer(RF_SOCKET_INGEST, "watcher");
    for (int g = 0; g < count; g++) {
        char identity[16];
        snprintf(identity, sizeof identity, "w%d", g);
        gateways[g] = peer(RF_SOCKET_WORKERS, identity);
        seqs[g] = 0;
        hear(g, 1, false, NULL);
    }
    pass(STAGE_LEASE + S);
    stage_hush(&stage);
}

int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

struct rf_guard *guard(void) {
    return &stage.core->authority.guards[0];
}

enum rf_breaker_state breaker(void) {
    return guard()->breaker.state;
}

void report(int g, const char *class, const char *permit) {
    struct rf_outcome_report outcome = {
        .seq = ++seqs[g],
        .service = "elevenlabs",
        .epoch = guard()->breaker.epoch,
        .class = class,
        .permit = permit,
        .took_ns = 1,
        .error = strcmp(class, "ok") == 0 ? NULL : error_text,
    };
    struct rf_worker_outcomes outcomes = {.outcomes = {&outcome, 1}};
    stage.now.instant.ns += 10;
    stage.now.utc.ns += 10;
    stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_outcomes, &outcomes);
}

void fails(int g, int times) {
    for (int i = 0; i < times; i++)
        report(g, "transient", NULL);
}

void succeed(int g) {
    report(g, "ok", NULL);
}

const struct rf_breaker_view *next_push(int g) {
    const struct rf_breaker_states *states =
        &stage_next(&stage, &gateways[g], RF_MESSAGE_breaker_states)->as.breaker_states;
    assert_int_equal(states->breakers.count, 1);
    return &states->breakers.items[0];
}

size_t events_of(const char *type) {
    size_t count = 0;
    for (size_t i = 0; i < stage.event_count; i++)
        count += strncmp(stage.events[i].topic, type, strlen(type)) == 0;
    return count;
}

void eject(int g, int by) {
    size_t before = events_of("worker.ejected");
    fails(g, 5);
    stage_hush(&stage);
    succeed(by);
    assert_int_equal(events_of("worker.ejected"), before + 1);
}

json_t *retained(const char *key) {
    struct rf_state_entry entry;
    return rf_states_get(&stage.core->states, key, &entry) == RF_OK ? entry.value : NULL;
}
