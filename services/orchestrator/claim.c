#include "claim.h"

#include <stdio.h>
#include <string.h>

static bool same_chain(const struct rf_config_chain *one, const struct rf_config_chain *other) {
    return one->count == other->count && one->local == other->local &&
           memcmp(one->links, other->links, one->count * sizeof *one->links) == 0;
}

static void take_chain(struct rf_claim_service *service, const struct rf_config_chain *chain,
                       bool needed) {
    service->refusing = service->refusing && same_chain(&service->chain, chain);
    service->chain = *chain;
    service->needed = needed;
}

static void take(struct rf_claim *claim, const struct rf_config *config) {
    bool play = strcmp(config->telephony.audio, "play") == 0;
    take_chain(&claim->services[RF_STEP_SCRIPT], &config->gateway.script, true);
    take_chain(&claim->services[RF_STEP_SPEECH], &config->gateway.speech, play);
    take_chain(&claim->services[RF_STEP_DIAL], &config->gateway.telephony, true);
    claim->defer_delay = config->orchestrator.defer_delay;
    claim->ramp_interval = config->orchestrator.ramp_interval;
    claim->prepare = config->orchestrator.prepare;
    claim->prepared = false;
}

void rf_claim_init(struct rf_claim *claim, const struct rf_config *config) {
    *claim = (struct rf_claim){0};
    take(claim, config);
    for (int step = 0; step < RF_STEPS; step++)
        claim->gates[step] = RF_GATE_OPEN;
}

static enum rf_gate provider_gate(const struct rf_claim *claim, enum rf_provider provider) {
    if (claim->marked[provider])
        return RF_GATE_SHUT;
    switch (claim->breakers[provider]) {
    case RF_BREAKER_OPEN:
        return RF_GATE_SHUT;
    case RF_BREAKER_HALF_OPEN:
        return RF_GATE_TEST;
    case RF_BREAKER_CLOSED:
        break;
    }
    return RF_GATE_OPEN;
}

// The best link of the chain.
static enum rf_gate chain_gate(const struct rf_claim *claim,
                               const struct rf_claim_service *service) {
    // A link of the gateway's own always serves.
    enum rf_gate best = service->chain.local != RF_LOCAL_NONE ? RF_GATE_OPEN : RF_GATE_SHUT;
    for (size_t i = 0; i < service->chain.count; i++) {
        enum rf_gate gate = provider_gate(claim, service->chain.links[i]);
        best = gate > best ? gate : best;
    }
    return best;
}

// Unless the service itself refuses.
static enum rf_gate service_gate(const struct rf_claim *claim, enum rf_step step,
                                 struct rf_instant now) {
    const struct rf_claim_service *service = &claim->services[step];
    if (!service->needed)
        return RF_GATE_OPEN;
    enum rf_gate best = chain_gate(claim, service);
    if (service->refusing) {
        enum rf_gate most = rf_instant_before(now, service->until) ? RF_GATE_SHUT : RF_GATE_TEST;
        best = best < most ? best : most;
    }
    return best;
}

enum rf_gate rf_claim_gate(const struct rf_claim *claim, enum rf_step step, struct rf_instant now) {
    enum rf_gate worst = RF_GATE_OPEN;
    for (int later = (int)step; later < RF_STEPS; later++) {
        enum rf_gate gate = service_gate(claim, (enum rf_step)later, now);
        worst = gate < worst ? gate : worst;
    }
    return worst;
}

// Compares with the gates of the last decision. A gate that opens wide begins the ramp.
static bool look_again(struct rf_claim *claim, struct rf_instant now) {
    bool better = false;
    bool changed = false;
    for (int step = 0; step < RF_STEPS; step++) {
        enum rf_gate gate = rf_claim_gate(claim, (enum rf_step)step, now);
        if (gate == claim->gates[step])
            continue;
        changed = true;
        if (gate > claim->gates[step]) {
            better = true;
            if (gate == RF_GATE_OPEN) {
                claim->ramping = true;
                claim->next_release = now;
            }
        }
        claim->gates[step] = gate;
    }
    if (changed) {
        // What was not due for the old gates may be for the new ones.
        claim->open_next = now;
        claim->test_next = now;
        claim->prepare_next = now;
        claim->prepared = false;
        claim->test_row = 0;
        claim->generation++;
    }
    return better;
}

bool rf_claim_configure(struct rf_claim *claim, const struct rf_config *config,
                        struct rf_instant now) {
    take(claim, config);
    bool better = look_again(claim, now);
    if (better)
        claim->next_test = now;
    return better;
}

