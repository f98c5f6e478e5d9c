#include <ringfence/latency.h>

void rf_latency_record(struct rf_latency *latency, struct rf_duration took) {
    rf_histogram_record(&latency->recent, took);
    if (latency->recent.count >= RF_LATENCY_MOST)
        rf_histogram_halve(&latency->recent);
}

struct rf_duration rf_latency_percentile(const struct rf_latency *latency, double share) {
    return rf_histogram_percentile(&latency->recent, share);
}
