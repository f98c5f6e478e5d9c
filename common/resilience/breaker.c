#include "resilience/breaker_parts.h"

// ---- who decides: the machine, the mode, or a person ----

static bool observes(const struct rf_breaker *breaker) {
    return breaker->policy.mode == RF_BREAKER_OBSERVE && !rf_breaker_forced(breaker);
}

// Nothing is recorded.
static bool inert(const struct rf_breaker *breaker) {
    return rf_breaker_forced(breaker) ? breaker->force == RF_BREAKER_FORCE_DISABLED
                                      : breaker->policy.mode == RF_BREAKER_DISABLED;
}

enum rf_breaker_state rf_breaker_gate(const struct rf_breaker *breaker) {
    if (rf_breaker_forced(breaker) || breaker->policy.mode == RF_BREAKER_ENFORCE)
        return breaker->state;
    return RF_BREAKER_CLOSED;
}

// ---- time ----

bool rf_breaker_wake(const struct rf_breaker *breaker, struct rf_instant *when) {
    *when = breaker->due;
    return breaker->due.ns != RF_BREAKER_NO_END.ns;
}

static bool end_force(struct rf_breaker *breaker, struct rf_breaker_transition *transition) {
    struct rf_instant end = breaker->force_until;
    bool test =
        breaker->force == RF_BREAKER_FORCE_OPEN && breaker->policy.mode != RF_BREAKER_DISABLED;
    breaker->force = RF_BREAKER_UNFORCED;
    breaker->force_until = RF_BREAKER_NO_END;
    // An end that lay in the past when it was given is reached when the force began.
    if (rf_instant_before(end, breaker->since))
        end = breaker->since;
    return rf_breaker_change(breaker, test ? RF_BREAKER_HALF_OPEN : RF_BREAKER_CLOSED,
                             RF_BREAKER_CAUSE_FORCE_ENDED, end, transition);
}

// Something is due.
static bool act(struct rf_breaker *breaker, struct rf_breaker_transition *transition) {
    struct rf_instant when;
    if (!rf_breaker_wake(breaker, &when))
        return false;
    if (rf_breaker_forced(breaker))
        return end_force(breaker, transition);
    if (breaker->state == RF_BREAKER_OPEN)
        return rf_breaker_change(breaker, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_TIMEOUT, when,
                                 transition);
    breaker->permit = 0; // the lease of the test request is over: another may test
    rf_breaker_set_due(breaker);
    return false;
}

bool rf_breaker_tick(struct rf_breaker *breaker, struct rf_instant now,
                     struct rf_breaker_transition *transition) {
    rf_breaker_advance(breaker, now);
    return !rf_instant_before(breaker->now, breaker->due) && act(breaker, transition);
}

// ---- calls ----

static bool admit_open(struct rf_breaker *breaker) {
    if (observes(breaker)) {
        breaker->spared++;
        breaker->admitted++;
        return true;
    }
    breaker->refused++;
    return false;
}

static bool admit_test(struct rf_breaker *breaker, struct rf_breaker_ticket *ticket) {
    if (!observes(breaker)) {
        if (breaker->permit != 0) {
            breaker->refused++;
            return false;
        }
        breaker->permit = ++breaker->permits;
        breaker->until = rf_instant_add(breaker->now, breaker->policy.test_lease);
        rf_breaker_set_due(breaker);
        ticket->permit = breaker->permit;
    }
    breaker->admitted++;
    return true;
}

bool rf_breaker_admit(struct rf_breaker *breaker, struct rf_instant now,
                      struct rf_breaker_ticket *ticket, bool *changed,
                      struct rf_breaker_transition *transition) {
    *changed = rf_breaker_tick(breaker, now, transition);
    *ticket = (struct rf_breaker_ticket){.epoch = breaker->epoch, .began = breaker->now};
    switch (breaker->state) {
    case RF_BREAKER_CLOSED:
        break;
    case RF_BREAKER_OPEN:
        return admit_open(breaker);
    case RF_BREAKER_HALF_OPEN:
        return admit_test(breaker, ticket);
    }
    breaker->admitted++;
    return true;
}

