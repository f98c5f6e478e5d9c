// Script and speech while the contact's window is shut: what is made then is paid for before
// anybody can be called, and may be of no use in the end.
#ifndef RF_ORCHESTRATOR_AHEAD_H
#define RF_ORCHESTRATOR_AHEAD_H

#include <stdbool.h>

struct rf_runner;

// rf_ahead_go: whether the step that the contact is in is carried out now: its window is open, or
// fewer than orchestrator.prepare are ready for theirs (plan.h). If not, the contact is being put
// off.
bool rf_ahead_go(struct rf_runner *runner);

// rf_ahead_end: the contact is not being made ready any more.
void rf_ahead_end(struct rf_runner *runner);

#endif
