// Copies of the database file of campaigns, made while it is in use, and put back later. Whoever
// was dialled since the copy was made is not known to it as such: therefore a database that was put
// back begins with all campaigns paused, and the provider is asked for each number before it is
// dialled.
#ifndef RF_CAMPAIGNS_BACKUP_H
#define RF_CAMPAIGNS_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "store/replace.h"

struct rf_config;
struct rf_db;

// How long after a restore contacts that are loaded are asked for as well: they may be of a
// campaign that was loaded, and called, after the copy was made.
#define RF_BACKUP_ASKS rf_seconds(INT64_C(7) * 86400)

// rf_backup_store_path: where the database file is: <state_dir>/orchestrator/campaign.db.
// RF_ERR_CONFIG if that is too long.
RF_NODISCARD enum rf_err rf_backup_store_path(const struct rf_config *config, char *out,
                                              size_t size, struct rf_error *error);

// rf_backup_make: a copy of the database at `path`, as it is at one moment from `now` on, into the
// new file `out` (mode 0600): whole, or not there. The orchestrator may go on meanwhile. `bytes` is
// its size. RF_ERR_CONFLICT if `out` is there already, RF_ERR_DAMAGED if the database is. Blocks.
RF_NODISCARD enum rf_err rf_backup_make(const char *path, const char *out, struct rf_utc now,
                                        int64_t *bytes, struct rf_error *error);

// What was put back.
struct rf_backup_restored {
    struct rf_utc made;              // when the copy was
    int64_t paused, contacts;        // campaigns, and contacts that are asked for
    char aside[RF_STORE_ASIDE_SIZE]; // where the database is now that was there before; "": there
                                     // was none
};

// rf_backup_restore: puts the copy `file` in the place of the database at `path`, which is moved
// aside with its log; the folder is made if it is missing. RF_ERR_CONFLICT while an orchestrator
// runs on it, RF_ERR_INVALID for a file that rf_backup_make has not made, RF_ERR_DAMAGED for a
// damaged one; then all stays as it was.
RF_NODISCARD enum rf_err rf_backup_restore(const char *path, const char *file, struct rf_utc now,
                                           struct rf_backup_restored *restored,
                                           struct rf_error *error);

// rf_backup_prepare: makes a copy of that file fit to be used, in its own place: brings its schema
// up to ours and marks it as put back. Errors as above.
RF_NODISCARD enum rf_err rf_backup_prepare(const char *part, struct rf_utc now,
                                           struct rf_backup_restored *restored,
                                           struct rf_error *error);

// rf_backup_mark: in a transaction: the database, a copy, is now one that was put back. Streams of
// events that nobody alive has are closed. RF_ERR_NOT_FOUND if it is no copy, or is marked already.
RF_NODISCARD enum rf_err rf_backup_mark(struct rf_db *db, struct rf_utc now,
                                        struct rf_backup_restored *restored,
                                        struct rf_error *error);

// rf_backup_ask: contacts of a campaign, in rows behind `after`, were loaded: within RF_BACKUP_ASKS
// of a restore they are asked for as well.
RF_NODISCARD enum rf_err rf_backup_ask(struct rf_db *db, int64_t campaign, int64_t after,
                                       struct rf_utc now, struct rf_error *error);

#endif
