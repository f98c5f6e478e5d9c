// A histogram of times, of fixed size, and its percentiles. Buckets are log-linear as in
// HdrHistogram: 32 to each power of two, so a percentile is at most a thirty-second too high and
// never too low, and histograms of several processes or minutes can be added up. Pure; bounded, no
// allocation.
#ifndef RINGFENCE_HISTOGRAM_H
#define RINGFENCE_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

#define RF_HISTOGRAM_BUCKETS 832

// All zero: empty. Members are for reading only.
struct rf_histogram {
    uint32_t counts[RF_HISTOGRAM_BUCKETS];
    int64_t count; // their sum
};

// rf_histogram_record: one more. Below 64 us counts as the shortest, above 73 minutes as the
// longest.
void rf_histogram_record(struct rf_histogram *histogram, struct rf_duration took);

// rf_histogram_add: `count` more in that bucket. False, and nothing is added: there is no such
// bucket, or it would hold more than 2^32 - 1.
bool rf_histogram_add(struct rf_histogram *histogram, int64_t bucket, int64_t count);

// rf_histogram_merge: all of `other` too. A bucket that would hold more than 2^32 - 1 stays there.
void rf_histogram_merge(struct rf_histogram *histogram, const struct rf_histogram *other);

// rf_histogram_halve: each count is halved, so that those that come weigh more.
void rf_histogram_halve(struct rf_histogram *histogram);

// rf_histogram_end: the first time that belongs to the bucket behind `bucket` (0 to
// RF_HISTOGRAM_BUCKETS - 1): all that are counted in it are shorter.
struct rf_duration rf_histogram_end(int bucket);

// rf_histogram_percentile: a time that this share (0 to 1) of them does not exceed; 0 if empty.
struct rf_duration rf_histogram_percentile(const struct rf_histogram *histogram, double share);

#pragma GCC visibility pop

#endif
