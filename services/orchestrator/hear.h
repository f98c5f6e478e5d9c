// What the telephony provider tells of calls, from the journal: see told.h.
#ifndef RF_ORCHESTRATOR_HEAR_H
#define RF_ORCHESTRATOR_HEAR_H

#include "orchestrator.h"

// rf_hear_configure: listens if the configuration has telephony.callback_url, else not any more. It
// begins some minutes ago: calls that ended while nobody listened need not be asked about.
RF_NODISCARD enum rf_err rf_hear_configure(struct rf_orchestrator *orchestrator,
                                           const struct rf_config *config, struct rf_error *error);

// rf_hear_stop: before the bus goes.
void rf_hear_stop(struct rf_orchestrator *orchestrator);

#endif
