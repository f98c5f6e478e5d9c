// Jobs that share a commit. Private to the store.
#ifndef RF_STORE_BATCH_H
#define RF_STORE_BATCH_H

#include "store/store.h"

// rf_batch_run: runs the jobs of a chain, each in a savepoint of its own, and commits once; if the
// database gives up the transaction, those behind the job at which it broke get another one. A job
// that failed with RF_ERR_BUSY is run again, alone; those behind one that failed with
// RF_ERR_TIMEOUT fail with it. Fills in the result of each.
void rf_batch_run(struct rf_db *db, struct rf_store_job *first);

#endif
