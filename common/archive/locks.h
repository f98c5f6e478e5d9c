// That no process of a set runs, and none begins while its state is exchanged.
#ifndef RF_ARCHIVE_LOCKS_H
#define RF_ARCHIVE_LOCKS_H

#include <stddef.h>

#include <ringfence/error.h>

struct rf_archive_locks {
    struct rf_archive_lock *held;
    size_t count;
};

// rf_archive_lock: takes the lock that belongs to the database or the folder at `path`; one that is
// held here already is fine. RF_ERR_CONFLICT if a process has it.
RF_NODISCARD enum rf_err rf_archive_lock(struct rf_archive_locks *locks, const char *path,
                                         struct rf_error *error);

// rf_archive_unlock: all of them. Fine for one that is zeroed.
void rf_archive_unlock(struct rf_archive_locks *locks);

#endif
