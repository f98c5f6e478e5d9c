#include <ringfence/retry.h>

#include <math.h>

static struct rf_duration scaled(struct rf_duration d, double factor) {
    if (d.ns <= 0)
        return rf_ns(0); // also times infinity
    double ns = (double)d.ns * factor;
    // 2^63 is the first double that no longer fits.
    if (!(ns < 0x1.0p63))
        return rf_ns(INT64_MAX);
    return rf_ns(ns > 0 ? (int64_t)ns : 0);
}

static struct rf_duration at_most(struct rf_duration d, struct rf_duration limit) {
    return d.ns < limit.ns ? d : limit;
}

// How many times the initial delay the wait is.
static double growth(const struct rf_retry_policy *policy, int64_t n) {
    double steps = n > 0 ? (double)n : 0.0;
    switch (policy->strategy) {
    case RF_RETRY_CONSTANT:
        return 1.0;
    case RF_RETRY_LINEAR:
        return 1.0 + steps;
    case RF_RETRY_EXPONENTIAL:
        break;
    }
    return pow(policy->backoff_factor, steps);
}

struct rf_duration rf_retry_backoff(const struct rf_retry_policy *policy, int64_t n) {
    return at_most(scaled(policy->initial_delay, growth(policy, n)), policy->max_delay);
}

// Decorrelated: between the initial delay and three times the wait before (AWS Architecture Blog,
// "Exponential Backoff And Jitter").
static struct rf_duration decorrelated(const struct rf_retry_policy *policy,
                                       const struct rf_retry *retry, struct rf_rng *rng) {
    struct rf_duration least = policy->initial_delay;
    struct rf_duration before = retry->previous.ns > least.ns ? retry->previous : least;
    struct rf_duration most = at_most(scaled(before, 3.0), policy->max_delay);
    double span = most.ns > least.ns ? (double)(most.ns - least.ns) : 0.0;
    return rf_ns(rf_ns_add(least.ns, (int64_t)(span * rf_rng_unit(rng))));
}

static struct rf_duration jittered(const struct rf_retry_policy *policy,
                                   const struct rf_retry *retry, struct rf_rng *rng) {
    struct rf_duration wait = rf_retry_backoff(policy, retry->retries);
    switch (policy->jitter) {
    case RF_JITTER_NONE:
        return wait;
    case RF_JITTER_FRACTION:
        return scaled(wait, 1.0 + policy->jitter_fraction * (2.0 * rf_rng_unit(rng) - 1.0));
    case RF_JITTER_FULL:
        return scaled(wait, rf_rng_unit(rng));
    case RF_JITTER_EQUAL:
        return scaled(wait, 0.5 + 0.5 * rf_rng_unit(rng));
    case RF_JITTER_DECORRELATED:
        return decorrelated(policy, retry, rng);
    }
    return wait;
}

struct rf_retry_decision rf_retry_decide(const struct rf_retry_policy *policy,
                                         struct rf_retry *retry, enum rf_class c,
                                         struct rf_duration retry_after, struct rf_duration left,
                                         struct rf_duration attempt_min, struct rf_rng *rng) {
    if (!rf_class_retries(c))
        return (struct rf_retry_decision){.verdict = RF_RETRY_NOT_RETRYABLE};
    if (retry->retries >= policy->max_retries)
        return (struct rf_retry_decision){.verdict = RF_RETRY_EXHAUSTED};
    if (retry_after.ns > policy->max_delay.ns)
        return (struct rf_retry_decision){RF_RETRY_TOO_LONG, retry_after};
    struct rf_duration wait = at_most(jittered(policy, retry, rng), policy->max_delay);
    if (retry_after.ns > wait.ns)
        wait = retry_after;
    if (rf_ns_add(wait.ns, attempt_min.ns) > left.ns)
        return (struct rf_retry_decision){RF_RETRY_TOO_LATE, wait};
    retry->retries++;
    retry->previous = wait;
    return (struct rf_retry_decision){RF_RETRY_AGAIN, wait};
}
