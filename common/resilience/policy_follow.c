#include "resilience/policy_parts.h"

bool rf_policy_follow(struct rf_policy *policy, enum rf_breaker_state state, int64_t epoch,
                      struct rf_instant until) {
    struct rf_policy_copy *copy = &policy->copy;
    policy->follows = true;
    if (copy->known && epoch < copy->epoch)
        return false;
    if (!copy->known || epoch != copy->epoch)
        copy->testing = false;
    bool changed = state != copy->state || epoch != copy->epoch;
    copy->known = true;
    copy->state = state;
    copy->epoch = epoch;
    copy->until = until;
    if (changed || state == RF_BREAKER_OPEN)
        rf_policy_state_changed(policy, state);
    return true;
}

void rf_policy_lost(struct rf_policy *policy) {
    policy->copy.known = false;
}

void rf_policy_asked(struct rf_policy *policy, struct rf_policy_call *call) {
    policy->copy.testing = true;
    call->asked = true;
    call->ticket = (struct rf_breaker_ticket){.epoch = policy->copy.epoch};
}

void rf_policy_granted(struct rf_policy *policy, struct rf_policy_call *call, int64_t epoch) {
    (void)policy;
    call->asked = false;
    call->test = true;
    call->ticket = (struct rf_breaker_ticket){.epoch = epoch};
}

struct rf_policy_decision rf_policy_not_granted(struct rf_policy *policy,
                                                struct rf_policy_call *call,
                                                struct rf_instant now) {
    call->asked = false;
    if (policy->copy.epoch == call->ticket.epoch)
        policy->copy.testing = false;
    struct rf_policy_decision gate = rf_policy_gate(policy);
    if (gate.verdict == RF_POLICY_GO)
        return rf_policy_step(policy, call, now); // it closed while we asked
    if (gate.verdict == RF_POLICY_ASK)
        gate = rf_policy_decide(RF_POLICY_REFUSED, RF_POLICY_TESTING, (struct rf_instant){0});
    return rf_policy_held_back(policy, call, gate, now);
}
