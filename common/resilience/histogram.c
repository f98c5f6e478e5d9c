#include <ringfence/histogram.h>

// 2^16 ns are the first bucket's beginning; above it 32 buckets to each power of two, up to 2^42 ns
// (73 minutes).
#define SHORTEST_BITS 16
#define LONGEST_BITS  42
#define SUB_BITS      5
#define SUBS          (1 << SUB_BITS)

_Static_assert(RF_HISTOGRAM_BUCKETS == (LONGEST_BITS - SHORTEST_BITS) * SUBS, "a bucket each");

static int bucket_of(struct rf_duration took) {
    if (took.ns < INT64_C(1) << SHORTEST_BITS)
        return 0;
    if (took.ns >= INT64_C(1) << LONGEST_BITS)
        return RF_HISTOGRAM_BUCKETS - 1;
    int bits = 63 - __builtin_clzll((unsigned long long)took.ns);
    int sub = (int)(took.ns >> (bits - SUB_BITS)) & (SUBS - 1);
    return (bits - SHORTEST_BITS) * SUBS + sub;
}

struct rf_duration rf_histogram_end(int bucket) {
    int bits = bucket / SUBS + SHORTEST_BITS;
    int64_t sub = bucket % SUBS;
    return rf_ns((SUBS + sub + 1) << (bits - SUB_BITS));
}

bool rf_histogram_add(struct rf_histogram *histogram, int64_t bucket, int64_t count) {
    if (bucket < 0 || bucket >= RF_HISTOGRAM_BUCKETS || count < 0 ||
        count > UINT32_MAX - histogram->counts[bucket])
        return false;
    histogram->counts[bucket] += (uint32_t)count;
    histogram->count += count;
    return true;
}

void rf_histogram_record(struct rf_histogram *histogram, struct rf_duration took) {
    (void)rf_histogram_add(histogram, bucket_of(took), 1);
}

void rf_histogram_merge(struct rf_histogram *histogram, const struct rf_histogram *other) {
    for (int i = 0; i < RF_HISTOGRAM_BUCKETS; i++) {
        uint32_t room = UINT32_MAX - histogram->counts[i];
        uint32_t more = other->counts[i] < room ? other->counts[i] : room;
        (void)rf_histogram_add(histogram, i, more);
    }
}

void rf_histogram_halve(struct rf_histogram *histogram) {
    histogram->count = 0;
    for (int i = 0; i < RF_HISTOGRAM_BUCKETS; i++)
        histogram->count += histogram->counts[i] /= 2;
}

struct rf_duration rf_histogram_percentile(const struct rf_histogram *histogram, double share) {
    double wanted = share * (double)histogram->count;
    int64_t seen = 0;
    for (int i = 0; i < RF_HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return rf_histogram_end(i);
    }
    return rf_ns(0);
}
