// Circuit breaker: CLOSED, OPEN, HALF_OPEN with one test request. Pure: state, event and time in,
// decision out; the time never runs back (an earlier `now` is taken as the latest one seen). Each
// function is O(1) but for a time-based window after a pause (at most RF_WINDOW_BUCKETS steps).
//
// No allocation, ever: a breaker is a value of about 2.6 KiB (two windows of 600 bytes, 1 KiB for
// the times of consecutive failures), of which an admitted and recorded call touches about five
// cache lines. One thread at a time may use it.
//
// What opens a CLOSED breaker, the first that applies:
//   failures      `failure_threshold` failures in a row, none older than `failure_interval`
//   failure_rate  of the calls in the window that ended
//   slow_rate     of the calls in the window whose speed is known: those that ended, and those that
//                 still run after `slow_after` (rf_breaker_slow), each counted once
// The two shares have a window each, so that a call that is told slow while it runs and fails later
// is one call in both. Only results that count enter a window: OK, and the classes that
// rf_class_counts names without those in `ignore`.
#ifndef RINGFENCE_BREAKER_H
#define RINGFENCE_BREAKER_H

#include <stdbool.h>

#include <ringfence/class.h>
#include <ringfence/rng.h>
#include <ringfence/time.h>
#include <ringfence/window.h>

#pragma GCC visibility push(default)

enum rf_breaker_state { RF_BREAKER_CLOSED, RF_BREAKER_OPEN, RF_BREAKER_HALF_OPEN };

enum rf_breaker_mode {
    RF_BREAKER_ENFORCE,
    RF_BREAKER_OBSERVE,  // decides, changes its state and tells, but admits everything. HALF_OPEN
                         // has no permits then: the first ordinary results of calls that began in
                         // it stand for the test requests
    RF_BREAKER_DISABLED, // admits everything, records nothing, stays CLOSED
};

// A person's word. It holds in every mode, until its end or rf_breaker_reset.
enum rf_breaker_force {
    RF_BREAKER_UNFORCED,
    RF_BREAKER_FORCE_OPEN,     // refuses everything; at its end: HALF_OPEN
    RF_BREAKER_FORCE_CLOSED,   // admits and records, but nothing opens it; at its end: CLOSED, anew
    RF_BREAKER_FORCE_DISABLED, // as RF_BREAKER_DISABLED; at its end: CLOSED, anew
};

#define RF_BREAKER_MAX_THRESHOLD 128

// The instant of what has no end.
#define RF_BREAKER_NO_END ((struct rf_instant){INT64_MAX})

// A bit of `ignore`.
#define RF_BREAKER_IGNORE(class_) (1u << (class_))

struct rf_breaker_policy {
    int64_t failure_threshold;           // this many failed attempts in a row open it; 0: off
    struct rf_duration failure_interval; // older failures expire
    struct rf_duration recovery_timeout; // how long it stays OPEN
    int64_t success_threshold;           // good test requests in a row that close it; 1 or more
    struct rf_duration test_lease;       // a test request without result is over after this

    enum rf_window_kind window;     // of both rates
    int64_t window_calls;           // RF_WINDOW_CALLS: 1 to RF_WINDOW_MAX_CALLS
    struct rf_duration window_time; // RF_WINDOW_TIME
    int64_t minimum_calls;          // fewer in the window never open it; a count-based window that
                                    // is smaller opens when it is full
    double failure_rate;            // this share of failed calls opens it, above 0 to 1; 0: off
    double slow_rate;               // this share of slow calls opens it; 0: off. When on, a test
                                    // request that is slow has failed
    struct rf_duration slow_after;  // a call that takes so long, or longer, is slow; 0: none is

    double recovery_growth; // each OPEN that follows a failed test is so many times as long
                            // as the one before; 1: no growth
    struct rf_duration recovery_max; // no OPEN is longer, growth and jitter included; 0: no bound
    double recovery_jitter;          // 0 to 1: each OPEN times a draw from [1 - jitter, 1 + jitter]
    double early_share;              // rf_breaker_probe_recovered acts after this share of OPEN; 1:
                                     // never early
    uint64_t seed;                   // of the jitter

    enum rf_breaker_mode mode;
    unsigned ignore; // RF_BREAKER_IGNORE bits of classes that shall not count
};

