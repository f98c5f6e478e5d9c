// What forbids dialling, and what cannot see it yet: with several orchestrators a number may come
// on the do-not-call list, or a campaign be paused or cancelled, while a transaction is under way
// with an intent to dial, or with a contact that comes to rest. Where there is one writer (SQLite)
// this costs nothing.
#ifndef RF_ORCHESTRATOR_DIAL_LOCK_H
#define RF_ORCHESTRATOR_DIAL_LOCK_H

#include "store/db.h"

// rf_dial_lock_share: in the transaction of an intent, or of coming to rest, before it looks
// whether it may be.
RF_NODISCARD enum rf_err rf_dial_lock_share(struct rf_db *db, struct rf_error *error);

// rf_dial_lock_shut: in a transaction that forbids dialling: waits until those under way are
// committed. Who is told then that it is forbidden can rely on it: no later intent is written, and
// whoever comes to rest later knows it.
RF_NODISCARD enum rf_err rf_dial_lock_shut(struct rf_db *db, struct rf_error *error);

#endif
