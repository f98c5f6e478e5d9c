// How long calls to a provider took of late: percentiles over the latest minutes. Pure.
#ifndef HEALTH_RECENT_H
#define HEALTH_RECENT_H

#include <ringfence/histogram.h>
#include <ringfence/time.h>

#define HEALTH_RECENT_SLOTS 5 // of a minute each

// All zero: none were heard of.
struct health_recent {
    struct {
        int64_t number; // of the minute since the clock began
        struct rf_histogram took;
    } slots[HEALTH_RECENT_SLOTS];
};

struct health_latency {
    int64_t attempts; // 0: the percentiles are too
    struct rf_duration p50, p90, p99;
};

// health_recent_heard: attempts that ended.
void health_recent_heard(struct health_recent *recent, const struct rf_histogram *took,
                         struct rf_instant now);

// health_recent_latency: of the minute under way and the four before it.
struct health_latency health_recent_latency(const struct health_recent *recent,
                                            struct rf_instant now);

#endif
