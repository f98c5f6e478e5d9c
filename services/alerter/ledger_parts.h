// What the parts of the ledger share.
#ifndef RF_ALERTER_LEDGER_PARTS_H
#define RF_ALERTER_LEDGER_PARTS_H

#include "keeper.h"
#include "ledger.h"

struct rf_ledger {
    struct rf_store *store;
    struct rf_keeper results; // what became of deliveries, and dead letters
    struct rf_keeper pages;
};

// rf_ledger_put_alert: stores the notice; `fresh` is whether it was not known before.
// rf_ledger_put_delivery: that it waits for the channel since `now`.
RF_NODISCARD enum rf_err rf_ledger_put_alert(struct rf_db *db, const struct rf_alert *alert,
                                             struct rf_utc now, bool *fresh,
                                             struct rf_error *error);
RF_NODISCARD enum rf_err rf_ledger_put_delivery(struct rf_db *db, const char *alert,
                                                const char *channel, struct rf_utc now,
                                                struct rf_error *error);

// rf_ledger_put_incidents: stores what the page changed in incidents.
RF_NODISCARD enum rf_err rf_ledger_put_incidents(struct rf_db *db,
                                                 const struct rf_ledger_page *page,
                                                 struct rf_error *error);

#endif
