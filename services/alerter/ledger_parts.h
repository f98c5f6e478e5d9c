// What the parts of the ledger share.
#ifndef RF_ALERTER_LEDGER_PARTS_H
#define RF_ALERTER_LEDGER_PARTS_H

#include "ledger.h"

struct rf_settle_job;
struct rf_bury_job;

struct rf_ledger {
    struct rf_loop *loop;
    struct rf_store *store;
    struct rf_settle_job *settling; // that are not stored yet
    struct rf_bury_job *burying;    // so are these
    bool closing;
};

// rf_ledger_drop_settling: frees what could not be stored until the end.
void rf_ledger_drop_settling(struct rf_ledger *ledger);

// rf_ledger_drop_burying: so does this.
void rf_ledger_drop_burying(struct rf_ledger *ledger);

// rf_ledger_put_incidents: stores what the page changed in incidents.
RF_NODISCARD enum rf_err rf_ledger_put_incidents(struct rf_db *db,
                                                 const struct rf_ledger_page *page,
                                                 struct rf_error *error);

#endif
