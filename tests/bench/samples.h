// What a load program measures of its requests, and the line of JSON that it prints of them.
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    int64_t *took_ns; // of each request that counts
    size_t count, room;
    size_t warmup; // so many requests come first and do not count
    size_t ended;  // all of them, warm-up included
    size_t failed; // of those that count
    int64_t began_ns, ended_ns;
    int64_t cpu_began_ns;
};

// samples_init: room for `requests` after `warmup` that do not count. Ends the program if there is
// no memory.
void samples_init(struct samples *samples, size_t warmup, size_t requests);
void samples_fini(struct samples *samples);

// samples_end: one request ended well or not. True when all have.
int samples_end(struct samples *samples, int64_t began_ns, int good);

// samples_print: {"requests", "failed", "per_second", "p50_us", "p99_us", "p999_us", "cpu_us"} on
// stdout; cpu_us is this process's own CPU time a request.
void samples_print(struct samples *samples);

// samples_now: CLOCK_MONOTONIC in nanoseconds.
int64_t samples_now(void);

// samples_number: a positive whole number of the command line, else the program ends with 2.
size_t samples_number(const char *text, const char *what);

#endif
