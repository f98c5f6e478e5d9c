#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t samples_now(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t samples_cpu_ns(void) {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

size_t samples_number(const char *text, const char *what) {
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*text != '\0' && *end == '\0' && n > 0 && n <= 100000000)
        return (size_t)n;
    fprintf(stderr, "%s: a whole number of 1 or more expected, not \"%s\"\n", what, text);
    exit(2);
}

static void begin(struct samples *samples) {
    samples->began_ns = samples_now();
    samples->cpu_began_ns = samples_cpu_ns();
}

void samples_init(struct samples *samples, size_t warmup, size_t requests) {
    *samples = (struct samples){.warmup = warmup, .room = requests, .each = 1};
    samples->took_ns = calloc(requests, sizeof *samples->took_ns);
    if (samples->took_ns == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    begin(samples);
}

void samples_fini(struct samples *samples) {
    free(samples->took_ns);
    *samples = (struct samples){0};
}

int samples_end(struct samples *samples, int64_t began_ns, int good) {
    samples->ended++;
    if (samples->ended == samples->warmup)
        begin(samples);
    if (samples->ended <= samples->warmup || samples->count == samples->room)
        return samples->count == samples->room;
    samples->failed += !good;
    samples->ended_ns = samples_now();
    samples->took_ns[samples->count++] = samples->ended_ns - began_ns;
    return samples->count == samples->room;
}

void samples_cut(struct samples *samples) {
    if (samples->count == 0) {
        fprintf(stderr, "nothing came but %zu to warm up\n", samples->ended);
        exit(1);
    }
    samples->failed += samples->room - samples->count;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static double percentile_us(const struct samples *samples, double share) {
    size_t at = (size_t)(share * (double)samples->count);
    if (at >= samples->count)
        at = samples->count - 1;
    return (double)samples->took_ns[at] / 1e3;
}

void samples_print(struct samples *samples) {
    double count = (double)(samples->count * samples->each);
    double cpu_ns = (double)(samples_cpu_ns() - samples->cpu_began_ns);
    double seconds = (double)(samples->ended_ns - samples->began_ns) / 1e9;
    qsort(samples->took_ns, samples->count, sizeof *samples->took_ns, ascending);
    printf("{\"requests\": %zu, \"failed\": %zu, \"per_second\": %.1f, \"p50_us\": %.1f, "
           "\"p99_us\": %.1f, \"p999_us\": %.1f, \"cpu_us\": %.2f, \"bytes\": %.0f}\n",
           samples->count, samples->failed, count / seconds, percentile_us(samples, 0.5),
           percentile_us(samples, 0.99), percentile_us(samples, 0.999), cpu_ns / count / 1e3,
           (double)samples->bytes / (double)samples->ended);
    fflush(stdout);
}