#define RF_BREAKER_POLICY_DEFAULT                                                                  \
    ((struct rf_breaker_policy){.failure_threshold = 5,                                            \
                                .failure_interval = {600 * RF_NS_PER_S},                           \
                                .recovery_timeout = {30 * RF_NS_PER_S},                            \
                                .success_threshold = 1,                                            \
                                .test_lease = {45 * RF_NS_PER_S},                                  \
                                .window = RF_WINDOW_CALLS,                                         \
                                .window_calls = 100,                                               \
                                .window_time = {60 * RF_NS_PER_S},                                 \
                                .minimum_calls = 10,                                               \
                                .recovery_growth = 1.0,                                            \
                                .early_share = 0.5})

enum rf_breaker_cause {
    RF_BREAKER_CAUSE_NONE,
    RF_BREAKER_CAUSE_FAILURES,        // consecutive failures reached the threshold
    RF_BREAKER_CAUSE_TEST_FAILED,     // the test request failed
    RF_BREAKER_CAUSE_TEST_PASSED,     // enough test requests succeeded
    RF_BREAKER_CAUSE_TIMEOUT,         // recovery_timeout is over
    RF_BREAKER_CAUSE_RESTORED,        // taken over from a peer or a store
    RF_BREAKER_CAUSE_FAILURE_RATE,    // too large a share of the window failed
    RF_BREAKER_CAUSE_SLOW_RATE,       // too large a share of the window was slow
    RF_BREAKER_CAUSE_TEST_SLOW,       // the test request was slow
    RF_BREAKER_CAUSE_PROBE_RECOVERED, // a probe saw the service well: tested before its time
    RF_BREAKER_CAUSE_FORCED_OPEN,
    RF_BREAKER_CAUSE_FORCED_CLOSED,
    RF_BREAKER_CAUSE_DISABLED,
    RF_BREAKER_CAUSE_FORCE_ENDED, // the end that was given with it is reached
    RF_BREAKER_CAUSE_RESET,       // a person took a force away, or closed it by hand
};

// What a call that was admitted carries until it reports.
struct rf_breaker_ticket {
    int64_t epoch;
    int64_t permit;          // of a test request; 0: none
    struct rf_instant began; // when it was admitted
    bool slow_told;          // rf_breaker_slow has counted it
};

// What the windows hold.
struct rf_breaker_figures {
    int64_t failures; // consecutive, unexpired
    int64_t total;    // calls in the window that ended
    int64_t failed;   // of them
    int64_t timed;    // calls in the window whose speed is known; 0 without slow_after
    int64_t slow;     // of them
};

// One change, filled when a call returns true. `from` and `to` are the same where only a force
// begins or ends, or the counts begin anew: the epoch rises all the same.
struct rf_breaker_transition {
    enum rf_breaker_state from, to;
    enum rf_breaker_cause cause;
    int64_t epoch;                     // after the change
    int64_t failures;                  // counted at the change, as in `figures`
    struct rf_duration held;           // how long `from` lasted
    struct rf_breaker_figures figures; // before the change cleared them
    enum rf_breaker_force force;       // after the change
    struct rf_instant at;              // when it took effect
    struct rf_instant until;           // `to` OPEN, or forced: its end; else RF_BREAKER_NO_END
    int64_t reopened;                  // tests that failed since it was CLOSED last
};

// A listener is told of each change as it happens, with what the function that made it is about to
// return. It must not call a function on the same breaker.
typedef void rf_breaker_listener_fn(void *arg, const struct rf_breaker_transition *transition);

// Members are for reading only.
struct rf_breaker {
    struct rf_instant now; // latest time seen
    struct rf_instant due; // when rf_breaker_tick has something to do; RF_BREAKER_NO_END
    enum rf_breaker_state state;
    enum rf_breaker_force force;
    int64_t epoch;     // rises with each change
    int64_t failures;  // consecutive, unexpired as of the last failure
    int64_t successes; // of test requests, in HALF_OPEN
    int64_t permit;    // the test request that is out; 0: none
    int64_t permits;   // given so far, for new numbers

    int64_t admitted;    // calls
    int64_t refused;     // calls
    int64_t spared;      // calls that OPEN admitted only because it observes
    int64_t recorded;    // results that were taken
    int64_t late;        // results of an earlier epoch, or of a permit that is no longer out
    int64_t transitions; // changes of state
    int64_t opened;      // of them to OPEN

    struct rf_breaker_policy policy;
    int64_t failure_ppm, slow_ppm; // the rates in millionths; 0: off
    struct rf_instant since;       // when this state began
    struct rf_instant until; // end of OPEN; end of the test lease in HALF_OPEN with a permit out
    struct rf_instant force_until;
    struct rf_duration recovery; // of OPEN, as it has grown, before jitter
    int64_t reopened;            // tests that failed since it was CLOSED last
    unsigned counting;           // bits of the classes that count as failures
    bool tested_early;           // a probe ended an OPEN early since it was CLOSED last
    bool withheld;               // rf_breaker_withhold
    struct rf_rng rng;
    rf_breaker_listener_fn *listener;
    void *listener_arg;

