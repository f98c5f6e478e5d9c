#include <ringfence/breaker.h>

#include <stddef.h>
#include <string.h>

static const char *const state_names[] = {
    [RF_BREAKER_CLOSED] = "closed",
    [RF_BREAKER_OPEN] = "open",
    [RF_BREAKER_HALF_OPEN] = "half_open",
};

static const char *const cause_names[] = {
    [RF_BREAKER_CAUSE_NONE] = "none",
    [RF_BREAKER_CAUSE_FAILURES] = "failures",
    [RF_BREAKER_CAUSE_TEST_FAILED] = "test_failed",
    [RF_BREAKER_CAUSE_TEST_PASSED] = "test_passed",
    [RF_BREAKER_CAUSE_TIMEOUT] = "timeout",
    [RF_BREAKER_CAUSE_RESTORED] = "restored",
};

const char *rf_breaker_state_name(enum rf_breaker_state state) {
    return (unsigned)state <= RF_BREAKER_HALF_OPEN ? state_names[state] : "unknown";
}

const char *rf_breaker_cause_name(enum rf_breaker_cause cause) {
    return (unsigned)cause <= RF_BREAKER_CAUSE_RESTORED ? cause_names[cause] : "unknown";
}

bool rf_breaker_state_parse(const char *name, enum rf_breaker_state *state) {
    for (unsigned i = 0; i <= RF_BREAKER_HALF_OPEN; i++) {
        if (strcmp(name, state_names[i]) == 0) {
            *state = (enum rf_breaker_state)i;
            return true;
        }
    }
    return false;
}

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

static void advance(struct rf_breaker *breaker, struct rf_instant now) {
    if (rf_instant_before(breaker->now, now))
        breaker->now = now;
}

// Which changes there are, and for which cause; a restored state may be any.
static const struct {
    enum rf_breaker_state from, to;
    enum rf_breaker_cause cause;
} changes[] = {
    {RF_BREAKER_CLOSED, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_FAILURES},
    {RF_BREAKER_OPEN, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_TIMEOUT},
    {RF_BREAKER_HALF_OPEN, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED},
    {RF_BREAKER_HALF_OPEN, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_TEST_PASSED},
};

static bool legal(enum rf_breaker_state from, enum rf_breaker_state to,
                  enum rf_breaker_cause cause) {
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        if (changes[i].from == from && changes[i].to == to && changes[i].cause == cause)
            return true;
    return cause == RF_BREAKER_CAUSE_RESTORED;
}

// The one place where the state changes. `at` is when it did, which may be before `now` if nobody
// ticked in between.
static bool change(struct rf_breaker *breaker, enum rf_breaker_state to,
                   enum rf_breaker_cause cause, struct rf_instant at,
                   struct rf_breaker_transition *transition) {
    if (!legal(breaker->state, to, cause))
        return false;
    *transition = (struct rf_breaker_transition){
        .from = breaker->state,
        .to = to,
        .cause = cause,
        .epoch = breaker->epoch + 1,
        .failures = breaker->failures,
        .held = rf_instant_since(at, breaker->since),
    };
    breaker->state = to;
    breaker->epoch++;
    breaker->since = at;
    breaker->until = rf_instant_add(at, breaker->policy.recovery_timeout);
    breaker->failures = 0;
    breaker->successes = 0;
    breaker->permit = 0;
    return true;
}

void rf_breaker_init(struct rf_breaker *breaker, const struct rf_breaker_policy *policy,
                     struct rf_instant now) {
    memset(breaker, 0, sizeof *breaker);
    breaker->policy = *policy;
    struct rf_breaker_policy *own = &breaker->policy;
    own->failure_threshold = clamp(own->failure_threshold, 1, RF_BREAKER_MAX_THRESHOLD);
    own->success_threshold = clamp(own->success_threshold, 1, INT64_MAX);
    own->failure_interval.ns = clamp(own->failure_interval.ns, 0, INT64_MAX);
    own->recovery_timeout.ns = clamp(own->recovery_timeout.ns, 0, INT64_MAX);
    own->test_lease.ns = clamp(own->test_lease.ns, 1, INT64_MAX);
    breaker->now = now;
    breaker->since = now;
}

bool rf_breaker_wake(const struct rf_breaker *breaker, struct rf_instant *when) {
    if (breaker->state == RF_BREAKER_OPEN ||
        (breaker->state == RF_BREAKER_HALF_OPEN && breaker->permit != 0)) {
        *when = breaker->until;
        return true;
    }
    return false;
}