void rf_breaker_cancel(struct rf_breaker *breaker, struct rf_breaker_ticket ticket,
                       struct rf_instant now) {
    rf_breaker_advance(breaker, now);
    if (ticket.epoch != breaker->epoch || ticket.permit != breaker->permit)
        return;
    breaker->permit = 0;
    rf_breaker_set_due(breaker);
}

// ---- results ----

static bool failure(const struct rf_breaker *breaker, enum rf_class c) {
    return (unsigned)c < RF_CLASS_COUNT && (breaker->counting >> c & 1) != 0;
}

static bool was_slow(const struct rf_breaker *breaker, struct rf_breaker_ticket ticket) {
    return rf_instant_since(breaker->now, ticket.began).ns >= breaker->policy.slow_after.ns;
}

void rf_breaker_expire_failures(struct rf_breaker *breaker) {
    while (breaker->failures > 0) {
        struct rf_instant oldest = breaker->failed_at[breaker->failed_first];
        struct rf_duration age = rf_instant_since(breaker->now, oldest);
        if (age.ns <= breaker->policy.failure_interval.ns)
            break;
        breaker->failed_first = (breaker->failed_first + 1) % RF_BREAKER_MAX_THRESHOLD;
        breaker->failures--;
    }
}

static void note_failure(struct rf_breaker *breaker) {
    if (breaker->policy.failure_threshold == 0)
        return;
    rf_breaker_expire_failures(breaker);
    // Forced closed, or withheld, more may fail than would open it: the latest are kept.
    if (breaker->failures == breaker->policy.failure_threshold) {
        breaker->failed_first = (breaker->failed_first + 1) % RF_BREAKER_MAX_THRESHOLD;
        breaker->failures--;
    }
    int64_t at = (breaker->failed_first + breaker->failures) % RF_BREAKER_MAX_THRESHOLD;
    breaker->failed_at[at] = breaker->now;
    breaker->failures++;
}

// What opens a CLOSED breaker, if anything does.
static enum rf_breaker_cause reached(struct rf_breaker *breaker) {
    const struct rf_breaker_policy *policy = &breaker->policy;
    // A verdict may have gone into one window only: the other one is as old as its latest.
    rf_window_expire(&breaker->results, breaker->now);
    rf_window_expire(&breaker->speeds, breaker->now);
    if (breaker->failures == policy->failure_threshold)
        rf_breaker_expire_failures(breaker); // of those that were withheld
    if (breaker->failures > 0 && breaker->failures == policy->failure_threshold)
        return RF_BREAKER_CAUSE_FAILURES;
    if (breaker->failure_ppm > 0 &&
        rf_window_reaches(&breaker->results, policy->minimum_calls, breaker->failure_ppm))
        return RF_BREAKER_CAUSE_FAILURE_RATE;
    if (breaker->slow_ppm > 0 &&
        rf_window_reaches(&breaker->speeds, policy->minimum_calls, breaker->slow_ppm))
        return RF_BREAKER_CAUSE_SLOW_RATE;
    return RF_BREAKER_CAUSE_NONE;
}

static bool trip(struct rf_breaker *breaker, struct rf_breaker_transition *transition) {
    enum rf_breaker_cause cause = reached(breaker);
    if (cause == RF_BREAKER_CAUSE_NONE || rf_breaker_forced(breaker) || breaker->withheld)
        return false;
    return rf_breaker_change(breaker, RF_BREAKER_OPEN, cause, breaker->now, transition);
}

void rf_breaker_withhold(struct rf_breaker *breaker) {
    breaker->withheld = breaker->state == RF_BREAKER_CLOSED;
}

enum rf_breaker_cause rf_breaker_reached(struct rf_breaker *breaker, struct rf_instant now) {
    rf_breaker_advance(breaker, now);
    return breaker->state == RF_BREAKER_CLOSED ? reached(breaker) : RF_BREAKER_CAUSE_NONE;
}

