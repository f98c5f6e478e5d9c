// The recent latencies of one service: a histogram whose counts are all halved when 512 are in it,
// so that the recent ones weigh most. Pure; bounded, no allocation.
#ifndef RINGFENCE_LATENCY_H
#define RINGFENCE_LATENCY_H

#include <ringfence/histogram.h>

#pragma GCC visibility push(default)

#define RF_LATENCY_MOST 512

// All zero: empty. Members are for reading only.
struct rf_latency {
    struct rf_histogram recent;
};

// rf_latency_record: one more; ranges as of rf_histogram_record.
void rf_latency_record(struct rf_latency *latency, struct rf_duration took);

// rf_latency_percentile: as rf_histogram_percentile.
struct rf_duration rf_latency_percentile(const struct rf_latency *latency, double share);

#pragma GCC visibility pop

#endif
