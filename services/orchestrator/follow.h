// Following a call to its end. Pure.
#ifndef RF_ORCHESTRATOR_FOLLOW_H
#define RF_ORCHESTRATOR_FOLLOW_H

#include "plan.h"

// rf_follow_terminal: whether a call of this status has ended: completed, busy, failed, no-answer
// or canceled. A status that we do not know is not terminal.
bool rf_follow_terminal(const char *status);

// rf_follow_interval: the wait after `previous` (0: none yet): poll_initial, then half as long
// again each time, up to poll_max; where callbacks tell the end, told_poll, for those that are
// lost.
struct rf_duration rf_follow_interval(struct rf_duration previous, const struct rf_rules *rules);

// How the following of one call stands. Zero it before the first question.
struct rf_follow {
    struct rf_duration interval; // the wait before this question
    struct rf_utc missing; // since when the provider has said that it has no such call; 0: not so
};

// rf_follow_denied: whether this is the last of a long line of answers by which the provider itself
// refuses the question (permanent.invalid, such as Twilio's 20404), all of rules->lost_after long.
// `since` is when the line began; 0: there is none. What says nothing of it, such as an open
// breaker, neither lengthens the line nor ends it.
bool rf_follow_denied(const struct rf_call_reply *reply, const struct rf_rules *rules,
                      struct rf_utc *since, struct rf_utc now);

// rf_follow_answer: what follows the answer to call_status: done, or ask again after
// `follow->interval`, which it advances. Errors do not end a contact, as the call goes on whether
// we can see it or not, but for one: the provider itself says for all of rules->lost_after, without
// one other answer in between, that it has no such call. Then its outcome will never be known, and
// a person is told.
void rf_follow_answer(const struct rf_contact *contact, const struct rf_call_reply *reply,
                      const struct rf_rules *rules, struct rf_follow *follow, struct rf_utc now,
                      struct rf_plan *plan);

#endif
