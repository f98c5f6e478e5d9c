#include <string.h>

#include "resilience/policy_key.h"
#include "resilience/policy_parts.h"

static const char *const reason_names[] = {
    [RF_POLICY_NO_REASON] = "",
    [RF_POLICY_DEADLINE] = "deadline_exceeded",
    [RF_POLICY_RATE_LIMITED] = "rate_limited",
    [RF_POLICY_THROTTLED] = "throttled",
    [RF_POLICY_NO_PLACE] = "no_place",
    [RF_POLICY_OPEN] = "breaker_open",
    [RF_POLICY_TESTING] = "testing",
    [RF_POLICY_NOT_RETRYABLE] = "not_retryable",
    [RF_POLICY_EXHAUSTED] = "exhausted",
    [RF_POLICY_NO_BUDGET] = "no_budget",
    [RF_POLICY_TOO_LATE] = "too_late",
    [RF_POLICY_TOO_LONG] = "too_long",
};

const char *rf_policy_reason_name(enum rf_policy_reason reason) {
    return (unsigned)reason <= RF_POLICY_TOO_LONG ? reason_names[reason] : "unknown";
}

struct rf_bulkhead_policy rf_policy_bulkhead(const struct rf_policy *policy) {
    struct rf_bulkhead_policy found = policy->rules.bulkhead;
    int64_t limit = rf_adaptive_limit(&policy->adaptive);
    if (limit > 0 && (found.max_in_flight == 0 || limit < found.max_in_flight))
        found.max_in_flight = limit;
    return found;
}

void rf_policy_init(struct rf_policy *policy, const struct rf_policy_rules *rules, uint64_t seed,
                    struct rf_instant now) {
    memset(policy, 0, sizeof *policy);
    policy->rules = *rules;
    policy->rng.state = seed;
    rf_rate_limit_init(&policy->key.rate_limit, &rules->rate_limit, now);
    rf_adaptive_init(&policy->adaptive, &rules->adaptive);
    struct rf_bulkhead_policy bulkhead = rf_policy_bulkhead(policy);
    rf_bulkhead_init(&policy->bulkhead, &bulkhead);
    rf_breaker_init(&policy->breaker, &rules->breaker, now);
    rf_budget_init(&policy->budget, &rules->budget, now);
    rf_hedge_init(&policy->hedge, &rules->hedge, now);
}

void rf_policy_change(struct rf_policy *policy, const struct rf_policy_rules *rules,
                      struct rf_instant now) {
    policy->rules = *rules;
    for (size_t i = 0; i < policy_key_count(policy); i++)
        rf_rate_limit_change(&policy_key_at(policy, i)->rate_limit, &rules->rate_limit, now);
    rf_adaptive_change(&policy->adaptive, &rules->adaptive);
    struct rf_bulkhead_policy bulkhead = rf_policy_bulkhead(policy);
    rf_bulkhead_change(&policy->bulkhead, &bulkhead);
    rf_budget_change(&policy->budget, &rules->budget, now);
    rf_hedge_change(&policy->hedge, &rules->hedge, now);
}
