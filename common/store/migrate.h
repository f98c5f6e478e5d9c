// Opening a database file: its lock, its settings, its schema. Private to the store.
#ifndef RF_STORE_MIGRATE_H
#define RF_STORE_MIGRATE_H

#include <sqlite3.h>

#include "store/store.h"

// rf_store_lock: creates `path`.lock and takes the exclusive lock on it, which ends with the
// descriptor, also by kill -9. The file stays: deleting it would let two openers hold two files.
RF_NODISCARD enum rf_err rf_store_lock(const char *path, int *lock_fd, struct rf_error *error);

// rf_store_database: opens the file with our settings. RF_ERR_INVALID for a file that is no
// database, or is damaged.
RF_NODISCARD enum rf_err rf_store_database(const char *path, sqlite3 **db, struct rf_error *error);

// rf_db_migrate: brings the schema up to the last of `migrations`, each in a transaction.
// RF_ERR_INVALID if it is of a later version.
RF_NODISCARD enum rf_err rf_db_migrate(struct rf_db *db, const struct rf_migration *migrations,
                                       size_t count, struct rf_error *error);

// rf_store_migrate: the same, for an SQLite database that is no store.
RF_NODISCARD enum rf_err rf_store_migrate(sqlite3 *db, const struct rf_migration *migrations,
                                          size_t count, struct rf_error *error);

#endif
