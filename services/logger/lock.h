// One logger writes at a time: its lock is taken before any sink or place in the journal is looked
// at, so that a second one gives nothing to anybody while the first lives. It belongs to an open
// file, so that it ends with the process however that ends, and no program that is started has it.
#ifndef RF_LOGGER_LOCK_H
#define RF_LOGGER_LOCK_H

#include <ringfence/error.h>

struct rf_logger_lock {
    int fd; // -1: not taken
};

#define RF_LOGGER_LOCK_NONE ((struct rf_logger_lock){.fd = -1})

// rf_logger_lock_take: takes the lock of the file at `path`, which is made (0600) if it is missing
// and then names this process. Does not wait. RF_ERR_CONFLICT: another process has it, whose number
// the message tells as far as the file does; RF_ERR_IO: it cannot be opened or locked.
RF_NODISCARD enum rf_err rf_logger_lock_take(struct rf_logger_lock *lock, const char *path,
                                             struct rf_error *error);

// rf_logger_lock_release: fine for one that was not taken. The file stays, as whoever waits for it
// has it open.
void rf_logger_lock_release(struct rf_logger_lock *lock);

#endif
