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
    size_t bytes;  // of all that came, where the program counts them
    size_t each;   // things that one request carries: per_second and cpu_us are theirs; 1
    int64_t began_ns, ended_ns;
    int64_t cpu_began_ns;
};

// samples_init: room for `requests` after `warmup` that do not count. Ends the program if there is
// no memory.
void samples_init(struct samples *samples, size_t warmup, size_t requests);
void samples_fini(struct samples *samples);

// samples_end: one request ended well or not. True when all have.
int samples_end(struct samples *samples, int64_t began_ns, int good);

// samples_cut: nothing more comes: what is missing of the requests has failed. The time ends with
// the last one that came.
void samples_cut(struct samples *samples);

// samples_print: {"requests", "failed", "per_second", "p50_us", "p99_us", "p999_us", "cpu_us",
// "bytes"} on stdout; cpu_us is this process's own CPU time a request, bytes the mean of one.
void samples_print(struct samples *samples);

// samples_now: CLOCK_MONOTONIC in nanoseconds. samples_cpu_ns: this process's CPU time so far.
int64_t samples_now(void);
int64_t samples_cpu_ns(void);

// samples_number: a positive whole number of the command line, else the program ends with 2.
size_t samples_number(const char *text, const char *what);

#endif