bool rf_claim_provider(struct rf_claim *claim, enum rf_provider provider,
                       enum rf_breaker_state state, bool marked, struct rf_instant now) {
    enum rf_gate before = provider_gate(claim, provider);
    claim->breakers[provider] = state;
    claim->marked[provider] = marked;
    if (provider_gate(claim, provider) > before) {
        claim->next_test = now;
        for (int step = 0; step < RF_STEPS; step++) {
            struct rf_claim_service *service = &claim->services[step];
            if (rf_config_chain_names(&service->chain, provider))
                service->refusing = false;
        }
    }
    return look_again(claim, now);
}

void rf_claim_refused(struct rf_claim *claim, enum rf_step step, struct rf_instant now) {
    struct rf_claim_service *service = &claim->services[step];
    // Replies to calls that were out together are one refusal.
    if (service->refusing && rf_instant_before(now, service->until))
        return;
    service->refusals = service->refusing ? service->refusals + 1 : 1;
    int64_t shift = service->refusals < 20 ? service->refusals - 1 : 20;
    struct rf_duration pause = rf_seconds(INT64_C(1) << shift);
    if (pause.ns > claim->defer_delay.ns)
        pause = claim->defer_delay;
    service->refusing = true;
    service->until = rf_instant_add(now, pause);
    (void)look_again(claim, now);
}

bool rf_claim_answered(struct rf_claim *claim, enum rf_step step, struct rf_instant now) {
    claim->services[step].refusing = false;
    return look_again(claim, now);
}

bool rf_claim_tested(struct rf_claim *claim, enum rf_step step, int64_t row) {
    int next = (int)step + 1;
    if (row == 0 || claim->test_row != row)
        return false;
    if (next < RF_STEPS && claim->gates[next] != RF_GATE_OPEN)
        return false;
    claim->test_row = 0;
    return true;
}

void rf_claim_left(struct rf_claim *claim, int64_t row, struct rf_instant now) {
    if (claim->test_row == row)
        claim->test_row = 0;
    if (claim->full)
        rf_claim_queued(claim, now);
    claim->full = false;
    // It may be one that was to be made ready, and is not.
    if (claim->prepared)
        claim->prepare_next = now;
    claim->prepared = false;
}

void rf_claim_queued(struct rf_claim *claim, struct rf_instant due) {
    if (rf_instant_before(due, claim->open_next))
        claim->open_next = due;
    if (rf_instant_before(due, claim->test_next))
        claim->test_next = due;
    if (rf_instant_before(due, claim->prepare_next))
        claim->prepare_next = due;
}

static void wake_at(struct rf_claim_decision *decision, struct rf_instant at) {
    if (at.ns == INT64_MAX || (decision->wake && !rf_instant_before(at, decision->wake_at)))
        return;
    decision->wake = true;
    decision->wake_at = at;
}

// The claim of contacts whose services are all there.
static void decide_open(const struct rf_claim *claim, int64_t free, struct rf_instant now,
                        struct rf_claim_decision *decision) {
    struct rf_instant from = claim->open_next;
    if (claim->ramping && rf_instant_before(from, claim->next_release))
        from = claim->next_release;
    if (rf_instant_before(now, from))
        wake_at(decision, from);
    else
        decision->count = claim->ramping ? 1 : free;
}

// The claim of the one contact that finds out whether a service works again.
static void decide_test(const struct rf_claim *claim, struct rf_instant now,
                        struct rf_claim_decision *decision) {
    struct rf_instant from = claim->test_next;
    if (rf_instant_before(from, claim->next_test))
        from = claim->next_test;
    if (claim->test_row != 0)
        return;
    if (rf_instant_before(now, from))
        wake_at(decision, from);
    else
        decision->test = true;
}

bool rf_claim_shut(const struct rf_claim *claim, enum rf_step step, enum rf_provider *provider) {
    const struct rf_claim_service *service = &claim->services[step];
    if (!service->needed || service->chain.count == 0 || chain_gate(claim, service) != RF_GATE_SHUT)
        return false;
    *provider = service->chain.links[0];
    return true;
}

// The claim of contacts that are made ready for `end`, whose provider is down, as far as they can
// be.
static void decide_prepare(const struct rf_claim *claim, int end, int64_t free,
                           struct rf_instant now, struct rf_claim_decision *decision) {
    enum rf_provider provider;
    int first = end;
    while (first > 0 && service_gate(claim, (enum rf_step)(first - 1), now) == RF_GATE_OPEN)
        first--;
    if (first == end || claim->prepare == 0 || !rf_claim_shut(claim, (enum rf_step)end, &provider))
        return;
    if (rf_instant_before(now, claim->prepare_next)) {
        wake_at(decision, claim->prepare_next);
        return;
    }
    decision->prepare = free;
    decision->prepare_most = claim->prepare;
    decision->prepare_first = (enum rf_step)first;
    decision->prepare_end = (enum rf_step)end;
}

