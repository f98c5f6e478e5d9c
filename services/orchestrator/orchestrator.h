// The orchestrator's own state: what its parts share.
#ifndef RF_ORCHESTRATOR_ORCHESTRATOR_H
#define RF_ORCHESTRATOR_ORCHESTRATOR_H

#include <ringfence/bus.h>
#include <ringfence/worker.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/map.h"
#include "calendar/holidays.h"
#include "calendar/zones.h"
#include "claim.h"
#include "clock_set.h"
#include "contact_rows.h"
#include "outbox.h"
#include "pace.h"
#include "plan.h"
#include "polls.h"
#include "runtime/loop.h"
#include "runtime/service.h"
#include "shift.h"
#include "store/postgres_reach.h"
#include "store/store.h"

struct rf_orchestrator;
struct rf_runner;
struct rf_inherited;
struct rf_terms;

// Waiting for the store: await.c.
struct rf_await {
    bool begun; // the work is
    enum rf_err (*begin)(struct rf_orchestrator *orchestrator, struct rf_error *error);
    struct rf_postgres_reach reach;
    struct rf_timer timer; // when it is asked again
    int64_t failures;      // in a row
};

struct rf_orchestrator {
    struct rf_process *process;
    struct rf_await await;
    struct rf_store *store;
    struct rf_worker *worker;
    struct rf_outbox outbox;

    struct rf_inherited *inherited; // streams of who is gone: inherit.c
    struct rf_timer inherit_timer;
    struct rf_instant inherit_at;
    bool inheriting;  // a takeover is on its way to the database
    bool inherit_bad; // the last one failed, which was said
    // Claimed and taken over, with no memory to go on with them: before more are.
    struct rf_contact_list unbegun, unbegun_taken;

    struct rf_clock_set clock; // clock_watch.c
    struct rf_clock_set sleep; // likewise
    struct rf_clock_owed clock_owed;
    struct rf_shift shift; // of it
    struct rf_timer clock_timer;

    struct rf_utc restored; // when the database was put back from a backup; 0: never

    struct rf_zones zones;             // of contacts
    struct rf_holidays *holidays;      // NULL: none
    char calendar[RF_SHA256_HEX_SIZE]; // fingerprint of what decides for whom it is time
    bool compare;                      // it with that by which contacts wait: calendar.c
    bool reopening;                    // who waits for a window is being looked at
    bool reopen_again;                 // and there may be more to do

    struct rf_claim claim;
    struct rf_timer claim_timer;
    struct rf_pace pace;
    struct rf_timer pace_timer;
    int64_t ahead_ready;   // contacts that wait for their first window, made ready
    int64_t ahead_running; // and those of ours that are being made so: ahead.c
    bool sweeping;         // contacts of cancelled campaigns are being set aside
    bool sweep_again;      // and there may be more of them
    bool claiming;         // a claim is on its way to the database
    bool claim_bad;        // the last one failed, which was said
    bool storing_bad;      // so did what was written of a contact
    bool breakers_known, marks_known;
    struct rf_utc breaker_until[RF_PROVIDER_COUNT]; // end of being open; 0: not known

    struct rf_stall_watch *stall_watch; // stall_watch.c

    struct rf_map attempts;        // runners by the id of their open dial
    struct rf_subscription *told;  // what the provider tells of calls; NULL: it does not
    struct rf_instant untold_next; // when it may be said again that it does not tell
    struct rf_polls polls;         // questions about calls
    bool asking_next;              // those in line are having their turn

    struct rf_runner *runners; // contacts in progress
    struct rf_terms *terms;    // of their campaigns
    int64_t running;
    size_t calls;  // sent and not answered
    bool draining; // nothing new is begun
    bool drained;
    bool stopping; // nothing is begun at all: the memory is about to go
};

// rf_orchestrator_rules: the rules of the configuration as it is now; `provider` (may be NULL) is
// whose retry policy bounds the attempts.
struct rf_rules rf_orchestrator_rules(const struct rf_orchestrator *orchestrator,
                                      const char *provider);

// rf_orchestrator_usable: when the first of the open breakers that hold up claiming comes to its
// end; 0: none is known.
struct rf_utc rf_orchestrator_usable(const struct rf_orchestrator *orchestrator);

// rf_orchestrator_zone: where the contact is: its own time zone, else that of the campaign, else
// UTC. As rf_zones_find.
RF_NODISCARD enum rf_err rf_orchestrator_zone(struct rf_orchestrator *orchestrator,
                                              const struct rf_contact *contact,
                                              const struct rf_config_campaign *campaign,
                                              const struct rf_zone **zone, struct rf_error *error);

// rf_orchestrator_read: reads the holidays of a configuration (NULL: none), and looks whether its
// time zone is there. An error names the key.
RF_NODISCARD enum rf_err rf_orchestrator_read(const struct rf_config *config,
                                              struct rf_holidays **holidays,
                                              struct rf_error *error);

// rf_orchestrator_take: takes the holidays over, which cannot fail; time zones are read anew.
void rf_orchestrator_take(struct rf_orchestrator *orchestrator, const struct rf_config *config,
                          struct rf_holidays *holidays);

// rf_orchestrator_alone: whether the store is a file that no other orchestrator works on.
bool rf_orchestrator_alone(const struct rf_orchestrator *orchestrator);

// rf_orchestrator_settle: called when something ended: tells a draining process when nothing is
// left.
void rf_orchestrator_settle(struct rf_orchestrator *orchestrator);

#endif
