// The campaigns' database as the process has it: a file of its own, or a server that several share.
#ifndef RF_ORCHESTRATOR_DATABASE_H
#define RF_ORCHESTRATOR_DATABASE_H

#include "orchestrator.h"

// rf_database_open: opens the store that the configuration names, joins those who share it, takes
// note of a backup that was put back, and opens our stream of events. Blocks. After an error that
// mends by itself (rf_await_mends) nothing of it is open, and it can be called again.
RF_NODISCARD enum rf_err rf_database_open(struct rf_orchestrator *orchestrator,
                                          struct rf_error *error);

// rf_database_tell_mend: adds to an RF_ERR_DAMAGED what a person can do: nothing is put in a
// damaged file's place by itself.
void rf_database_tell_mend(const struct rf_config *config, struct rf_error *error);

#endif
