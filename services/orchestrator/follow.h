// Following a call to its end. Pure.
#ifndef RF_ORCHESTRATOR_FOLLOW_H
#define RF_ORCHESTRATOR_FOLLOW_H

#include "plan.h"

// rf_follow_terminal: whether a call of this status has ended: completed, busy, failed, no-answer
// or canceled. A status that we do not know is not terminal.
bool rf_follow_terminal(const char *status);

// rf_follow_interval: the wait after `previous` (0: none yet): poll_initial, then half as long
// again each time, up to poll_max.
struct rf_duration rf_follow_interval(struct rf_duration previous, const struct rf_rules *rules);

// rf_follow_answer: what follows the answer to call_status: done, or ask again after `interval`,
// which it advances. Errors never end a contact: the call goes on whether we can see it or not.
void rf_follow_answer(const struct rf_contact *contact, const struct rf_call_reply *reply,
                      const struct rf_rules *rules, struct rf_duration *interval, struct rf_utc now,
                      struct rf_plan *plan);

#endif