bool rf_breaker_tick(struct rf_breaker *breaker, struct rf_instant now,
                     struct rf_breaker_transition *transition) {
    advance(breaker, now);
    struct rf_instant due;
    if (!rf_breaker_wake(breaker, &due) || rf_instant_before(breaker->now, due))
        return false;
    if (breaker->state == RF_BREAKER_OPEN)
        return change(breaker, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_TIMEOUT, due, transition);
    breaker->permit = 0; // the lease of the test request is over: another may test
    return false;
}

bool rf_breaker_admit(struct rf_breaker *breaker, struct rf_instant now,
                      struct rf_breaker_ticket *ticket, bool *changed,
                      struct rf_breaker_transition *transition) {
    *changed = rf_breaker_tick(breaker, now, transition);
    *ticket = (struct rf_breaker_ticket){.epoch = breaker->epoch};
    switch (breaker->state) {
    case RF_BREAKER_CLOSED:
        return true;
    case RF_BREAKER_OPEN:
        return false;
    case RF_BREAKER_HALF_OPEN:
        break;
    }
    if (breaker->permit != 0)
        return false;
    breaker->permit = ++breaker->permits;
    breaker->until = rf_instant_add(breaker->now, breaker->policy.test_lease);
    ticket->permit = breaker->permit;
    return true;
}

static void expire_failures(struct rf_breaker *breaker) {
    while (breaker->failures > 0) {
        struct rf_instant oldest = breaker->failed_at[breaker->failed_first];
        struct rf_duration age = rf_instant_since(breaker->now, oldest);
        if (age.ns <= breaker->policy.failure_interval.ns)
            break;
        breaker->failed_first = (breaker->failed_first + 1) % RF_BREAKER_MAX_THRESHOLD;
        breaker->failures--;
    }
}

static bool record_closed(struct rf_breaker *breaker, enum rf_class c,
                          struct rf_breaker_transition *transition) {
    if (c == RF_CLASS_OK) {
        breaker->failures = 0;
        return false;
    }
    if (!rf_class_counts(c))
        return false;
    expire_failures(breaker);
    int64_t at = (breaker->failed_first + breaker->failures) % RF_BREAKER_MAX_THRESHOLD;
    breaker->failed_at[at] = breaker->now;
    breaker->failures++;
    if (breaker->failures < breaker->policy.failure_threshold)
        return false;
    return change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_FAILURES, breaker->now, transition);
}

static bool record_test(struct rf_breaker *breaker, enum rf_class c,
                        struct rf_breaker_transition *transition) {
    breaker->permit = 0;
    if (rf_class_counts(c))
        return change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED, breaker->now,
                      transition);
    if (c != RF_CLASS_OK)
        return false;
    breaker->successes++;
    if (breaker->successes < breaker->policy.success_threshold)
        return false;
    return change(breaker, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_TEST_PASSED, breaker->now,
                  transition);
}

bool rf_breaker_record(struct rf_breaker *breaker, struct rf_breaker_ticket ticket, enum rf_class c,
                       struct rf_instant now, struct rf_breaker_transition *transition) {
    if (rf_breaker_tick(breaker, now, transition))
        return true; // the epoch is another now: this result is late
    if (ticket.epoch != breaker->epoch)
        return false;
    switch (breaker->state) {
    case RF_BREAKER_CLOSED:
        return record_closed(breaker, c, transition);
    case RF_BREAKER_OPEN:
        return false;
    case RF_BREAKER_HALF_OPEN:
        break;
    }
    if (ticket.permit == 0 || ticket.permit != breaker->permit)
        return false;
    return record_test(breaker, c, transition);
}

void rf_breaker_cancel(struct rf_breaker *breaker, struct rf_breaker_ticket ticket,
                       struct rf_instant now) {
    advance(breaker, now);
    if (breaker->state == RF_BREAKER_HALF_OPEN && ticket.epoch == breaker->epoch &&
        ticket.permit == breaker->permit)
        breaker->permit = 0;
}

bool rf_breaker_restore(struct rf_breaker *breaker, enum rf_breaker_state state, int64_t epoch,
                        struct rf_duration open_left, struct rf_instant now,
                        struct rf_breaker_transition *transition) {
    advance(breaker, now);
    if (epoch <= breaker->epoch || (unsigned)state > RF_BREAKER_HALF_OPEN)
        return false;
    enum rf_breaker_state from = breaker->state;
    change(breaker, state, RF_BREAKER_CAUSE_RESTORED, breaker->now, transition);
    breaker->epoch = transition->epoch = epoch;
    int64_t left = clamp(open_left.ns, 0, breaker->policy.recovery_timeout.ns);
    breaker->until = rf_instant_add(breaker->now, rf_ns(left));
    return from != state;
}
