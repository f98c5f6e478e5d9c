// A simulator's core with a clock in the test's hand, and requests in one line.
#ifndef TEST_SIM_BENCH_H
#define TEST_SIM_BENCH_H

#include "sim.h"

struct bench {
    struct sim sim;
    struct rf_utc now;
    struct rf_duration waited; // what comes, before it was read
    struct sim_outcome outcome;
    json_t *json; // the last reply's body, NULL if it is not JSON
};

#define SIM_START_NS (INT64_C(1800000000) * RF_NS_PER_S)

// As cmocka's setup and teardown; *state is a struct bench.
int bench_setup(void **state);
int bench_teardown(void **state);

// bench_ask: one request. `target` is a path with or without "?name=value&...", already decoded;
// `headers` are lines "Name: value\n...", or NULL; "Authorization: Basic user:password" is taken in
// clear. Returns the reply's status.
unsigned bench_ask(struct bench *bench, const char *method, const char *target, const char *headers,
                   const char *body);

// bench_wait: lets time pass.
void bench_wait(struct bench *bench, struct rf_duration wait);

// bench_text: the text at a path of the last reply's JSON, such as "error.type" or "calls.0.sid";
// "" if there is none. bench_number likewise: a number, or the length of a list; -1.
const char *bench_text(const struct bench *bench, const char *path);
long bench_number(const struct bench *bench, const char *path);

// bench_header: of the last reply, or NULL.
const char *bench_header(const struct bench *bench, const char *name);

// bench_count: how many entries a list of the ledger has.
long bench_count(struct bench *bench, const char *list);

// bench_faults: PUT /admin/faults with this list's inside; fails the test if it is refused.
void bench_faults(struct bench *bench, const char *faults);

#endif