bool rf_breaker_release(struct rf_breaker *breaker, struct rf_instant now,
                        struct rf_breaker_transition *transition) {
    bool withheld = breaker->withheld;
    breaker->withheld = false;
    if (rf_breaker_tick(breaker, now, transition))
        return true;
    return withheld && breaker->state == RF_BREAKER_CLOSED && trip(breaker, transition);
}

static bool record_closed(struct rf_breaker *breaker, struct rf_breaker_ticket ticket,
                          enum rf_class c, struct rf_breaker_transition *transition) {
    bool failed = failure(breaker, c);
    if (!failed && c != RF_CLASS_OK)
        return false;
    breaker->recorded++;
    rf_window_add(&breaker->results, failed, breaker->now);
    if (breaker->policy.slow_after.ns > 0 && !ticket.slow_told)
        rf_window_add(&breaker->speeds, was_slow(breaker, ticket), breaker->now);
    if (failed)
        note_failure(breaker);
    else
        breaker->failures = 0;
    return trip(breaker, transition);
}

static bool record_test(struct rf_breaker *breaker, struct rf_breaker_ticket ticket,
                        enum rf_class c, struct rf_breaker_transition *transition) {
    breaker->permit = 0;
    rf_breaker_set_due(breaker);
    bool failed = failure(breaker, c);
    if (!failed && c != RF_CLASS_OK)
        return false;
    breaker->recorded++;
    if (failed)
        return rf_breaker_change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED,
                                 breaker->now, transition);
    if (breaker->slow_ppm > 0 && was_slow(breaker, ticket))
        return rf_breaker_change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_SLOW, breaker->now,
                                 transition);
    breaker->successes++;
    if (breaker->successes < breaker->policy.success_threshold)
        return false;
    return rf_breaker_change(breaker, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_TEST_PASSED, breaker->now,
                             transition);
}

// In HALF_OPEN: whether this call is what it waits for.
static bool tests(const struct rf_breaker *breaker, struct rf_breaker_ticket ticket) {
    return observes(breaker) || (ticket.permit != 0 && ticket.permit == breaker->permit);
}

bool rf_breaker_record(struct rf_breaker *breaker, struct rf_breaker_ticket ticket, enum rf_class c,
                       struct rf_instant now, struct rf_breaker_transition *transition) {
    bool changed = rf_breaker_tick(breaker, now, transition);
    if (changed || ticket.epoch != breaker->epoch) {
        breaker->late++;
        return changed;
    }
    if (inert(breaker))
        return false;
    switch (breaker->state) {
    case RF_BREAKER_CLOSED:
        return record_closed(breaker, ticket, c, transition);
    case RF_BREAKER_OPEN:
        return false; // of a call that only an observing breaker admitted
    case RF_BREAKER_HALF_OPEN:
        break;
    }
    if (!tests(breaker, ticket)) {
        breaker->late++;
        return false;
    }
    return record_test(breaker, ticket, c, transition);
}

bool rf_breaker_slow(struct rf_breaker *breaker, struct rf_breaker_ticket *ticket,
                     struct rf_instant now, struct rf_breaker_transition *transition) {
    if (rf_breaker_tick(breaker, now, transition))
        return true;
    if (breaker->policy.slow_after.ns == 0 || ticket->slow_told || inert(breaker) ||
        ticket->epoch != breaker->epoch)
        return false;
    if (breaker->state == RF_BREAKER_CLOSED) {
        ticket->slow_told = true;
        rf_window_add(&breaker->speeds, true, breaker->now);
        return trip(breaker, transition);
    }
    if (breaker->state == RF_BREAKER_OPEN || breaker->slow_ppm == 0 || !tests(breaker, *ticket))
        return false;
    ticket->slow_told = true;
    return rf_breaker_change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_SLOW, breaker->now,
                             transition);
}
