// The recent latencies of one service as a histogram of fixed size, and their percentiles. Buckets
// are log-linear as in HdrHistogram: eight to each power of two, so a percentile is at most an
// eighth too high and never too low. When 512 are in it all counts are halved: the recent ones
// weigh most. Pure; bounded, no allocation.
#ifndef RINGFENCE_LATENCY_H
#define RINGFENCE_LATENCY_H

#include <stdbool.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

#define RF_LATENCY_BUCKETS 208
#define RF_LATENCY_MOST    512

// All zero: empty. Members are for reading only.
struct rf_latency {
    uint32_t counts[RF_LATENCY_BUCKETS];
    int64_t count; // their sum
};

// rf_latency_record: one more. Below 64 us counts as the shortest, above an hour as the longest.
void rf_latency_record(struct rf_latency *latency, struct rf_duration took);

// rf_latency_percentile: a time that this share (0 to 1) of them does not exceed; 0 if empty.
struct rf_duration rf_latency_percentile(const struct rf_latency *latency, double share);

#pragma GCC visibility pop

#endif
