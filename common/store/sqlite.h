// SQLite as a store's database.
#ifndef RF_STORE_SQLITE_H
#define RF_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/driver.h"

// rf_sqlite_open: opens or creates the file with our settings and holds its lock (migrate.h). The
// path ":memory:" is a database of its own without a lock, for tests.
RF_NODISCARD enum rf_err rf_sqlite_open(const char *path, struct rf_db **db,
                                        struct rf_error *error);

// rf_sqlite_handle: SQLite's own handle.
sqlite3 *rf_sqlite_handle(struct rf_db *db);

#endif
