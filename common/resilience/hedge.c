#include <ringfence/hedge.h>

#include <string.h>

// The latencies are halved at RF_LATENCY_MOST; more than what is left then cannot be asked for.
#define MOST_SAMPLES (RF_LATENCY_MOST / 4)

static struct rf_budget_policy budget_of(const struct rf_hedge_policy *policy) {
    return (struct rf_budget_policy){
        .ratio = policy->ratio, .min_retries = 1, .window = policy->window};
}

// Also of what is not a number: 0.
static double share(double value) {
    return value > 0.0 ? value < 1.0 ? value : 1.0 : 0.0;
}

static void adopt(struct rf_hedge *hedge, const struct rf_hedge_policy *policy) {
    struct rf_hedge_policy *own = &hedge->policy;
    *own = *policy;
    own->percentile = share(own->percentile);
    own->ratio = share(own->ratio);
    if (own->delay.ns < 0)
        own->delay = rf_ns(0);
    if (own->min_samples < 1)
        own->min_samples = 1;
    if (own->min_samples > MOST_SAMPLES)
        own->min_samples = MOST_SAMPLES;
}

void rf_hedge_init(struct rf_hedge *hedge, const struct rf_hedge_policy *policy,
                   struct rf_instant now) {
    memset(hedge, 0, sizeof *hedge);
    adopt(hedge, policy);
    struct rf_budget_policy budget = budget_of(&hedge->policy);
    rf_budget_init(&hedge->budget, &budget, now);
}

void rf_hedge_change(struct rf_hedge *hedge, const struct rf_hedge_policy *policy,
                     struct rf_instant now) {
    adopt(hedge, policy);
    struct rf_budget_policy budget = budget_of(&hedge->policy);
    rf_budget_change(&hedge->budget, &budget, now);
}

bool rf_hedge_begin(struct rf_hedge *hedge, struct rf_instant now, struct rf_duration *delay) {
    const struct rf_hedge_policy *policy = &hedge->policy;
    if (!policy->enabled)
        return false;
    rf_budget_call(&hedge->budget, now);
    bool known = policy->percentile > 0.0 && hedge->latency.recent.count >= policy->min_samples;
    *delay = known ? rf_latency_percentile(&hedge->latency, policy->percentile) : policy->delay;
    return true;
}

bool rf_hedge_take(struct rf_hedge *hedge, struct rf_instant now) {
    if (!hedge->policy.enabled || !rf_budget_take(&hedge->budget, now))
        return false;
    rf_budget_spend(&hedge->budget, now);
    return true;
}

void rf_hedge_record(struct rf_hedge *hedge, struct rf_duration took) {
    rf_latency_record(&hedge->latency, took);
}

void rf_hedge_race_sent(struct rf_hedge_race *race) {
    race->running++;
}

enum rf_hedge_verdict rf_hedge_race_ended(struct rf_hedge_race *race, bool good) {
    race->running--;
    if (race->won)
        return RF_HEDGE_LATE;
    race->won = good;
    if (good)
        return RF_HEDGE_WON;
    return race->running > 0 ? RF_HEDGE_WAIT : RF_HEDGE_LOST;
}
