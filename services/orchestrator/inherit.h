// Going on with what an orchestrator that is gone has left behind, or that we could not bring to
// its end (takeover.h): at the start, and again and again.
#ifndef RF_ORCHESTRATOR_INHERIT_H
#define RF_ORCHESTRATOR_INHERIT_H

#include "orchestrator.h"

// rf_inherit_start: begins with the contacts that were in progress. Blocks on the database.
RF_NODISCARD enum rf_err rf_inherit_start(struct rf_orchestrator *orchestrator,
                                          struct rf_error *error);

// rf_inherit_soon: there is something to take over: it is looked for at once.
void rf_inherit_soon(struct rf_orchestrator *orchestrator);

// rf_inherit_stop: before the store closes and the bus goes. rf_inherit_fini: after it.
void rf_inherit_stop(struct rf_orchestrator *orchestrator);
void rf_inherit_fini(struct rf_orchestrator *orchestrator);

#endif
