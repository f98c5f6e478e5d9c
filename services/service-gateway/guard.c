// The policies of the providers: from the configuration, and of which a call is.
#include "internal.h"
#include "note.h"

static struct rf_policy_rules rules_of(const struct rf_config_provider *config) {
    return (struct rf_policy_rules){
        .rate_limit = config->rate_limit,
        .bulkhead = config->bulkhead,
        .adaptive = config->adaptive,
        .breaker = config->breaker,
        .when_open = config->when_open,
        .attempt_timeout = config->timeout.attempt,
        .attempt_min = ATTEMPT_MIN,
        .retry = config->retry,
        .budget = config->budget,
        .hedge = config->hedge,
    };
}

void policies_init(struct core *core) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        const struct rf_policy_rules rules = rules_of(core->settings[p].config);
        struct rf_policy *policy = &core->policies[p];
        rf_policy_init(policy, &rules, rf_rng_next(&core->rng), (struct rf_instant){0});
        // The broker has the breaker. Until it tells, whatever it tells is news.
        (void)rf_policy_follow(policy, RF_BREAKER_CLOSED, 0, (struct rf_instant){0});
        rf_policy_lost(policy);
    }
}

static bool has_same_limits(const struct rf_policy_rules *a, const struct rf_policy_rules *b) {
    return (a->bulkhead.max_in_flight > 0) == (b->bulkhead.max_in_flight > 0) &&
           (a->rate_limit.rate > 0) == (b->rate_limit.rate > 0);
}

void policies_change(struct core *core, struct moment at) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        const struct rf_policy_rules rules = rules_of(core->settings[p].config);
        if (!has_same_limits(&rules, &core->policies[p].rules))
            shares_stale(core);
        rf_policy_change(&core->policies[p], &rules, at.now);
    }
}

struct rf_policy *policy_of(struct core *core, const struct call *call) {
    return &core->policies[provider_now(call)];
}

void policy_enter(struct core *core, struct call *call) {
    if (call->policy.begun)
        return;
    rf_policy_begin(policy_of(core, call), &call->policy, call->deadline);
    rf_policy_resume(policy_of(core, call), &call->policy, call->retries, (struct rf_instant){0});
    call->retries = 0;
}

// A breaker that is followed takes no time from here, so the last attempt's will do.
void policy_leave(struct core *core, struct call *call) {
    if (call->policy.begun)
        rf_policy_end(policy_of(core, call), &call->policy, call->sending.began.now);
}

void slow_tell(struct core *core, struct moment at) {
    struct rf_policy_call *slow;
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        while ((slow = rf_policy_slow(&core->policies[p], at.now)) != NULL) {
            struct call *call =
                slow->beside ? RF_OWNER(slow, struct hedge, policy)->call : call_of_policy(slow);
            struct rf_duration took = rf_instant_since(at.now, slow->ticket.began);
            call_note(call, at, "breaker", "slow", "it still runs after %lld ms",
                      (long long)rf_duration_ms(took));
            core->effects->slow(core->arg, (enum rf_provider)p, slow->ticket.epoch,
                                call->permit[0] != '\0' ? call->permit : NULL, took);
        }
}

struct call *call_of_policy(struct rf_policy_call *call) {
    return RF_OWNER(call, struct call, policy);
}

struct rf_utc utc_of(struct rf_instant instant, struct moment at) {
    if (instant.ns == 0)
        return (struct rf_utc){0};
    return rf_utc_add(at.utc, rf_instant_since(instant, at.now));
}
