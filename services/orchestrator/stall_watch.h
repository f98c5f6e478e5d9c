// Looks now and then whether campaigns stand still.
#ifndef RF_ORCHESTRATOR_STALL_WATCH_H
#define RF_ORCHESTRATOR_STALL_WATCH_H

#include "orchestrator.h"

// rf_stall_watch_start: begins; the store is open. RF_ERR_NOMEM only.
RF_NODISCARD enum rf_err rf_stall_watch_start(struct rf_orchestrator *orchestrator,
                                              struct rf_error *error);

// rf_stall_watch_stop: looks no more; before the store is closed. rf_stall_watch_fini: after it.
void rf_stall_watch_stop(struct rf_orchestrator *orchestrator);
void rf_stall_watch_fini(struct rf_orchestrator *orchestrator);

#endif
