// Retry: how long to wait before the next attempt, and whether there is one. Pure: time and
// randomness are given.
#ifndef RINGFENCE_RETRY_H
#define RINGFENCE_RETRY_H

#include <ringfence/class.h>
#include <ringfence/rng.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

// How the waits of one call grow, before jitter and up to max_delay.
enum rf_retry_strategy {
    RF_RETRY_EXPONENTIAL, // each is backoff_factor times the one before
    RF_RETRY_LINEAR,      // initial_delay more each time
    RF_RETRY_CONSTANT,    // initial_delay each time
};

enum rf_jitter {
    RF_JITTER_FRACTION, // the wait times a factor drawn from [1 - fraction, 1 + fraction]
    RF_JITTER_NONE,
    RF_JITTER_FULL,         // drawn from [0, wait]
    RF_JITTER_EQUAL,        // half the wait plus a draw from the other half
    RF_JITTER_DECORRELATED, // drawn from [initial_delay, 3 times the wait before], capped
};

struct rf_retry_policy {
    enum rf_retry_strategy strategy;
    struct rf_duration initial_delay;
    struct rf_duration max_delay;
    double backoff_factor; // 1 to 100, for RF_RETRY_EXPONENTIAL
    int64_t max_retries;   // retries after the first attempt; 0: none
    enum rf_jitter jitter;
    double jitter_fraction; // 0 to 1, for RF_JITTER_FRACTION
};

// The default: 5 s, 10 s, 20 s with 20 % jitter, at most 60 s.
#define RF_RETRY_POLICY_DEFAULT                                                                    \
    ((struct rf_retry_policy){.strategy = RF_RETRY_EXPONENTIAL,                                    \
                              .initial_delay = {5 * RF_NS_PER_S},                                  \
                              .max_delay = {60 * RF_NS_PER_S},                                     \
                              .backoff_factor = 2.0,                                               \
                              .max_retries = 3,                                                    \
                              .jitter = RF_JITTER_FRACTION,                                        \
                              .jitter_fraction = 0.2})

// The retries of one call.
struct rf_retry {
    int64_t retries;             // decided so far
    struct rf_duration previous; // the wait before, for decorrelated jitter
};

enum rf_retry_verdict {
    RF_RETRY_AGAIN,         // wait, then send again
    RF_RETRY_EXHAUSTED,     // max_retries are used up
    RF_RETRY_NOT_RETRYABLE, // the class says no
    RF_RETRY_TOO_LATE,      // the next attempt could not finish before the deadline
    RF_RETRY_TOO_LONG,      // the provider's Retry-After is beyond max_delay
};

struct rf_retry_decision {
    enum rf_retry_verdict verdict;
    struct rf_duration wait; // with AGAIN; with TOO_LONG what the provider asked for
};

// rf_retry_decide: what follows a failed attempt of class `c`. `retry_after` is the provider's wish
// (0: none); it wins when it is longer than ours, and ends the call when it is beyond max_delay
// (incident 14: a Retry-After of days). `left` is the time to the deadline at this moment,
// `attempt_min` the shortest time an attempt needs: no retry is begun that cannot finish. Advances
// `retry` only with AGAIN.
struct rf_retry_decision rf_retry_decide(const struct rf_retry_policy *policy,
                                         struct rf_retry *retry, enum rf_class c,
                                         struct rf_duration retry_after, struct rf_duration left,
                                         struct rf_duration attempt_min, struct rf_rng *rng);

// rf_retry_backoff: the wait before retry number `n` (0-based), without jitter. Never overflows; at
// most max_delay.
struct rf_duration rf_retry_backoff(const struct rf_retry_policy *policy, int64_t n);

#pragma GCC visibility pop

#endif
