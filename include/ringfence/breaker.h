// Circuit breaker: CLOSED, OPEN, HALF_OPEN with one test request. Pure: state, event and time in,
// decision out; the time never runs back (an earlier `now` is taken as the latest one seen). No
// allocation.
#ifndef RINGFENCE_BREAKER_H
#define RINGFENCE_BREAKER_H

#include <stdbool.h>

#include <ringfence/class.h>
#include <ringfence/time.h>

enum rf_breaker_state { RF_BREAKER_CLOSED, RF_BREAKER_OPEN, RF_BREAKER_HALF_OPEN };

struct rf_breaker_policy {
    int64_t failure_threshold;           // this many failed attempts in a row open it; 1 or more
    struct rf_duration failure_interval; // older failures expire
    struct rf_duration recovery_timeout; // how long it stays OPEN
    int64_t success_threshold;           // good test requests in a row that close it; 1 or more
    struct rf_duration test_lease;       // a test request without result is over after this
};

#define RF_BREAKER_POLICY_DEFAULT                                                                  \
    ((struct rf_breaker_policy){.failure_threshold = 5,                                            \
                                .failure_interval = {600 * RF_NS_PER_S},                           \
                                .recovery_timeout = {30 * RF_NS_PER_S},                            \
                                .success_threshold = 1,                                            \
                                .test_lease = {45 * RF_NS_PER_S}})

#define RF_BREAKER_MAX_THRESHOLD 1000

enum rf_breaker_cause {
    RF_BREAKER_CAUSE_NONE,
    RF_BREAKER_CAUSE_FAILURES,    // consecutive failures reached the threshold
    RF_BREAKER_CAUSE_TEST_FAILED, // the test request failed
    RF_BREAKER_CAUSE_TEST_PASSED, // enough test requests succeeded
    RF_BREAKER_CAUSE_TIMEOUT,     // recovery_timeout is over
    RF_BREAKER_CAUSE_RESTORED,    // taken over from a peer or a store
};

// What a call that was admitted carries until it reports.
struct rf_breaker_ticket {
    int64_t epoch;
    int64_t permit; // of a test request; 0: none
};

// One change of state, filled when a call returns true.
struct rf_breaker_transition {
    enum rf_breaker_state from, to;
    enum rf_breaker_cause cause;
    int64_t epoch;           // after the change
    int64_t failures;        // counted at the change
    struct rf_duration held; // how long `from` lasted
};

// Members are for reading only.
struct rf_breaker {
    struct rf_breaker_policy policy;
    enum rf_breaker_state state;
    int64_t epoch;           // rises with each change of state
    struct rf_instant now;   // latest time seen
    struct rf_instant since; // when this state began
    struct rf_instant until; // end of OPEN; end of the test lease in HALF_OPEN with a permit out
    int64_t failures;        // consecutive, unexpired
    int64_t successes;       // of test requests, in HALF_OPEN
    int64_t permit;          // the test request that is out; 0: none
    int64_t permits;         // given so far, for new numbers
    struct rf_instant failed_at[RF_BREAKER_MAX_THRESHOLD]; // ring of the unexpired failures
    int64_t failed_first;
};

// rf_breaker_state_name: "closed", "open", "half_open"; rf_breaker_cause_name: "failures",
// "test_failed", ... Never NULL. rf_breaker_state_parse: false for an unknown name.
const char *rf_breaker_state_name(enum rf_breaker_state state);
bool rf_breaker_state_parse(const char *name, enum rf_breaker_state *state);
const char *rf_breaker_cause_name(enum rf_breaker_cause cause);

// rf_breaker_init: CLOSED with no failures. The policy is copied, its numbers clamped to what they
// allow.
void rf_breaker_init(struct rf_breaker *breaker, const struct rf_breaker_policy *policy,
                     struct rf_instant now);

// rf_breaker_tick: lets time act: OPEN becomes HALF_OPEN at exactly `until`, a test request whose
// lease is over loses its permit. True and `transition` filled if the state changed.
bool rf_breaker_tick(struct rf_breaker *breaker, struct rf_instant now,
                     struct rf_breaker_transition *transition);

// rf_breaker_wake: the next instant at which rf_breaker_tick has something to do; false if none.
bool rf_breaker_wake(const struct rf_breaker *breaker, struct rf_instant *when);

// rf_breaker_admit: may a call begin now? On true the ticket is filled; in HALF_OPEN it holds the
// one permit until its result, its cancellation or the end of its lease. Ticks first: `changed`
// tells whether `transition` was filled.
bool rf_breaker_admit(struct rf_breaker *breaker, struct rf_instant now,
                      struct rf_breaker_ticket *ticket, bool *changed,
                      struct rf_breaker_transition *transition);

// rf_breaker_record: the result of an admitted call. A ticket of an earlier epoch, or of a permit
// that is no longer out, is ignored (incident 3). A class that does not count gives a test permit
// back without effect (incident 2). Ticks first; a call makes at most one transition, so a tick's
// transition and a record's are told by calling rf_breaker_tick before. True if the state changed.
bool rf_breaker_record(struct rf_breaker *breaker, struct rf_breaker_ticket ticket, enum rf_class c,
                       struct rf_instant now, struct rf_breaker_transition *transition);

// rf_breaker_cancel: the call ended without a result: its permit, if it is the one that is out, is
// given back.
void rf_breaker_cancel(struct rf_breaker *breaker, struct rf_breaker_ticket ticket,
                       struct rf_instant now);

// rf_breaker_restore: takes over a state with a higher epoch, as a restarted authority does from
// its peers. What is left of OPEN is clamped to [0, recovery_timeout]. True if the state changed.
bool rf_breaker_restore(struct rf_breaker *breaker, enum rf_breaker_state state, int64_t epoch,
                        struct rf_duration open_left, struct rf_instant now,
                        struct rf_breaker_transition *transition);

#endif
