#include "gate.h"

#define RECOVERY_GROWTH 2.0
#define FAILURES_EXPIRE rf_seconds(INT64_C(24) * 3600)
#define TEST_LEASE      rf_seconds(3600) // an attempt has its own timeout, which is shorter

static void begin(struct rf_gate *gate, const struct rf_config_alerter *config,
                  struct rf_instant now) {
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = config->breaker_failures;
    policy.failure_interval = FAILURES_EXPIRE;
    policy.recovery_timeout = config->breaker_recovery;
    policy.recovery_growth = RECOVERY_GROWTH;
    policy.recovery_max = config->breaker_recovery_max;
    policy.test_lease = TEST_LEASE;
    rf_breaker_init(&gate->breaker, &policy, now);
    gate->ticket = (struct rf_breaker_ticket){0};
}

void rf_gate_init(struct rf_gate *gate, const struct rf_channel *channel,
                  const struct rf_config_alerter *config, bool down, struct rf_instant now) {
    *gate = (struct rf_gate){.down = down};
    begin(gate, config, now);
    rf_rate_limit_init(&gate->spacing, &channel->spacing, now);
    rf_rate_limit_init(&gate->pace, &channel->pace, now);
}

void rf_gate_change(struct rf_gate *gate, const struct rf_channel *channel,
                    const struct rf_config_alerter *config, struct rf_instant now) {
    begin(gate, config, now);
    rf_rate_limit_change(&gate->spacing, &channel->spacing, now);
    rf_rate_limit_change(&gate->pace, &channel->pace, now);
}

static bool is_limited(const struct rf_gate *gate, struct rf_instant now, struct rf_instant *when) {
    struct rf_instant spacing = rf_rate_limit_ready(&gate->spacing, now);
    struct rf_instant pace = rf_rate_limit_ready(&gate->pace, now);
    *when = spacing.ns > pace.ns ? spacing : pace;
    return when->ns > now.ns;
}

bool rf_gate_pass(struct rf_gate *gate, struct rf_instant now, struct rf_instant *when) {
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket;
    struct rf_instant unused;
    bool changed;
    if (is_limited(gate, now, when))
        return false;
    if (!rf_breaker_admit(&gate->breaker, now, &ticket, &changed, &transition)) {
        if (!rf_breaker_wake(&gate->breaker, when))
            *when = RF_BREAKER_NO_END;
        return false;
    }
    gate->ticket = ticket;
    // Both are ready, so both give.
    rf_rate_limit_take(&gate->spacing, now, &unused);
    rf_rate_limit_take(&gate->pace, now, &unused);
    return true;
}

static enum rf_class class_of(enum rf_outcome outcome, bool final) {
    if (outcome == RF_OUTCOME_OK || outcome == RF_OUTCOME_PARTIAL)
        return RF_CLASS_OK;
    return outcome == RF_OUTCOME_LIMITED && !final ? RF_CLASS_RATE_LIMITED : RF_CLASS_TRANSIENT;
}

enum rf_gate_news rf_gate_settle(struct rf_gate *gate, enum rf_outcome outcome, bool final,
                                 struct rf_instant now) {
    struct rf_breaker_transition transition;
    rf_breaker_record(&gate->breaker, gate->ticket, class_of(outcome, final), now, &transition);
    gate->ticket = (struct rf_breaker_ticket){0};
    // What is refused for good may be that notice's fault; only the breaker tells.
    bool works = outcome == RF_OUTCOME_OK || outcome == RF_OUTCOME_PARTIAL;
    bool fails =
        (final && outcome != RF_OUTCOME_REFUSED) || gate->breaker.state != RF_BREAKER_CLOSED;
    enum rf_gate_news news = RF_GATE_SAME;
    if (works && gate->down)
        news = RF_GATE_UP;
    else if (!works && fails && !gate->down)
        news = RF_GATE_DOWN;
    gate->down = works ? false : gate->down || fails;
    return news;
}

void rf_gate_cancel(struct rf_gate *gate, struct rf_instant now) {
    rf_breaker_cancel(&gate->breaker, gate->ticket, now);
    rf_rate_limit_give_back(&gate->spacing);
    rf_rate_limit_give_back(&gate->pace);
    gate->ticket = (struct rf_breaker_ticket){0};
}
