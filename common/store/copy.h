// Copies of a database file, made while it is in use.
#ifndef RF_STORE_COPY_H
#define RF_STORE_COPY_H

#include <stdbool.h>

#include <ringfence/error.h>

// What the names of the files of a database end with: itself, its log, the index of that.
#define RF_STORE_SUFFIXES                                                                          \
    { "", "-wal", "-shm" }

// rf_store_is_database: whether the file is one of SQLite's.
bool rf_store_is_database(const char *path);

// rf_store_copy: the database at `path`, as it is at one moment from now on, into the file `out`
// (mode 0600), which is replaced. Who uses it goes on meanwhile. The copy's structure has been read
// as a whole, and it is on the disk when this returns; its name may not be (rf_file_sync_folder).
// RF_ERR_DAMAGED if the database is, RF_ERR_IO; nothing is left at `out` then. Blocks.
RF_NODISCARD enum rf_err rf_store_copy(const char *path, const char *out, struct rf_error *error);

#endif
