// Contacts in progress: one runner each, from its claim to its end or deferral. A runner does one
// thing at a time: it waits for a reply, for the store, or for a moment.
#ifndef RF_ORCHESTRATOR_RUNNER_H
#define RF_ORCHESTRATOR_RUNNER_H

#include "base/map.h"
#include "follow.h"
#include "orchestrator.h"
#include "record.h"
#include "takeover.h"
#include "terms.h"
#include "told.h"

struct rf_runner {
    struct rf_orchestrator *orchestrator;
    struct rf_contact contact;
    struct rf_terms *terms;   // of its campaign
    struct rf_plan plan;      // being written
    struct rf_record *record; // its job; NULL: nothing is being written
    unsigned failures;        // of the store, in a row
    bool intent;              // the record is of a new attempt
    bool retrying;            // the store failed; the timer submits the record again
    bool resting;             // there was no memory; the timer goes through its state again
    bool letting_go;          // it is given up; the timer submits that again
    bool denied;              // the database refused what was to be written, for good
    bool ahead;               // it is made ready while its window is shut
    bool tracked;             // `attempt` is among those of the orchestrator
    bool looking;             // in the database, to ask
    struct rf_takeover_release release;
    struct rf_pace_waiter waiter; // until it may be dialled
    struct rf_timer timer;
    struct rf_utc due;         // when to look again (ask, follow)
    struct rf_duration missed; // by which the clock was set while the record was being written
    struct rf_follow follow;   // of its call
    struct rf_instant called;  // when the call was sent

    struct rf_map_node attempt;  // among orchestrator->attempts, while its dial is open
    struct rf_told told;         // of that dial
    struct rf_polls_waiter poll; // to ask about it
    char question[RF_ULID_SIZE]; // that is on its way; "": none
    struct rf_runner *next, **link;
};

// rf_runner_begin_all: goes on with running contacts, and empties the list. Those for whom there is
// no memory come into `rest`, which is empty or `list` itself: to be tried again.
void rf_runner_begin_all(struct rf_orchestrator *orchestrator, struct rf_contact_list *list,
                         struct rf_contact_list *rest);

// rf_runner_rest: there was no memory for what the contact is to do now, or for writing what came
// of it: in a moment it goes through its state again, as at a start.
void rf_runner_rest(struct rf_runner *runner);

// rf_runner_decide: writes what was decided, then goes on from there. `step`, with its reply, is
// for the event; borrowed during the call.
void rf_runner_decide(struct rf_runner *runner, const struct rf_plan *plan,
                      const struct rf_notice_step *step);

// rf_runner_attempt: writes a new attempt, then sends it; the record is the runner's. NULL: out of
// memory, so that it rests.
void rf_runner_attempt(struct rf_runner *runner, struct rf_record *record);

// rf_runner_put_back: its campaign does not run: back in the queue, due as soon as it does.
void rf_runner_put_back(struct rf_runner *runner);

// rf_runner_stop: an order stops the campaign: those of it that stand in line for their dial go.
void rf_runner_stop(struct rf_orchestrator *orchestrator, int64_t campaign);

// rf_runner_wait: looks again at `due`.
void rf_runner_wait(struct rf_runner *runner, struct rf_utc due);

// rf_runner_clock_set: the wall clock was set by `step`.
void rf_runner_clock_set(struct rf_orchestrator *orchestrator, struct rf_duration step);

// rf_runner_stop_all: frees all runners; the database keeps where they stood.
void rf_runner_stop_all(struct rf_orchestrator *orchestrator);

#endif
