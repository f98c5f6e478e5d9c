// An engine under given time, and what it told: for the tests of it.
#ifndef RF_TESTS_ENGINE_BENCH_H
#define RF_TESTS_ENGINE_BENCH_H

#include "engine.h"

#define START (INT64_C(1763981280) * RF_NS_PER_S) // 2025-11-24 10:48:00 UTC, a Monday

struct bench {
    struct rf_config_alerter config;
    struct rf_config_alert_rule rules[8]; // the user's; config.rules.count of them
    struct rf_engine engine;
    struct rf_zone *zone;
    double now; // seconds since START
    int64_t n;  // of the newest event
    struct rf_alert *told;
    size_t told_count;
    double late;   // so many seconds ago the events happened
    double wake;   // of the last tick, as now; -1: never
    unsigned acks; // channels that are told of acknowledgements
    const char *names[3];
    bool paged; // ticks follow each 256th event, as they do a page of the journal
};

// bench_new: with the configuration's defaults, and three channels named a, b and c.
struct bench *bench_new(void);
void bench_destroy(struct bench *bench);

// bench_event: an event now. `data` is JSON with ' for "; campaign "spring" and, for contacts, the
// subject as the contact. Its notices, and those of the tick behind it, are added to `told`.
void bench_event(struct bench *bench, const char *type, const char *subject, const char *data);
// bench_tick: what time calls for. bench_wait: all ticks that are called for in so long.
void bench_tick(struct bench *bench);
void bench_wait(struct bench *bench, double seconds);
// bench_kill: the engine is destroyed, and another one loaded with what was stored.
void bench_kill(struct bench *bench);
// bench_reload: the configuration, or the names, are as they stand now.
void bench_reload(struct bench *bench);
void bench_silence(struct bench *bench, const char *id, const char *value);

// bench_last: the newest notice; on channel c. bench_count: of a kind ("opened"), of an incident
// (NULL: of all).
const struct rf_alert *bench_last(const struct bench *bench);
const struct rf_alert *bench_last_on(const struct bench *bench, unsigned c);
size_t bench_count(const struct bench *bench, const char *kind, const char *incident);
// bench_kinds: all that was told to one of these channels, such as "opened breaker/x, resolved
// breaker/x".
char *bench_kinds(const struct bench *bench, unsigned channels);
// bench_expect: that this, and nothing else, was told so far. bench_expect_on: on channel c.
void bench_expect(const struct bench *bench, const char *kinds);
void bench_expect_on(const struct bench *bench, unsigned c, const char *kinds);

// bench_says: that the text has this part.
void bench_says(const char *text, const char *part);

// bench_fail_contact, bench_defer_contact: events of a contact of provider x.
void bench_fail_contact(struct bench *bench, const char *contact);
void bench_defer_contact(struct bench *bench, const char *contact);

// A test with a bench of its own as its state.
int bench_set_up(void **state);
int bench_tear_down(void **state);
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_set_up, bench_tear_down)

#endif
