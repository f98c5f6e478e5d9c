#include <ringfence/adaptive.h>

#include <string.h>

// Of Gradient2Limit: samples that the long-term latency is a mean of, how fast it comes down when
// latency falls, and the places beyond the estimate that let the limit grow.
#define LONG_SAMPLES   600
#define LONG_RECOVERY  0.95
#define LEAST_GRADIENT 0.5
#define QUEUE          4.0

#define MOST_PLACES 1000000.0

static const char *const algorithm_names[] = {
    [RF_ADAPTIVE_OFF] = "off",
    [RF_ADAPTIVE_AIMD] = "aimd",
    [RF_ADAPTIVE_GRADIENT] = "gradient",
};

const char *rf_adaptive_algorithm_name(enum rf_adaptive_algorithm algorithm) {
    return (unsigned)algorithm <= RF_ADAPTIVE_GRADIENT ? algorithm_names[algorithm] : "unknown";
}

// Also of what is not a number: `least`.
static double clamp(double value, double least, double most) {
    return !(value > least) ? least : value > most ? most : value;
}

static void adopt(struct rf_adaptive *adaptive, const struct rf_adaptive_policy *policy) {
    struct rf_adaptive_policy *own = &adaptive->policy;
    *own = *policy;
    own->min = (int64_t)clamp((double)own->min, 1.0, MOST_PLACES);
    own->max = (int64_t)clamp((double)own->max, (double)own->min, MOST_PLACES);
    own->initial = (int64_t)clamp((double)own->initial, (double)own->min, (double)own->max);
    own->decrease = clamp(own->decrease, 0.1, 0.99);
    own->tolerance = clamp(own->tolerance, 1.0, 10.0);
    own->smoothing = clamp(own->smoothing, 0.01, 1.0);
}

void rf_adaptive_init(struct rf_adaptive *adaptive, const struct rf_adaptive_policy *policy) {
    memset(adaptive, 0, sizeof *adaptive);
    adopt(adaptive, policy);
    adaptive->limit = (double)adaptive->policy.initial;
}

void rf_adaptive_change(struct rf_adaptive *adaptive, const struct rf_adaptive_policy *policy) {
    adopt(adaptive, policy);
    adaptive->limit =
        clamp(adaptive->limit, (double)adaptive->policy.min, (double)adaptive->policy.max);
}

int64_t rf_adaptive_limit(const struct rf_adaptive *adaptive) {
    return adaptive->policy.algorithm == RF_ADAPTIVE_OFF ? 0 : (int64_t)adaptive->limit;
}

static void decrease(struct rf_adaptive *adaptive, struct rf_instant began, struct rf_instant now) {
    if (adaptive->has_decreased && rf_instant_before(began, adaptive->decreased))
        return;
    adaptive->has_decreased = true;
    adaptive->decreased = now;
    adaptive->limit *= adaptive->policy.decrease;
}

// A limit that is not in use says nothing about what the provider bears.
static bool in_use(const struct rf_adaptive *adaptive, int64_t in_flight) {
    return (double)in_flight * 2.0 >= adaptive->limit;
}

// One more place in a round trip: each of the `limit` replies adds its part.
static void increase(struct rf_adaptive *adaptive, int64_t in_flight) {
    if (in_use(adaptive, in_flight))
        adaptive->limit += 1.0 / adaptive->limit;
}

static void learn(struct rf_adaptive *adaptive, double ns) {
    if (adaptive->samples < LONG_SAMPLES)
        adaptive->samples++;
    adaptive->long_ns += (ns - adaptive->long_ns) / (double)adaptive->samples;
    if (adaptive->long_ns > 2.0 * ns)
        adaptive->long_ns *= LONG_RECOVERY;
}

static void follow_gradient(struct rf_adaptive *adaptive, struct rf_duration took,
                            int64_t in_flight) {
    double ns = took.ns > 0 ? (double)took.ns : 1.0;
    learn(adaptive, ns);
    if (!in_use(adaptive, in_flight))
        return;
    const struct rf_adaptive_policy *policy = &adaptive->policy;
    double gradient = clamp(policy->tolerance * adaptive->long_ns / ns, LEAST_GRADIENT, 1.0);
    double found = adaptive->limit * gradient + QUEUE;
    adaptive->limit += policy->smoothing * (found - adaptive->limit);
}

// Whether the outcome says that it was too much.
static bool refused(const struct rf_adaptive_policy *policy, enum rf_class c,
                    struct rf_duration took) {
    if (c == RF_CLASS_RATE_LIMITED || c == RF_CLASS_TRANSIENT)
        return true;
    return policy->algorithm == RF_ADAPTIVE_AIMD && policy->slow_after.ns > 0 &&
           took.ns > policy->slow_after.ns;
}

static bool tells_of_load(enum rf_class c) {
    return c == RF_CLASS_OK || c == RF_CLASS_PERMANENT_INVALID || c == RF_CLASS_RATE_LIMITED ||
           c == RF_CLASS_TRANSIENT;
}

bool rf_adaptive_record(struct rf_adaptive *adaptive, enum rf_class c, struct rf_instant began,
                        int64_t in_flight, struct rf_instant now) {
    const struct rf_adaptive_policy *policy = &adaptive->policy;
    int64_t before = rf_adaptive_limit(adaptive);
    struct rf_duration took = rf_instant_since(now, began);
    if (policy->algorithm == RF_ADAPTIVE_OFF || !tells_of_load(c))
        return false;
    if (refused(policy, c, took))
        decrease(adaptive, began, now);
    else if (policy->algorithm == RF_ADAPTIVE_GRADIENT)
        follow_gradient(adaptive, took, in_flight);
    else
        increase(adaptive, in_flight);
    adaptive->limit = clamp(adaptive->limit, (double)policy->min, (double)policy->max);
    return rf_adaptive_limit(adaptive) != before;
}
