// The authority on circuit breakers: one state machine per provider for the whole fleet. Gateways
// report outcomes and ask for the one test permit; every change is announced at once, before
// anything else is done about it (incident 7).
#ifndef RF_BROKER_AUTHORITY_H
#define RF_BROKER_AUTHORITY_H

#include <ringfence/breaker.h>

#include "ground.h"
#include "seats.h"

#define RF_AUTHORITY_MAX 16 // providers

struct rf_authority;

// One provider's breaker, with what the world is told of it.
struct rf_guard {
    struct rf_authority *authority;
    const char *provider;
    struct rf_breaker breaker;
    struct rf_timer timer;               // end of OPEN, end of the test lease
    struct rf_utc since, until;          // of the present state; until 0: no end known
    struct rf_utc force_until;           // 0: until reset
    enum rf_breaker_force forced_before; // the last transition
    char force_who[64];                  // who forced it last, or reset it,
    char force_why[256];                 // and why
    enum rf_breaker_cause cause;         // of the last transition
    char last_error[256];                // of the last failure that counted
    char holder[64];                     // instance that has the test permit
    char holder_call[64];                // and for which call
};

// What has to follow a change of state. `transition` is the change; one that was only taken over
// from a peer (cause `restored`) is no news to the world.
typedef void rf_authority_changed_fn(void *arg, const struct rf_guard *guard,
                                     const struct rf_breaker_transition *transition);

struct rf_authority {
    struct rf_ground *ground;
    struct rf_guard guards[RF_AUTHORITY_MAX];
    size_t count;
    rf_authority_changed_fn *changed;
    void *arg;
};

void rf_authority_init(struct rf_authority *authority, struct rf_ground *ground,
                       rf_authority_changed_fn *changed, void *arg);
void rf_authority_fini(struct rf_authority *authority);

// rf_authority_add: a provider (borrowed text) with its policy, CLOSED. False beyond
// RF_AUTHORITY_MAX.
bool rf_authority_add(struct rf_authority *authority, const char *provider,
                      const struct rf_breaker_policy *policy);

// rf_authority_outcomes: what a registered worker's attempts came to. Known numbers are skipped;
// seat->outcome_seq is the last one known afterwards.
void rf_authority_outcomes(struct rf_authority *authority, struct rf_seat *seat,
                           const struct rf_worker_outcomes *outcomes);

// rf_authority_permit: answers a permit.request. The call that holds the permit and asks again gets
// the same one.
void rf_authority_permit(struct rf_authority *authority, const struct rf_seat *seat,
                         const struct rf_permit_request *request);

// A person's word about one breaker, as breaker.control carries it.
// rf_authority_control: carries it out. NULL, or the code of why not with `message` filled: what
// was expected.
const char *rf_authority_control(struct rf_authority *authority,
                                 const struct rf_breaker_control *control, char *message,
                                 size_t size);

// rf_authority_figures: one breaker as of now.
struct rf_breaker_snapshot rf_authority_figures(struct rf_guard *guard);

// rf_authority_release: the worker is gone: its permits are free again.
void rf_authority_release(struct rf_authority *authority, const char *instance);

// rf_authority_learn: takes over what a worker knows with a higher epoch.
void rf_authority_learn(struct rf_authority *authority, const struct rf_breaker_view *views,
                        size_t count);

// rf_authority_view: the state of one breaker, as it goes to workers: what they have to obey; texts
// are borrowed.
struct rf_breaker_view rf_authority_view(const struct rf_guard *guard);

#endif
