#include "rate.h"

#define MOST_LEFT rf_seconds(INT64_C(366) * 24 * 3600) // longer than that is no answer

struct rf_utc rf_rate_from(struct rf_utc since, struct rf_utc now) {
    struct rf_utc from = rf_utc_add(now, rf_ns(-RF_RATE_WINDOW.ns));
    return since.ns > from.ns ? since : from;
}

bool rf_rate_per_minute(const struct rf_rate *rate, struct rf_utc now, double *per_minute) {
    struct rf_utc from = rf_rate_from(rate->since, now);
    if (rate->ended >= RF_RATE_MOST && rate->oldest.ns > from.ns)
        from = rate->oldest;
    struct rf_duration span = rf_utc_since(now, from);
    // With so many of them a shorter time tells enough.
    if (span.ns <= 0 || (span.ns < RF_RATE_LEAST.ns && rate->ended < RF_RATE_MOST))
        return false;
    *per_minute = (double)rate->ended * 60e9 / (double)span.ns;
    return true;
}

bool rf_rate_left(double per_minute, int64_t left, struct rf_duration *time) {
    if (per_minute <= 0 || left < 0)
        return false;
    double ns = (double)left / per_minute * 60e9;
    if (ns > (double)MOST_LEFT.ns)
        return false;
    *time = rf_ns((int64_t)ns);
    return true;
}
