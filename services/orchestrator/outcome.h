// What follows the end of a call: the contact is done, or is called again by the plan of how the
// call ended, below one cap over all plans; and whether it may be called now. Pure.
#ifndef RF_ORCHESTRATOR_OUTCOME_H
#define RF_ORCHESTRATOR_OUTCOME_H

#include "calendar/calling.h"
#include "plan.h"

// rf_outcome_unreached: how a call of this terminal status ended, RF_UNREACHED_NONE if it reached
// its person. `answered_by` (may be NULL) is what the provider heard: a machine is a voicemail.
enum rf_unreached rf_outcome_unreached(const char *status, const char *answered_by);

// rf_outcome_calls: the calls of a contact that have ended.
int64_t rf_outcome_calls(const int64_t unreached[RF_UNREACHED_COUNT]);

// rf_outcome_wait: how long after the `number`th ending of this kind (from 1) the contact is called
// again; false: it is not, as the plan is used up.
bool rf_outcome_wait(const struct rf_config_recall *recall, int64_t number,
                     struct rf_duration *wait);

// rf_outcome_calling: when a contact may be called that `last_unreached` came of.
struct rf_calling rf_outcome_calling(const struct rf_config_campaign *campaign,
                                     enum rf_unreached last_unreached, const struct rf_zone *zone,
                                     const struct rf_holidays *holidays);

// rf_outcome_ended: what follows the end of a followed call that did not reach its person. `plan`
// is that of rf_follow_answer, with the call's status. Called again (waiting.retry), in the next
// window if none is open then (waiting.window), or done: then its outcome is how it ended.
// What is used up is the cap campaign->max_calls, which counts calls of every ending, or the plan
// of this ending. `zone` NULL: not known, so that its window is only looked at before its next
// dial.
void rf_outcome_ended(const struct rf_contact *contact, enum rf_unreached how,
                      const struct rf_config_campaign *campaign, const struct rf_zone *zone,
                      const struct rf_holidays *holidays, struct rf_utc now, struct rf_plan *plan);

// rf_outcome_unjudged: likewise, of a campaign whose settings cannot be used because of `problem`:
// nobody knows how often it is to be called. It waits for them; whether another call follows this
// one is found at its dial.
void rf_outcome_unjudged(enum rf_unreached how, const char *problem, const struct rf_rules *rules,
                         struct rf_utc now, struct rf_plan *plan);

// rf_outcome_needs_zone: whether it matters for rf_outcome_may_dial where the contact is.
bool rf_outcome_needs_zone(const struct rf_contact *contact,
                           const struct rf_config_campaign *campaign,
                           const struct rf_holidays *holidays);

// rf_outcome_may_dial: whether the contact may be called right now, until plan->due. If not, `plan`
// puts it off to its next window, at no cost to it: neither a call nor a deferral is counted; or it
// is done, as by the cap or the plan that hold now no call follows those that it had. `zone` NULL:
// the system has none of that name; a contact for whom it matters is then set aside.
bool rf_outcome_may_dial(const struct rf_contact *contact,
                         const struct rf_config_campaign *campaign, const struct rf_zone *zone,
                         const struct rf_holidays *holidays, struct rf_utc now,
                         struct rf_plan *plan);

#endif
