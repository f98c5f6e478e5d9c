// Questions to the provider about a call, and what it tells by itself: for the states in which a
// call may exist (ask) or does exist (follow).
#ifndef RF_ORCHESTRATOR_QUESTIONS_H
#define RF_ORCHESTRATOR_QUESTIONS_H

#include "runner.h"

// rf_questions_go: the contact has come into one of these states: goes on by what was told already,
// or waits until `due` to ask.
void rf_questions_go(struct rf_runner *runner, struct rf_utc due);

// rf_questions_due: it is time to ask.
void rf_questions_due(struct rf_runner *runner);

// rf_questions_told: an event call.told of the runner's dial came.
void rf_questions_told(struct rf_runner *runner, const struct rf_event *event);

// rf_questions_adopt: the reply to the dial leaves open whether there is a call, or denies it, but
// the provider told that there is: then `plan` follows it. Else nothing.
void rf_questions_adopt(const struct rf_runner *runner, struct rf_plan *plan);

// rf_questions_judge_anew: the settings of the campaign have become others since runner->plan was
// judged by them.
void rf_questions_judge_anew(struct rf_runner *runner);

// rf_questions_drop: the runner asks nothing any more.
void rf_questions_drop(struct rf_runner *runner);

#endif
