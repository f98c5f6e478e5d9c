// Opening a database file: its lock, its settings, its schema. Private to the store.
#ifndef RF_STORE_MIGRATE_H
#define RF_STORE_MIGRATE_H

#include <sqlite3.h>

#include "store/store.h"

// rf_store_lock: creates `path`.lock and takes the exclusive lock on it, which ends with the
// descriptor, also by kill -9. The file stays: deleting it would let two openers hold two files.
RF_NODISCARD enum rf_err rf_store_lock(const char *path, int *lock_fd, struct rf_error *error);

// What a database's name is followed by in that of the file that is about to take its place.
#define RF_STORE_RESTORING ".restoring"

// rf_store_database: opens the file with our settings, and creates it if neither it nor its
// write-ahead log is there, nor one that is about to take its place. RF_ERR_DAMAGED for a file that
// is no database, is damaged or empty, or is gone without these.
RF_NODISCARD enum rf_err rf_store_database(const char *path, sqlite3 **db, struct rf_error *error);

// rf_store_unclean: whether the file was not closed in order, as after a crash or a power loss: its
// write-ahead log is still there.
bool rf_store_unclean(const char *path);

// rf_store_check: reads all of the database's structure; RF_ERR_DAMAGED with what is wrong. Takes
// seconds for millions of rows.
RF_NODISCARD enum rf_err rf_store_check(sqlite3 *db, struct rf_error *error);

// rf_db_migrate: brings the schema up to the last of `migrations`, each in a transaction.
// RF_ERR_INVALID if it is of a later version.
RF_NODISCARD enum rf_err rf_db_migrate(struct rf_db *db, const struct rf_migration *migrations,
                                       size_t count, struct rf_error *error);

// rf_store_migrate: the same, for an SQLite database that is no store.
RF_NODISCARD enum rf_err rf_store_migrate(sqlite3 *db, const struct rf_migration *migrations,
                                          size_t count, struct rf_error *error);

#endif
