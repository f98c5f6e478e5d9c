#include "resilience/breaker_parts.h"

static struct rf_duration scaled(struct rf_duration d, double factor) {
    double ns = (double)d.ns * factor;
    // 2^63 is the first double that no longer fits.
    return rf_ns(ns < 0x1.0p63 ? (int64_t)ns : INT64_MAX);
}

static struct rf_duration bounded(const struct rf_breaker_policy *policy, struct rf_duration d) {
    return policy->recovery_max.ns > 0 && d.ns > policy->recovery_max.ns ? policy->recovery_max : d;
}

struct rf_duration rf_breaker_recovery_draw(struct rf_breaker *breaker) {
    double jitter = breaker->policy.recovery_jitter;
    struct rf_duration drawn = breaker->recovery;
    if (jitter > 0)
        drawn = scaled(drawn, 1.0 + jitter * (2.0 * rf_rng_unit(&breaker->rng) - 1.0));
    return bounded(&breaker->policy, drawn);
}

void rf_breaker_recovery_grow(struct rf_breaker *breaker) {
    const struct rf_breaker_policy *policy = &breaker->policy;
    breaker->recovery = bounded(policy, scaled(breaker->recovery, policy->recovery_growth));
}

static struct rf_duration longest(const struct rf_breaker_policy *policy) {
    if (policy->recovery_growth > 1.0)
        return bounded(policy, rf_ns(INT64_MAX));
    return bounded(policy, scaled(policy->recovery_timeout, 1.0 + policy->recovery_jitter));
}

struct rf_duration rf_breaker_recovery_clamp(const struct rf_breaker_policy *policy,
                                             struct rf_duration left) {
    struct rf_duration most = longest(policy);
    return left.ns < 0 ? rf_ns(0) : left.ns > most.ns ? most : left;
}
