#include <ringfence/latency.h>

// 2^16 ns are the first bucket's end; above it eight buckets to each power of two, up to 2^42 ns
// (73 minutes).
#define SHORTEST_BITS 16
#define LONGEST_BITS  42
#define SUB_BITS      3
#define SUBS          (1 << SUB_BITS)

_Static_assert(RF_LATENCY_BUCKETS == (LONGEST_BITS - SHORTEST_BITS) * SUBS, "a bucket each");

static int bucket_of(struct rf_duration took) {
    if (took.ns < INT64_C(1) << SHORTEST_BITS)
        return 0;
    if (took.ns >= INT64_C(1) << LONGEST_BITS)
        return RF_LATENCY_BUCKETS - 1;
    int bits = 63 - __builtin_clzll((unsigned long long)took.ns);
    int sub = (int)(took.ns >> (bits - SUB_BITS)) & (SUBS - 1);
    return (bits - SHORTEST_BITS) * SUBS + sub;
}

// The first time that belongs to the next bucket.
static struct rf_duration end_of(int bucket) {
    int bits = bucket / SUBS + SHORTEST_BITS;
    int64_t sub = bucket % SUBS;
    return rf_ns((SUBS + sub + 1) << (bits - SUB_BITS));
}

static void halve(struct rf_latency *latency) {
    latency->count = 0;
    for (int i = 0; i < RF_LATENCY_BUCKETS; i++)
        latency->count += latency->counts[i] /= 2;
}

void rf_latency_record(struct rf_latency *latency, struct rf_duration took) {
    latency->counts[bucket_of(took)]++;
    latency->count++;
    if (latency->count >= RF_LATENCY_MOST)
        halve(latency);
}

struct rf_duration rf_latency_percentile(const struct rf_latency *latency, double share) {
    double wanted = share * (double)latency->count;
    int64_t seen = 0;
    for (int i = 0; i < RF_LATENCY_BUCKETS; i++) {
        seen += latency->counts[i];
        if (seen > 0 && (double)seen >= wanted)
            return end_of(i);
    }
    return rf_ns(0);
}