struct rf_claim_decision rf_claim_decide(struct rf_claim *claim, int64_t running,
                                         int64_t concurrency, struct rf_instant now) {
    (void)look_again(claim, now);
    int first = RF_STEPS;
    while (first > 0 && claim->gates[first - 1] == RF_GATE_OPEN)
        first--;
    int test_first = first;
    while (test_first > 0 && claim->gates[test_first - 1] == RF_GATE_TEST)
        test_first--;
    struct rf_claim_decision decision = {.first = (enum rf_step)first,
                                         .test_first = (enum rf_step)test_first,
                                         .generation = claim->generation};
    for (int step = 0; step < RF_STEPS; step++)
        if (claim->services[step].refusing && rf_instant_before(now, claim->services[step].until))
            wake_at(&decision, claim->services[step].until);

    int64_t free = concurrency - running;
    if (free <= 0) {
        claim->ramping = false;
        return decision;
    }
    // The test comes first: all that wait for a recovery wait for it.
    if (test_first < first)
        decide_test(claim, now, &decision);
    if (decision.test)
        free--;
    if (first < RF_STEPS && free > 0)
        decide_open(claim, free, now, &decision);
    if (first > 0 && free > 0)
        decide_prepare(claim, first - 1, free, now, &decision);
    return decision;
}

// How far apart our releases are, so that those of all `sharers` are an interval apart.
static struct rf_duration our_interval(struct rf_duration interval, int64_t sharers) {
    int64_t ns;
    if (sharers <= 1)
        return interval;
    return rf_ns(__builtin_mul_overflow(interval.ns, sharers, &ns) ? INT64_MAX : ns);
}

void rf_claim_made(struct rf_claim *claim, const struct rf_claim_decision *decision,
                   const struct rf_claim_result *result, struct rf_instant now) {
    // The gates moved while the claim was on its way: what it found says nothing about the new
    // ones.
    if (decision->generation != claim->generation)
        return;
    if (result->test_row != 0) {
        claim->test_row = result->test_row;
        // Should it be refused, the next one is not sent right behind it.
        claim->next_test = rf_instant_add(now, claim->ramp_interval);
    }
    if (claim->ramping && decision->count > 0) {
        if (result->claimed == 0)
            claim->ramping = false;
        else
            claim->next_release =
                rf_instant_add(now, our_interval(claim->ramp_interval, result->sharers));
    }
    if (decision->count > 0)
        claim->open_next = result->open_next;
    if (decision->test)
        claim->test_next = result->test_next;
    if (decision->prepare > 0) {
        claim->prepare_next = result->prepare_next;
        claim->prepared = result->prepared;
    }
    claim->full = result->full;
    // Its contacts may be another orchestrator's, which does not tell us when they end.
    if (result->full)
        rf_claim_queued(claim, rf_instant_add(now, claim->defer_delay));
}

// Appends `name` and `suffix` to the list in `out`; what does not fit is left out.
static void list_append(char *out, size_t size, const char *name, const char *suffix) {
    size_t used = strlen(out);
    int length = snprintf(out + used, size - used, "%s%s%s", used > 0 ? ", " : "", name, suffix);
    if (length < 0 || (size_t)length >= size - used)
        out[used] = '\0';
}

bool rf_claim_holds_up(const struct rf_claim *claim, enum rf_provider provider) {
    if (provider_gate(claim, provider) == RF_GATE_OPEN)
        return false;
    for (int step = 0; step < RF_STEPS; step++) {
        const struct rf_claim_service *service = &claim->services[step];
        if (service->needed && rf_config_chain_names(&service->chain, provider) &&
            chain_gate(claim, service) != RF_GATE_OPEN)
            return true;
    }
    return false;
}

char *rf_claim_waiting_for(const struct rf_claim *claim, char *out, size_t size) {
    static const char *const services[RF_STEPS] = {"script", "speech", "telephony"};
    out[0] = '\0';
    for (int provider = 0; provider < RF_PROVIDER_COUNT; provider++)
        if (rf_claim_holds_up(claim, (enum rf_provider)provider))
            list_append(out, size, rf_provider_name((enum rf_provider)provider),
                        claim->marked[provider] ? RF_CLAIM_MARKED : "");
    // Where no provider can be used, that is why its gateways refuse.
    for (int step = 0; step < RF_STEPS; step++)
        if (claim->services[step].refusing && claim->services[step].needed &&
            chain_gate(claim, &claim->services[step]) == RF_GATE_OPEN)
            list_append(out, size, services[step], " gateways");
    return out;
}

bool rf_claim_mark_holds_up(const struct rf_claim *claim) {
    for (int provider = 0; provider < RF_PROVIDER_COUNT; provider++)
        if (claim->marked[provider] && rf_claim_holds_up(claim, (enum rf_provider)provider))
            return true;
    return false;
}
