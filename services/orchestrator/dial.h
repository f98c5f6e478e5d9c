// Dialling at most once: the attempt, and what asking the provider proves. Pure.
#ifndef RF_ORCHESTRATOR_DIAL_H
#define RF_ORCHESTRATOR_DIAL_H

#include "plan.h"

// How many answers without the call, list_lag apart, prove that there is none.
#define RF_DIAL_PROOFS 2

// So often an attempt may be interrupted (struct rf_contact). As nothing was sent, or is known to
// have been, it costs the contact none of the plan's retries; but one that kills our processes, or
// is their victim each time, comes to an end.
#define RF_DIAL_INTERRUPTIONS 10

// rf_dial_interrupted: whether a dial that is in doubt for `reason` (may be NULL) is so as the
// orchestrator or the gateway was lost that had it in hand.
bool rf_dial_interrupted(const char *reason);

// rf_dial_begin: a new attempt, to be stored before anything is sent. `id` is its ULID.
void rf_dial_begin(struct rf_dial *dial, const char *id, const struct rf_rules *rules,
                   struct rf_utc now);

// rf_dial_question: an attempt that is never sent: it stands for calls since contact->ask_since
// that a restored database does not know, so that the provider is asked for them. The database was
// restored at `restored`; what was sent before it has its margins after that. `id` is an ULID.
void rf_dial_question(struct rf_dial *dial, const char *id, const struct rf_contact *contact,
                      const struct rf_rules *rules, struct rf_utc restored);

// rf_dial_ask_at: from when on an answer without the call proves something: the request can no
// longer begin (send_before), has ended (its timeout), and would be listed (lag), by either clock
// (skew); as these were when the attempt was begun, or are now, whichever is later.
struct rf_utc rf_dial_ask_at(const struct rf_dial *dial, const struct rf_rules *rules);

// rf_dial_first_asked: when the provider is asked first: at that moment, or as long after
// known_since as it takes, whichever comes first: one of the clocks may have been set.
struct rf_utc rf_dial_first_asked(const struct rf_dial *dial, const struct rf_rules *rules,
                                  struct rf_duration known, struct rf_utc now);

// rf_dial_created_after: calls older than this are not of this attempt, if the clocks are right. A
// second more than the skew, as the provider tells whole seconds.
struct rf_utc rf_dial_created_after(const struct rf_dial *dial, const struct rf_rules *rules);

// rf_dial_unsure_after: calls older than this are not of this attempt, whatever the clocks are. One
// between this and rf_dial_created_after, of which we do not know, may be.
struct rf_utc rf_dial_unsure_after(const struct rf_dial *dial, struct rf_utc now);

// rf_dial_clock_set: our clock was set by `step`: what was noted of the attempt is the same time
// ago as before. But its call is looked for from the earlier of both times on, as nobody knows
// which of them is right.
void rf_dial_clock_set(struct rf_dial *dial, struct rf_duration step);

// rf_dial_distrust: an attempt that seems to be made later than `now` was made before the clock was
// set back: its margins begin anew now, and its call is looked for from a day ago on.
void rf_dial_distrust(struct rf_dial *dial, const struct rf_rules *rules, struct rf_utc now);

// rf_dial_asked: what follows the answer to find_call: adopt the call and follow it, ask again at
// plan->due, dial anew (proven absent), or set aside (absent max_attempts times, or interrupted
// RF_DIAL_INTERRUPTIONS times). `dial` counts the absences. An answer that failed proves nothing,
// however often it fails; but if the provider itself refuses the question for all of
// rules->lost_after, its calls will never be listed: the contact is set aside as call_unknown, a
// person is told, and the attempt ends, so that its number is not held for ever. So it is if a call
// is listed for as long that may or may not be this one. What an answer proves dates from when it
// was `asked`, however long it took: the list may have been read right then. `known`: how long
// after known_since that was. Absence needs both clocks: the wall clock may have been set, and this
// life may have begun after the attempt. The absence of what a restored database does not know
// counts as no dial.
void rf_dial_asked(const struct rf_contact *contact, struct rf_dial *dial,
                   const struct rf_call_reply *reply, const struct rf_rules *rules,
                   struct rf_utc asked, struct rf_duration known, struct rf_utc now,
                   struct rf_plan *plan);

// rf_dial_told: adopts the call that the provider told of: its callback names the dial.
void rf_dial_told(const struct rf_contact *contact, const char *sid, const struct rf_rules *rules,
                  struct rf_utc now, struct rf_plan *plan);

#endif
