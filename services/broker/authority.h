// The authority on circuit breakers: one state machine per provider for the whole fleet. Gateways
// report outcomes and ask for the one test permit; every change is announced at once, before
// anything else is done about it (incident 7). On whose word one opens, and which gateway is kept
// from a provider instead, is judged by jury.h and carried out by authority_fleet.c.
#ifndef RF_BROKER_AUTHORITY_H
#define RF_BROKER_AUTHORITY_H

#include <ringfence/breaker.h>

#include "ground.h"
#include "jury.h"
#include "seats.h"

#define RF_AUTHORITY_MAX 16 // providers

struct rf_authority;

// What probes of the health monitor say of a provider.
enum rf_probed { RF_PROBED_UNKNOWN, RF_PROBED_WELL, RF_PROBED_ILL };

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
    char tester[64];                     // instance whose test failed last

    enum rf_probed probed;
    bool recovered; // probes found it well again in this OPEN

    struct rf_jury jury;
    struct rf_timer court;    // end of a suspicion, of an ejection
    struct rf_fleet fleet;    // who could carry out calls at the provider now
    char suspect[64];         // instance under suspicion; "": nobody
    char ejection_error[256]; // what the last one that was ejected met
    char confirmed_by[64];    // instance that did without trouble; "": several
};

// What has to follow a change of state. `transition` is the change; one that was only taken over
// from a peer (cause `restored`) is no news to the world.
typedef void rf_authority_changed_fn(void *arg, struct rf_guard *guard,
                                     const struct rf_breaker_transition *transition);

// What becomes of one gateway at one provider.
enum rf_barring {
    RF_BARRED_SUSPECTED, // held back, until another gateway's next result
    RF_BARRED_CLEARED,   // not any more
    RF_BARRED_EJECTED,
    RF_BARRED_READMITTED, // `why` tells
};

// What has to follow: the gateway is to be told (rf_authority_view_of), calls go to others.
// `ejection` NULL: it was suspected only.
typedef void rf_authority_barred_fn(void *arg, struct rf_guard *guard, const char *instance,
                                    enum rf_barring what, const struct rf_ejection *ejection,
                                    const char *why);

struct rf_authority {
    struct rf_ground *ground;
    const struct rf_seats *seats;
    struct rf_guard guards[RF_AUTHORITY_MAX];
    size_t count;
    rf_authority_changed_fn *changed;
    rf_authority_barred_fn *barred;
    void *arg;
};

// rf_authority_init: `seats` are the fleet.
void rf_authority_init(struct rf_authority *authority, struct rf_ground *ground,
                       const struct rf_seats *seats, rf_authority_changed_fn *changed,
                       rf_authority_barred_fn *barred, void *arg);
void rf_authority_fini(struct rf_authority *authority);

// rf_authority_add: a provider (borrowed text) with its policy, CLOSED. False beyond
// RF_AUTHORITY_MAX.
bool rf_authority_add(struct rf_authority *authority, const char *provider,
                      const struct rf_breaker_policy *policy,
                      const struct rf_ejection_policy *ejection);

// rf_authority_outcomes: what a registered worker's attempts came to. Known numbers are skipped;
// seat->outcome_seq is the last one known afterwards.
void rf_authority_outcomes(struct rf_authority *authority, struct rf_seat *seat,
                           const struct rf_worker_outcomes *outcomes);

// A person's word about one breaker, as breaker.control carries it.
// rf_authority_control: carries it out. NULL, or the code of why not with `message` filled: what
// was expected.
const char *rf_authority_control(struct rf_authority *authority,
                                 const struct rf_breaker_control *control, char *message,
                                 size_t size);

// rf_authority_figures: one breaker as of now.
struct rf_breaker_snapshot rf_authority_figures(struct rf_guard *guard);

// rf_authority_learn: takes over what a worker knows with a higher epoch.
void rf_authority_learn(struct rf_authority *authority, const struct rf_breaker_view *views,
                        size_t count);

// rf_authority_view: the state of one breaker, as it goes to workers: what they have to obey; texts
// are borrowed.
struct rf_breaker_view rf_authority_view(const struct rf_guard *guard);

// ---- authority_probe.c ----

// rf_authority_probed: what probes say now. When they find the provider well again while its
// breaker is OPEN, the test begins early (breaker.early_half_open).
void rf_authority_probed(struct rf_authority *authority, const char *provider,
                         enum rf_probed probed);

// ---- authority_permit.c ----

// rf_authority_permit: answers a permit.request. The call that holds the permit and asks again gets
// the same one.
void rf_authority_permit(struct rf_authority *authority, const struct rf_seat *seat,
                         const struct rf_permit_request *request);

// rf_authority_release: the worker left in order, or never got its permit: it is free again. One
// that vanished may have a request at the provider still: its permit is free after its lease.
void rf_authority_release(struct rf_authority *authority, const char *instance);

// ---- authority_fleet.c ----

// rf_authority_offers: what the seat offers, and whom it asks for it, may be another now. True if
// so: then rf_authority_recount.
bool rf_authority_offers(struct rf_authority *authority, struct rf_seat *seat,
                         const struct rf_worker_heartbeat *heartbeat);

// rf_authority_recount: gateways came, left or drain. Suspicions and ejections that nobody else is
// left for come to their end, unless the fleet is still `gathering` after a start.
void rf_authority_recount(struct rf_authority *authority, bool gathering);

// rf_authority_lost: the worker is gone, and with it what it said.
void rf_authority_lost(struct rf_authority *authority, const char *instance);

// rf_authority_accuse: a worker met an error on its way to the provider that is not the breaker's
// matter (`error`, for people), and wants it marked for all. False: not before another worker has
// met it, too; the call is to be tried elsewhere.
bool rf_authority_accuse(struct rf_authority *authority, const char *provider, const char *instance,
                         const char *error);

// rf_authority_bars: whether the gateway is kept from the provider, by suspicion or ejection, and
// until when (`until` may be NULL).
bool rf_authority_bars(struct rf_guard *guard, const char *instance, struct rf_instant *until);

// rf_authority_shuns: whether it is kept from any of these.
bool rf_authority_shuns(struct rf_authority *authority, const char *instance, uint32_t providers);

// rf_authority_view_of: as rf_authority_view, for this gateway.
struct rf_breaker_view rf_authority_view_of(struct rf_guard *guard, const char *instance);

// rf_authority_eject_again: an ejection that an earlier broker began, and that ends then.
void rf_authority_eject_again(struct rf_authority *authority, const char *provider,
                              const char *instance, int64_t times, struct rf_utc until);

#endif