    struct rf_window results; // bad: failed
    struct rf_window speeds;  // bad: slow
    int64_t failed_first;
    struct rf_instant failed_at[RF_BREAKER_MAX_THRESHOLD]; // ring of the unexpired failures
};

// All its figures at one instant.
struct rf_breaker_snapshot {
    enum rf_breaker_state state;
    enum rf_breaker_state gate; // rf_breaker_gate
    enum rf_breaker_mode mode;
    enum rf_breaker_force force;
    int64_t epoch;
    struct rf_instant since;       // when this state began
    struct rf_instant until;       // end of OPEN or of the test lease, else RF_BREAKER_NO_END
    struct rf_instant force_until; // RF_BREAKER_NO_END also when there is no force
    struct rf_breaker_figures figures;
    double failure_rate, slow_rate; // of what the windows hold now
    int64_t successes;              // good test requests so far, in HALF_OPEN
    int64_t permit;                 // the test request that is out; 0: none
    int64_t reopened;
    struct rf_duration recovery; // of OPEN, as it has grown, before jitter
    int64_t admitted, refused, spared, permits, recorded, late, transitions, opened;
};

// rf_breaker_state_name: "closed", "open", "half_open"; rf_breaker_cause_name: "failures",
// "test_failed", ...; rf_breaker_mode_name: "enforce", "observe", "disabled";
// rf_breaker_force_name: "none", "open", "closed", "disabled". Never NULL. The _parse functions:
// false for an unknown name.
const char *rf_breaker_state_name(enum rf_breaker_state state);
bool rf_breaker_state_parse(const char *name, enum rf_breaker_state *state);
const char *rf_breaker_cause_name(enum rf_breaker_cause cause);
const char *rf_breaker_mode_name(enum rf_breaker_mode mode);
bool rf_breaker_mode_parse(const char *name, enum rf_breaker_mode *mode);
const char *rf_breaker_force_name(enum rf_breaker_force force);
bool rf_breaker_force_parse(const char *name, enum rf_breaker_force *force);

// rf_breaker_init: CLOSED with no failures. The policy is copied, its numbers clamped to what they
// allow.
void rf_breaker_init(struct rf_breaker *breaker, const struct rf_breaker_policy *policy,
                     struct rf_instant now);

// rf_breaker_listen: from now on `listener` (NULL: nobody) is told of each change.
void rf_breaker_listen(struct rf_breaker *breaker, rf_breaker_listener_fn *listener, void *arg);

// rf_breaker_tick: lets time act: OPEN becomes HALF_OPEN at exactly `until`, a force ends at its
// end, a test request whose lease is over loses its permit. True and `transition` filled if the
// state or the force changed; however long the pause was, it is one change at most.
bool rf_breaker_tick(struct rf_breaker *breaker, struct rf_instant now,
                     struct rf_breaker_transition *transition);

// rf_breaker_wake: the next instant at which rf_breaker_tick has something to do; false if none.
bool rf_breaker_wake(const struct rf_breaker *breaker, struct rf_instant *when);

// rf_breaker_gate: the state that callers have to obey: its own, but CLOSED where it observes, is
// disabled or is forced so.
enum rf_breaker_state rf_breaker_gate(const struct rf_breaker *breaker);

// rf_breaker_admit: may a call begin now? On true the ticket is filled; in HALF_OPEN it holds the
// one permit until its result, its cancellation or the end of its lease. Ticks first: `changed`
// tells whether `transition` was filled.
bool rf_breaker_admit(struct rf_breaker *breaker, struct rf_instant now,
                      struct rf_breaker_ticket *ticket, bool *changed,
                      struct rf_breaker_transition *transition);

// rf_breaker_record: the result of an admitted call; it took from ticket.began until now. A ticket
// of an earlier epoch, or of a permit that is no longer out, is ignored (incident 3). A class that
// does not count gives a test permit back without effect (incident 2). Ticks first; a call makes at
// most one transition, so a tick's transition and a record's are told by calling rf_breaker_tick
// before. True if the state changed.
bool rf_breaker_record(struct rf_breaker *breaker, struct rf_breaker_ticket ticket, enum rf_class c,
                       struct rf_instant now, struct rf_breaker_transition *transition);

