#include <stddef.h>

#include "resilience/breaker_parts.h"

#define FROM(state) (1u << (state))
#define FROM_ANY    (FROM(RF_BREAKER_CLOSED) | FROM(RF_BREAKER_OPEN) | FROM(RF_BREAKER_HALF_OPEN))

// Which changes there are, and for which cause.
static const struct {
    unsigned from;
    enum rf_breaker_state to;
    enum rf_breaker_cause cause;
} changes[] = {
    {FROM(RF_BREAKER_CLOSED), RF_BREAKER_OPEN, RF_BREAKER_CAUSE_FAILURES},
    {FROM(RF_BREAKER_CLOSED), RF_BREAKER_OPEN, RF_BREAKER_CAUSE_FAILURE_RATE},
    {FROM(RF_BREAKER_CLOSED), RF_BREAKER_OPEN, RF_BREAKER_CAUSE_SLOW_RATE},
    {FROM(RF_BREAKER_OPEN), RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_TIMEOUT},
    {FROM(RF_BREAKER_OPEN), RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_PROBE_RECOVERED},
    {FROM(RF_BREAKER_HALF_OPEN), RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED},
    {FROM(RF_BREAKER_HALF_OPEN), RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_SLOW},
    {FROM(RF_BREAKER_HALF_OPEN), RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_TEST_PASSED},
    {FROM_ANY, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_FORCED_OPEN},
    {FROM_ANY, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_FORCED_CLOSED},
    {FROM_ANY, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_DISABLED},
    {FROM_ANY, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_RESET},
    {FROM(RF_BREAKER_OPEN), RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_FORCE_ENDED},
    {FROM(RF_BREAKER_OPEN), RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_FORCE_ENDED}, // mode disabled
    {FROM(RF_BREAKER_CLOSED), RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_FORCE_ENDED},
    {FROM_ANY, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_RESTORED},
    {FROM_ANY, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_RESTORED},
    {FROM_ANY, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_RESTORED},
};

static bool legal(enum rf_breaker_state from, enum rf_breaker_state to,
                  enum rf_breaker_cause cause) {
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if ((changes[i].from & FROM(from)) != 0 && changes[i].to == to && changes[i].cause == cause)
            return true;
    return false;
}

void rf_breaker_set_due(struct rf_breaker *breaker) {
    if (rf_breaker_forced(breaker))
        breaker->due = breaker->force_until;
    else if (breaker->state == RF_BREAKER_OPEN || breaker->permit != 0)
        breaker->due = breaker->until;
    else
        breaker->due = RF_BREAKER_NO_END;
}

static void begin_open(struct rf_breaker *breaker, enum rf_breaker_cause cause) {
    if (cause == RF_BREAKER_CAUSE_TEST_FAILED || cause == RF_BREAKER_CAUSE_TEST_SLOW) {
        breaker->reopened++;
        rf_breaker_recovery_grow(breaker);
    }
    breaker->opened++;
    breaker->until = rf_breaker_forced(breaker)
                         ? breaker->force_until
                         : rf_instant_add(breaker->since, rf_breaker_recovery_draw(breaker));
}

static void begin_closed(struct rf_breaker *breaker) {
    breaker->reopened = 0;
    breaker->tested_early = false;
    breaker->recovery = breaker->policy.recovery_timeout;
}

// The one place where the state changes.
bool rf_breaker_enter(struct rf_breaker *breaker, enum rf_breaker_state to,
                      enum rf_breaker_cause cause, struct rf_instant at,
                      struct rf_breaker_transition *transition) {
    if (!legal(breaker->state, to, cause))
        return false;
    struct rf_breaker_figures figures = rf_breaker_figures_of(breaker);
    *transition = (struct rf_breaker_transition){
        .from = breaker->state,
        .to = to,
        .cause = cause,
        .epoch = breaker->epoch + 1,
        .failures = figures.failures,
        .held = rf_instant_since(at, breaker->since),
        .figures = figures,
        .force = breaker->force,
        .at = at,
        .until = breaker->force_until,
    };
    breaker->transitions++;
    breaker->state = to;
    breaker->epoch++;
    breaker->since = at;
    breaker->failures = 0;
    breaker->successes = 0;
    breaker->permit = 0;
    breaker->withheld = false;
    rf_window_clear(&breaker->results, at);
    rf_window_clear(&breaker->speeds, at);
    if (to == RF_BREAKER_CLOSED)
        begin_closed(breaker);
    if (to == RF_BREAKER_OPEN) {
        begin_open(breaker, cause);
        transition->until = breaker->until;
    }
    transition->reopened = breaker->reopened;
    rf_breaker_set_due(breaker);
    return true;
}

void rf_breaker_tell(const struct rf_breaker *breaker,
                     const struct rf_breaker_transition *transition) {
    if (breaker->listener != NULL)
        breaker->listener(breaker->listener_arg, transition);
}

bool rf_breaker_change(struct rf_breaker *breaker, enum rf_breaker_state to,
                       enum rf_breaker_cause cause, struct rf_instant at,
                       struct rf_breaker_transition *transition) {
    if (!rf_breaker_enter(breaker, to, cause, at, transition))
        return false;
    rf_breaker_tell(breaker, transition);
    return true;
}
