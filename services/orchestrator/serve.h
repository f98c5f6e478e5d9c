// The `campaign` service on the bus: what is read and listed here, what orders in serve_control.h,
// settings in serve_set.h.
#ifndef RF_ORCHESTRATOR_SERVE_H
#define RF_ORCHESTRATOR_SERVE_H

#include "orchestrator.h"

// rf_serve_start: offers the service.
RF_NODISCARD enum rf_err rf_serve_start(struct rf_orchestrator *orchestrator,
                                        struct rf_error *error);

#endif
