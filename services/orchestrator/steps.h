// What a runner does in each state: the calls, and what becomes of their replies.
#ifndef RF_ORCHESTRATOR_STEPS_H
#define RF_ORCHESTRATOR_STEPS_H

#include "runner.h"

// rf_steps_go: begins what the contact's state asks for.
void rf_steps_go(struct rf_runner *runner);

// rf_steps_dial: sends the attempt that was stored.
void rf_steps_dial(struct rf_runner *runner);

// rf_steps_due: the moment has come that rf_runner_wait waited for.
void rf_steps_due(struct rf_runner *runner);

#endif
