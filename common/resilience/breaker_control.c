#include "resilience/breaker_parts.h"

#include <math.h>

bool rf_breaker_early(const struct rf_breaker *breaker, struct rf_instant *when) {
    if (breaker->state != RF_BREAKER_OPEN || rf_breaker_forced(breaker) || breaker->tested_early ||
        breaker->policy.early_share >= 1.0)
        return false;
    double length = (double)rf_instant_since(breaker->until, breaker->since).ns;
    *when =
        rf_instant_add(breaker->since, rf_ns((int64_t)ceil(length * breaker->policy.early_share)));
    return true;
}

bool rf_breaker_probe_recovered(struct rf_breaker *breaker, struct rf_instant now,
                                struct rf_breaker_transition *transition) {
    if (rf_breaker_tick(breaker, now, transition))
        return true;
    struct rf_instant when;
    if (!rf_breaker_early(breaker, &when) || rf_instant_before(breaker->now, when))
        return false;
    breaker->tested_early = true;
    return rf_breaker_change(breaker, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_PROBE_RECOVERED,
                             breaker->now, transition);
}

static bool force(struct rf_breaker *breaker, enum rf_breaker_force force, struct rf_instant until,
                  struct rf_instant now, enum rf_breaker_cause cause,
                  struct rf_breaker_transition *transition) {
    rf_breaker_advance(breaker, now);
    breaker->force = force;
    breaker->force_until = until;
    return rf_breaker_change(breaker,
                             force == RF_BREAKER_FORCE_OPEN ? RF_BREAKER_OPEN : RF_BREAKER_CLOSED,
                             cause, breaker->now, transition);
}

bool rf_breaker_force_open(struct rf_breaker *breaker, struct rf_instant until,
                           struct rf_instant now, struct rf_breaker_transition *transition) {
    return force(breaker, RF_BREAKER_FORCE_OPEN, until, now, RF_BREAKER_CAUSE_FORCED_OPEN,
                 transition);
}

bool rf_breaker_force_closed(struct rf_breaker *breaker, struct rf_instant until,
                             struct rf_instant now, struct rf_breaker_transition *transition) {
    return force(breaker, RF_BREAKER_FORCE_CLOSED, until, now, RF_BREAKER_CAUSE_FORCED_CLOSED,
                 transition);
}

bool rf_breaker_disable(struct rf_breaker *breaker, struct rf_instant until, struct rf_instant now,
                        struct rf_breaker_transition *transition) {
    return force(breaker, RF_BREAKER_FORCE_DISABLED, until, now, RF_BREAKER_CAUSE_DISABLED,
                 transition);
}

bool rf_breaker_reset(struct rf_breaker *breaker, struct rf_instant now,
                      struct rf_breaker_transition *transition) {
    return force(breaker, RF_BREAKER_UNFORCED, RF_BREAKER_NO_END, now, RF_BREAKER_CAUSE_RESET,
                 transition);
}

void rf_breaker_forget(struct rf_breaker *breaker, struct rf_instant now) {
    rf_breaker_advance(breaker, now);
    if (breaker->state != RF_BREAKER_CLOSED)
        return;
    breaker->failures = 0;
    breaker->withheld = false;
    rf_window_clear(&breaker->results, breaker->now);
    rf_window_clear(&breaker->speeds, breaker->now);
}

bool rf_breaker_restore(struct rf_breaker *breaker, enum rf_breaker_state state, int64_t epoch,
                        struct rf_duration open_left, struct rf_instant now,
                        struct rf_breaker_transition *transition) {
    rf_breaker_advance(breaker, now);
    if (epoch <= breaker->epoch || (unsigned)state > RF_BREAKER_HALF_OPEN)
        return false;
    enum rf_breaker_state from = breaker->state;
    enum rf_breaker_state to =
        breaker->policy.mode == RF_BREAKER_DISABLED ? RF_BREAKER_CLOSED : state;
    breaker->force = RF_BREAKER_UNFORCED;
    breaker->force_until = RF_BREAKER_NO_END;
    rf_breaker_enter(breaker, to, RF_BREAKER_CAUSE_RESTORED, breaker->now, transition);
    breaker->epoch = transition->epoch = epoch;
    if (to == RF_BREAKER_OPEN) {
        struct rf_duration left = rf_breaker_recovery_clamp(&breaker->policy, open_left);
        breaker->until = transition->until = rf_instant_add(breaker->now, left);
        rf_breaker_set_due(breaker);
    }
    rf_breaker_tell(breaker, transition);
    return from != to;
}

void rf_breaker_restore_force(struct rf_breaker *breaker, enum rf_breaker_force force,
                              struct rf_instant until) {
    if (force == RF_BREAKER_UNFORCED)
        return;
    breaker->force = force;
    breaker->force_until = until;
    breaker->state = force == RF_BREAKER_FORCE_OPEN ? RF_BREAKER_OPEN : RF_BREAKER_CLOSED;
    if (breaker->state == RF_BREAKER_OPEN)
        breaker->until = until;
    breaker->permit = 0;
    rf_breaker_set_due(breaker);
}

void rf_breaker_restore_test(struct rf_breaker *breaker) {
    if (rf_breaker_gate(breaker) != RF_BREAKER_HALF_OPEN)
        return;
    breaker->permit = ++breaker->permits; // nobody's
    breaker->until = rf_instant_add(breaker->now, breaker->policy.test_lease);
    rf_breaker_set_due(breaker);
}
