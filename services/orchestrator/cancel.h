// Carrying out cancellations to their end: see sweep.h.
#ifndef RF_ORCHESTRATOR_CANCEL_H
#define RF_ORCHESTRATOR_CANCEL_H

#include "orchestrator.h"

// rf_cancel_sweep: sets aside what waits of cancelled campaigns, until none is left. At every start
// too, and whenever inherit.c finds that there is something left.
void rf_cancel_sweep(struct rf_orchestrator *orchestrator);

#endif
