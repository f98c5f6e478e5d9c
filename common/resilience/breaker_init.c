#include <string.h>

#include "resilience/breaker_parts.h"

#define PPM 1000000

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

// Also for what is not a number: `least`.
static double clamp_share(double value, double least, double most) {
    return !(value > least) ? least : value > most ? most : value;
}

static int64_t millionths(double rate) {
    int64_t ppm = (int64_t)(clamp_share(rate, 0.0, 1.0) * PPM + 0.5);
    return rate > 0 && ppm == 0 ? 1 : ppm;
}

static void clamp_policy(struct rf_breaker_policy *policy) {
    policy->failure_threshold = clamp(policy->failure_threshold, 0, RF_BREAKER_MAX_THRESHOLD);
    policy->success_threshold = clamp(policy->success_threshold, 1, INT64_MAX);
    policy->failure_interval.ns = clamp(policy->failure_interval.ns, 0, INT64_MAX);
    policy->recovery_timeout.ns = clamp(policy->recovery_timeout.ns, 0, INT64_MAX);
    policy->test_lease.ns = clamp(policy->test_lease.ns, 1, INT64_MAX);
    policy->slow_after.ns = clamp(policy->slow_after.ns, 0, INT64_MAX);
    policy->recovery_max.ns = clamp(policy->recovery_max.ns, 0, INT64_MAX);
    policy->recovery_growth = clamp_share(policy->recovery_growth, 1.0, 1000.0);
    policy->recovery_jitter = clamp_share(policy->recovery_jitter, 0.0, 1.0);
    policy->early_share = clamp_share(policy->early_share, 0.0, 1.0);
}

void rf_breaker_init(struct rf_breaker *breaker, const struct rf_breaker_policy *policy,
                     struct rf_instant now) {
    memset(breaker, 0, sizeof *breaker);
    breaker->policy = *policy;
    struct rf_breaker_policy *own = &breaker->policy;
    clamp_policy(own);
    rf_window_init(&breaker->results, own->window, own->window_calls, own->window_time, now);
    rf_window_init(&breaker->speeds, own->window, own->window_calls, own->window_time, now);
    own->window_calls = breaker->results.calls;
    int64_t most = own->window == RF_WINDOW_CALLS ? own->window_calls : INT64_MAX;
    own->minimum_calls = clamp(own->minimum_calls, 1, most);
    breaker->failure_ppm = millionths(own->failure_rate);
    breaker->slow_ppm = own->slow_after.ns > 0 ? millionths(own->slow_rate) : 0;
    for (unsigned c = 0; c < RF_CLASS_COUNT; c++)
        if (rf_class_counts((enum rf_class)c))
            breaker->counting |= 1u << c;
    breaker->counting &= ~own->ignore;
    breaker->rng.state = own->seed;
    breaker->recovery = own->recovery_timeout;
    breaker->now = now;
    breaker->since = now;
    breaker->force_until = RF_BREAKER_NO_END;
    rf_breaker_set_due(breaker);
}

void rf_breaker_listen(struct rf_breaker *breaker, rf_breaker_listener_fn *listener, void *arg) {
    breaker->listener = listener;
    breaker->listener_arg = arg;
}
