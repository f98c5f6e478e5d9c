// What the files of the breaker share; others include <ringfence/breaker.h>.
//
//   breaker.c           calls and time: admit, record, slow, cancel, tick
//   breaker_change.c    which changes of state there are, and what each of them does
//   breaker_control.c   who changes it from outside: a probe, a person, a peer
//   breaker_init.c      its beginning: the policy, clamped
//   breaker_name.c      names
//   breaker_recovery.c  how long an OPEN lasts
//   breaker_snapshot.c  its figures
#ifndef RF_RESILIENCE_BREAKER_PARTS_H
#define RF_RESILIENCE_BREAKER_PARTS_H

#include <ringfence/breaker.h>

// rf_breaker_advance: time never runs back.
static inline void rf_breaker_advance(struct rf_breaker *breaker, struct rf_instant now) {
    if (rf_instant_before(breaker->now, now))
        breaker->now = now;
}

static inline bool rf_breaker_forced(const struct rf_breaker *breaker) {
    return breaker->force != RF_BREAKER_UNFORCED;
}

// rf_breaker_change: changes the state, if the array of changes has this one, and tells the
// listener. `at` is when it happened, which may be before breaker->now if nobody ticked in between.
bool rf_breaker_change(struct rf_breaker *breaker, enum rf_breaker_state to,
                       enum rf_breaker_cause cause, struct rf_instant at,
                       struct rf_breaker_transition *transition);

// rf_breaker_enter, rf_breaker_tell: the two halves of rf_breaker_change.
bool rf_breaker_enter(struct rf_breaker *breaker, enum rf_breaker_state to,
                      enum rf_breaker_cause cause, struct rf_instant at,
                      struct rf_breaker_transition *transition);
void rf_breaker_tell(const struct rf_breaker *breaker,
                     const struct rf_breaker_transition *transition);

// rf_breaker_set_due: to be called when the force, the state, the permit or their ends changed.
void rf_breaker_set_due(struct rf_breaker *breaker);

// rf_breaker_expire_failures: as of breaker->now.
void rf_breaker_expire_failures(struct rf_breaker *breaker);

// rf_breaker_figures_of: what the windows hold as of breaker->now.
struct rf_breaker_figures rf_breaker_figures_of(struct rf_breaker *breaker);

// rf_breaker_recovery_draw: how long an OPEN that begins now lasts. rf_breaker_recovery_grow: a
// test failed: the next is longer. rf_breaker_recovery_clamp: what a peer says is left of its OPEN,
// within what this policy allows.
struct rf_duration rf_breaker_recovery_draw(struct rf_breaker *breaker);
void rf_breaker_recovery_grow(struct rf_breaker *breaker);
struct rf_duration rf_breaker_recovery_clamp(const struct rf_breaker_policy *policy,
                                             struct rf_duration left);

#endif
