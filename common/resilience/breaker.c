#include <ringfence/breaker.h>

#include <stddef.h>
#include <string.h>

#define PPM 1000000

static int64_t clamp(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

// Also for what is not a number: `least`.
static double clamp_share(double value, double least, double most) {
    return !(value > least) ? least : value > most ? most : value;
}

static void advance(struct rf_breaker *breaker, struct rf_instant now) {
    if (rf_instant_before(breaker->now, now))
        breaker->now = now;
}

// ---- who decides: the machine, the mode, or a person ----

static bool forced(const struct rf_breaker *breaker) {
    return breaker->force != RF_BREAKER_UNFORCED;
}

static bool observes(const struct rf_breaker *breaker) {
    return breaker->policy.mode == RF_BREAKER_OBSERVE && !forced(breaker);
}

// Nothing is recorded.
static bool inert(const struct rf_breaker *breaker) {
    return forced(breaker) ? breaker->force == RF_BREAKER_FORCE_DISABLED
                           : breaker->policy.mode == RF_BREAKER_DISABLED;
}

enum rf_breaker_state rf_breaker_gate(const struct rf_breaker *breaker) {
    if (forced(breaker) || breaker->policy.mode == RF_BREAKER_ENFORCE)
        return breaker->state;
    return RF_BREAKER_CLOSED;
}

// ---- changes of state ----

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

static void set_due(struct rf_breaker *breaker) {
    if (forced(breaker))
        breaker->due = breaker->force_until;
    else if (breaker->state == RF_BREAKER_OPEN || breaker->permit != 0)
        breaker->due = breaker->until;
    else
        breaker->due = RF_BREAKER_NO_END;
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

static struct rf_breaker_figures figures_of(struct rf_breaker *breaker) {
    expire_failures(breaker);
    rf_window_expire(&breaker->results, breaker->now);
    rf_window_expire(&breaker->speeds, breaker->now);
    return (struct rf_breaker_figures){
        .failures = breaker->failures,
        .total = breaker->results.total,
        .failed = breaker->results.bad,
        .timed = breaker->speeds.total,
        .slow = breaker->speeds.bad,
    };
}

static struct rf_duration scaled(struct rf_duration d, double factor) {
    double ns = (double)d.ns * factor;
    // 2^63 is the first double that no longer fits.
    return rf_ns(ns < 0x1.0p63 ? (int64_t)ns : INT64_MAX);
}

static struct rf_duration bounded(const struct rf_breaker_policy *policy, struct rf_duration d) {
    return policy->recovery_max.ns > 0 && d.ns > policy->recovery_max.ns ? policy->recovery_max : d;
}

// How long an OPEN that begins now lasts.
static struct rf_duration draw_recovery(struct rf_breaker *breaker) {
    double jitter = breaker->policy.recovery_jitter;
    struct rf_duration drawn = breaker->recovery;
    if (jitter > 0)
        drawn = scaled(drawn, 1.0 + jitter * (2.0 * rf_rng_unit(&breaker->rng) - 1.0));
    return bounded(&breaker->policy, drawn);
}

static struct rf_duration longest_recovery(const struct rf_breaker_policy *policy) {
    if (policy->recovery_growth > 1.0)
        return bounded(policy, rf_ns(INT64_MAX));
    return bounded(policy, scaled(policy->recovery_timeout, 1.0 + policy->recovery_jitter));
}

static void begin_open(struct rf_breaker *breaker, enum rf_breaker_cause cause) {
    const struct rf_breaker_policy *policy = &breaker->policy;
    if (cause == RF_BREAKER_CAUSE_TEST_FAILED || cause == RF_BREAKER_CAUSE_TEST_SLOW) {
        breaker->reopened++;
        breaker->recovery = bounded(policy, scaled(breaker->recovery, policy->recovery_growth));
    }
    breaker->opened++;
    breaker->until = forced(breaker) ? breaker->force_until
                                     : rf_instant_add(breaker->since, draw_recovery(breaker));
}

static void begin_closed(struct rf_breaker *breaker) {
    breaker->reopened = 0;
    breaker->tested_early = false;
    breaker->recovery = breaker->policy.recovery_timeout;
}

// The one place where the state changes. `at` is when it did, which may be before `now` if nobody
// ticked in between.
static bool enter(struct rf_breaker *breaker, enum rf_breaker_state to, enum rf_breaker_cause cause,
                  struct rf_instant at, struct rf_breaker_transition *transition) {
    if (!legal(breaker->state, to, cause))
        return false;
    struct rf_breaker_figures figures = figures_of(breaker);
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
    rf_window_clear(&breaker->results, at);
    rf_window_clear(&breaker->speeds, at);
    if (to == RF_BREAKER_CLOSED)
        begin_closed(breaker);
    if (to == RF_BREAKER_OPEN) {
        begin_open(breaker, cause);
        transition->until = breaker->until;
    }
    transition->reopened = breaker->reopened;
    set_due(breaker);
    return true;
}

static void tell(const struct rf_breaker *breaker, const struct rf_breaker_transition *transition) {
    if (breaker->listener != NULL)
        breaker->listener(breaker->listener_arg, transition);
}

static bool change(struct rf_breaker *breaker, enum rf_breaker_state to,
                   enum rf_breaker_cause cause, struct rf_instant at,
                   struct rf_breaker_transition *transition) {
    if (!enter(breaker, to, cause, at, transition))
        return false;
    tell(breaker, transition);
    return true;
}

// ---- life ----

static int64_t millionths(double rate) {
    int64_t ppm = (int64_t)(clamp_share(rate, 0.0, 1.0) * PPM + 0.5);
    return rate > 0 && ppm == 0 ? 1 : ppm;
}

static void clamp_policy(struct rf_breaker_policy *policy) {
    policy->failure_threshold = clamp(policy->failure_threshold, 0, RF_BREAKER_MAX_THRESHOLD);
    policy->success_threshold = clamp(policy->success_threshold, 1, INT64_MAX);
    policy->failure_interval.ns = clamp(policy->failure_interval.ns, 0, INT64_MAX);
    policy->recovery_timeout.ns = clamp(policy->recovery_timeout.ns, 0, INT64_MAX);
    policy->test_lease.ns = clamp(policy->test_lease.ns, 1, INT64_MAX);
    policy->slow_after.ns = clamp(policy->slow_after.ns, 0, INT64_MAX);
    policy->recovery_max.ns = clamp(policy->recovery_max.ns, 0, INT64_MAX);
    policy->recovery_growth = clamp_share(policy->recovery_growth, 1.0, 1000.0);
    policy->recovery_jitter = clamp_share(policy->recovery_jitter, 0.0, 1.0);
    policy->early_share = clamp_share(policy->early_share, 0.0, 1.0);
}

void rf_breaker_init(struct rf_breaker *breaker, const struct rf_breaker_policy *policy,
                     struct rf_instant now) {
    memset(breaker, 0, sizeof *breaker);
    breaker->policy = *policy;
    struct rf_breaker_policy *own = &breaker->policy;
    clamp_policy(own);
    rf_window_init(&breaker->results, own->window, own->window_calls, own->window_time, now);
    rf_window_init(&breaker->speeds, own->window, own->window_calls, own->window_time, now);
    own->window_calls = breaker->results.calls;
    int64_t most = own->window == RF_WINDOW_CALLS ? own->window_calls : INT64_MAX;
    own->minimum_calls = clamp(own->minimum_calls, 1, most);
    breaker->failure_ppm = millionths(own->failure_rate);
    breaker->slow_ppm = own->slow_after.ns > 0 ? millionths(own->slow_rate) : 0;
    for (unsigned c = 0; c < RF_CLASS_COUNT; c++)
        if (rf_class_counts((enum rf_class)c))
            breaker->counting |= 1u << c;
    breaker->counting &= ~own->ignore;
    breaker->rng.state = own->seed;
    breaker->recovery = own->recovery_timeout;
    breaker->now = now;
    breaker->since = now;
    breaker->force_until = RF_BREAKER_NO_END;
    set_due(breaker);
}

void rf_breaker_listen(struct rf_breaker *breaker, rf_breaker_listener_fn *listener, void *arg) {
    breaker->listener = listener;
    breaker->listener_arg = arg;
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
    return change(breaker, test ? RF_BREAKER_HALF_OPEN : RF_BREAKER_CLOSED,
                  RF_BREAKER_CAUSE_FORCE_ENDED, end, transition);
}

// Something is due.
static bool act(struct rf_breaker *breaker, struct rf_breaker_transition *transition) {
    struct rf_instant when;
    if (!rf_breaker_wake(breaker, &when))
        return false;
    if (forced(breaker))
        return end_force(breaker, transition);
    if (breaker->state == RF_BREAKER_OPEN)
        return change(breaker, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_TIMEOUT, when, transition);
    breaker->permit = 0; // the lease of the test request is over: another may test
    set_due(breaker);
    return false;
}

bool rf_breaker_tick(struct rf_breaker *breaker, struct rf_instant now,
                     struct rf_breaker_transition *transition) {
    advance(breaker, now);
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
        set_due(breaker);
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
    advance(breaker, now);
    if (ticket.epoch != breaker->epoch || ticket.permit != breaker->permit)
        return;
    breaker->permit = 0;
    set_due(breaker);
}

// ---- results ----

static bool failure(const struct rf_breaker *breaker, enum rf_class c) {
    return (unsigned)c < RF_CLASS_COUNT && (breaker->counting >> c & 1) != 0;
}

static bool was_slow(const struct rf_breaker *breaker, struct rf_breaker_ticket ticket) {
    return rf_instant_since(breaker->now, ticket.began).ns >= breaker->policy.slow_after.ns;
}

static void note_failure(struct rf_breaker *breaker) {
    if (breaker->policy.failure_threshold == 0)
        return;
    expire_failures(breaker);
    // Forced closed, more may fail than would open it: the latest are kept.
    if (breaker->failures == breaker->policy.failure_threshold) {
        breaker->failed_first = (breaker->failed_first + 1) % RF_BREAKER_MAX_THRESHOLD;
        breaker->failures--;
    }
    int64_t at = (breaker->failed_first + breaker->failures) % RF_BREAKER_MAX_THRESHOLD;
    breaker->failed_at[at] = breaker->now;
    breaker->failures++;
}

// What opens a CLOSED breaker, if anything does.
static bool trip(struct rf_breaker *breaker, struct rf_breaker_transition *transition) {
    const struct rf_breaker_policy *policy = &breaker->policy;
    enum rf_breaker_cause cause = RF_BREAKER_CAUSE_NONE;
    // A verdict may have gone into one window only: the other one is as old as its latest.
    rf_window_expire(&breaker->results, breaker->now);
    rf_window_expire(&breaker->speeds, breaker->now);
    if (breaker->failures > 0 && breaker->failures == policy->failure_threshold)
        cause = RF_BREAKER_CAUSE_FAILURES;
    else if (breaker->failure_ppm > 0 &&
             rf_window_reaches(&breaker->results, policy->minimum_calls, breaker->failure_ppm))
        cause = RF_BREAKER_CAUSE_FAILURE_RATE;
    else if (breaker->slow_ppm > 0 &&
             rf_window_reaches(&breaker->speeds, policy->minimum_calls, breaker->slow_ppm))
        cause = RF_BREAKER_CAUSE_SLOW_RATE;
    if (cause == RF_BREAKER_CAUSE_NONE || forced(breaker))
        return false;
    return change(breaker, RF_BREAKER_OPEN, cause, breaker->now, transition);
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
    set_due(breaker);
    bool failed = failure(breaker, c);
    if (!failed && c != RF_CLASS_OK)
        return false;
    breaker->recorded++;
    if (failed)
        return change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED, breaker->now,
                      transition);
    if (breaker->slow_ppm > 0 && was_slow(breaker, ticket))
        return change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_SLOW, breaker->now,
                      transition);
    breaker->successes++;
    if (breaker->successes < breaker->policy.success_threshold)
        return false;
    return change(breaker, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_TEST_PASSED, breaker->now,
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
    return change(breaker, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_SLOW, breaker->now, transition);
}

// ---- from outside ----

bool rf_breaker_probe_recovered(struct rf_breaker *breaker, struct rf_instant now,
                                struct rf_breaker_transition *transition) {
    if (rf_breaker_tick(breaker, now, transition))
        return true;
    if (breaker->state != RF_BREAKER_OPEN || forced(breaker) || breaker->tested_early)
        return false;
    double length = (double)rf_instant_since(breaker->until, breaker->since).ns;
    double passed = (double)rf_instant_since(breaker->now, breaker->since).ns;
    if (passed < length * breaker->policy.early_share || breaker->policy.early_share >= 1.0)
        return false;
    breaker->tested_early = true;
    return change(breaker, RF_BREAKER_HALF_OPEN, RF_BREAKER_CAUSE_PROBE_RECOVERED, breaker->now,
                  transition);
}

static bool force(struct rf_breaker *breaker, enum rf_breaker_force force, struct rf_instant until,
                  struct rf_instant now, enum rf_breaker_cause cause,
                  struct rf_breaker_transition *transition) {
    advance(breaker, now);
    breaker->force = force;
    breaker->force_until = until;
    return change(breaker, force == RF_BREAKER_FORCE_OPEN ? RF_BREAKER_OPEN : RF_BREAKER_CLOSED,
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

bool rf_breaker_restore(struct rf_breaker *breaker, enum rf_breaker_state state, int64_t epoch,
                        struct rf_duration open_left, struct rf_instant now,
                        struct rf_breaker_transition *transition) {
    advance(breaker, now);
    if (epoch <= breaker->epoch || (unsigned)state > RF_BREAKER_HALF_OPEN)
        return false;
    enum rf_breaker_state from = breaker->state;
    enum rf_breaker_state to =
        breaker->policy.mode == RF_BREAKER_DISABLED ? RF_BREAKER_CLOSED : state;
    breaker->force = RF_BREAKER_UNFORCED;
    breaker->force_until = RF_BREAKER_NO_END;
    enter(breaker, to, RF_BREAKER_CAUSE_RESTORED, breaker->now, transition);
    breaker->epoch = transition->epoch = epoch;
    if (to == RF_BREAKER_OPEN) {
        int64_t left = clamp(open_left.ns, 0, longest_recovery(&breaker->policy).ns);
        breaker->until = transition->until = rf_instant_add(breaker->now, rf_ns(left));
        set_due(breaker);
    }
    tell(breaker, transition);
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
    set_due(breaker);
}

void rf_breaker_snapshot(struct rf_breaker *breaker, struct rf_instant now,
                         struct rf_breaker_snapshot *snapshot) {
    advance(breaker, now);
    bool ends = breaker->state == RF_BREAKER_OPEN || breaker->permit != 0;
    *snapshot = (struct rf_breaker_snapshot){
        .state = breaker->state,
        .gate = rf_breaker_gate(breaker),
        .mode = breaker->policy.mode,
        .force = breaker->force,
        .epoch = breaker->epoch,
        .since = breaker->since,
        .until = ends ? breaker->until : RF_BREAKER_NO_END,
        .force_until = breaker->force_until,
        .figures = figures_of(breaker),
        .successes = breaker->successes,
        .permit = breaker->permit,
        .reopened = breaker->reopened,
        .recovery = breaker->recovery,
        .admitted = breaker->admitted,
        .refused = breaker->refused,
        .spared = breaker->spared,
        .permits = breaker->permits,
        .recorded = breaker->recorded,
        .late = breaker->late,
        .transitions = breaker->transitions,
        .opened = breaker->opened,
    };
    snapshot->failure_rate = rf_window_rate(&breaker->results);
    snapshot->slow_rate = rf_window_rate(&breaker->speeds);
}