// rf_breaker_slow: an admitted call has been running for slow_after and still runs: it counts as
// slow at once (incident 28), and its result, recorded with the same ticket, not a second time. For
// the caller's timer: the breaker trusts that the time has passed. Without slow_after, or told
// twice, it does nothing. Ticks first. True if the state changed.
bool rf_breaker_slow(struct rf_breaker *breaker, struct rf_breaker_ticket *ticket,
                     struct rf_instant now, struct rf_breaker_transition *transition);

// rf_breaker_cancel: the call ended without a result: its permit, if it is the one that is out, is
// given back.
void rf_breaker_cancel(struct rf_breaker *breaker, struct rf_breaker_ticket ticket,
                       struct rf_instant now);

// rf_breaker_probe_recovered: a probe from outside (a health check) sees the service well again:
// OPEN becomes HALF_OPEN before its time, if early_share of it has passed, it is not forced, and no
// probe did so before in this outage (since it was CLOSED last): a probe that knows nothing of what
// fails cannot hammer the service. Ticks first. True if the state changed.
bool rf_breaker_probe_recovered(struct rf_breaker *breaker, struct rf_instant now,
                                struct rf_breaker_transition *transition);

// rf_breaker_early: from when on rf_breaker_probe_recovered ends this OPEN; false: it does not.
bool rf_breaker_early(const struct rf_breaker *breaker, struct rf_instant *when);

// rf_breaker_force_open, _force_closed, _disable: a person decides, until `until` (or
// RF_BREAKER_NO_END). A new force takes the place of the old one. Always a change: true.
bool rf_breaker_force_open(struct rf_breaker *breaker, struct rf_instant until,
                           struct rf_instant now, struct rf_breaker_transition *transition);
bool rf_breaker_force_closed(struct rf_breaker *breaker, struct rf_instant until,
                             struct rf_instant now, struct rf_breaker_transition *transition);
bool rf_breaker_disable(struct rf_breaker *breaker, struct rf_instant until, struct rf_instant now,
                        struct rf_breaker_transition *transition);

// rf_breaker_reset: takes a force away; CLOSED, with no failures, whatever it was. True.
bool rf_breaker_reset(struct rf_breaker *breaker, struct rf_instant now,
                      struct rf_breaker_transition *transition);

// rf_breaker_forget: what a CLOSED breaker has counted was not about the service: no failures,
// empty windows, and nothing is withheld. No change of state, and the epoch stays. In any other
// state: no effect.
void rf_breaker_forget(struct rf_breaker *breaker, struct rf_instant now);

// For an authority that asks on whose word a CLOSED breaker is about to open:
// rf_breaker_withhold: from now on results count, but open nothing, until rf_breaker_release,
// rf_breaker_forget or a change of state. In any other state: no effect.
// rf_breaker_reached: what opens it as of now if it is released; RF_BREAKER_CAUSE_NONE: nothing.
// rf_breaker_release: it is judged by all that has counted. Ticks first. True if the state changed.
void rf_breaker_withhold(struct rf_breaker *breaker);
enum rf_breaker_cause rf_breaker_reached(struct rf_breaker *breaker, struct rf_instant now);
bool rf_breaker_release(struct rf_breaker *breaker, struct rf_instant now,
                        struct rf_breaker_transition *transition);

// rf_breaker_restore: takes over a state with a higher epoch, as a restarted authority does from
// its peers. What is left of OPEN is clamped to [0, the longest that the policy allows]. A force
// ends with it: rf_breaker_restore_force takes the peer's over. A disabled breaker stays CLOSED.
// True if the state changed.
bool rf_breaker_restore(struct rf_breaker *breaker, enum rf_breaker_state state, int64_t epoch,
                        struct rf_duration open_left, struct rf_instant now,
                        struct rf_breaker_transition *transition);

// rf_breaker_restore_force: after rf_breaker_restore: the force that belongs to the same epoch,
// and the state that goes with it. No change of its own, and nobody is told.
void rf_breaker_restore_force(struct rf_breaker *breaker, enum rf_breaker_force force,
                              struct rf_instant until);

// rf_breaker_restore_test: after those two: in HALF_OPEN the state's former owner may have given a
// permit just before. Nobody gets one until its lease must be over. No change of its own.
void rf_breaker_restore_test(struct rf_breaker *breaker);

// rf_breaker_snapshot: all figures as of now; what is too old leaves the windows, but the state
// does not change: tick first.
void rf_breaker_snapshot(struct rf_breaker *breaker, struct rf_instant now,
                         struct rf_breaker_snapshot *snapshot);

#pragma GCC visibility pop

#endif
