// The counts of contacts by state, outcome and reason, which triggers keep (schema_operator.c).
#ifndef RF_ORCHESTRATOR_COUNTS_H
#define RF_ORCHESTRATOR_COUNTS_H

#include "store/db.h"

// rf_counts_fold: adds the rows of some members who are gone to those of nobody: each orchestrator
// has rows of its own, and with each start there would be more of them to add up. The last thing of
// a transaction, as it locks what loading contacts locks.
RF_NODISCARD enum rf_err rf_counts_fold(struct rf_db *db, struct rf_error *error);

#endif
