// The broker's database: its tables, and the marks that say where numbers go on. Private to the
// disk.
#ifndef RF_BROKER_DISK_SCHEMA_H
#define RF_BROKER_DISK_SCHEMA_H

#include <sqlite3.h>

#include "disk.h"

// rf_disk_schema_open: opens or creates the database at `path` and reads its marks; `found` is what
// a broker goes on behind. It stands as "in use" from here on. RF_ERR_INVALID for a file that is
// damaged or no database, with the mend.
RF_NODISCARD enum rf_err rf_disk_schema_open(const char *path, enum rf_disk_sync sync, sqlite3 **db,
                                             struct rf_disk_found *found, struct rf_error *error);

// rf_disk_schema_close: everything is in the database's one file, and it ended in order: numbers go
// on without a hole. Closes it.
void rf_disk_schema_close(sqlite3 **db, bool in_order);

// rf_disk_schema_mend: completes an error about the database with its file, and with what to do if
// it is damaged (then it is RF_ERR_INVALID). Returns the error.
enum rf_err rf_disk_schema_mend(const char *path, sqlite3 *db, enum rf_err err,
                                struct rf_error *error);

#endif
