// What forbids dialling, and intents to dial that cannot see it yet: with several orchestrators a
// number may come on the do-not-call list, or a campaign be paused, while a transaction with an
// intent is under way. Where there is one writer (SQLite) this costs nothing.
#ifndef RF_ORCHESTRATOR_DIAL_LOCK_H
#define RF_ORCHESTRATOR_DIAL_LOCK_H

#include "store/db.h"

// rf_dial_lock_share: in the transaction of an intent, before it looks whether it may be.
RF_NODISCARD enum rf_err rf_dial_lock_share(struct rf_db *db, struct rf_error *error);

// rf_dial_lock_shut: in a transaction that forbids dialling: waits until the intents under way are
// committed. Who is told then that it is forbidden can rely on it: no later intent is written.
RF_NODISCARD enum rf_err rf_dial_lock_shut(struct rf_db *db, struct rf_error *error);

#endif
