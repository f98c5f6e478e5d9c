#include "resilience/backoff.h"

struct rf_duration rf_backoff_wait(const struct rf_retry_policy *policy, int64_t failures,
                                   struct rf_rng *rng) {
    struct rf_retry retry = {.retries = failures};
    if (failures > 0)
        retry.previous = rf_retry_backoff(policy, failures - 1);
    struct rf_retry_decision decision = rf_retry_decide(policy, &retry, RF_CLASS_TRANSIENT,
                                                        rf_ns(0), rf_ns(INT64_MAX), rf_ns(0), rng);
    if (decision.verdict == RF_RETRY_AGAIN)
        return decision.wait;
    if (policy->jitter == RF_JITTER_NONE)
        return policy->max_delay;
    double share = 1.0 - 0.5 * rf_rng_unit(rng);
    return rf_ns((int64_t)((double)policy->max_delay.ns * share));
}
