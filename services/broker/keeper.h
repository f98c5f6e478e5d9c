// The keeper of numbers: reserves blocks in the data directory, on a thread of its own, so that the
// loop never waits for a disk.
#ifndef RF_BROKER_KEEPER_H
#define RF_BROKER_KEEPER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <ringfence/error.h>

#include "core.h"

struct rf_keeper_line {
    char *path;
    int64_t first;    // of this life
    int64_t reserved; // stands on disk: no number below it is given again
    int64_t wanted;   // to be reserved; not above `reserved`: nothing to do
    bool failed;      // the last attempt
};

struct rf_keeper {
    pthread_t thread;
    pthread_mutex_t mutex; // guards all below
    pthread_cond_t asked;
    struct rf_keeper_line lines[RF_LINE_COUNT];
    bool running, stopping;
    int event_fd; // readable when something was done
};

// rf_keeper_open: reads what was reserved before, reserves the first blocks (this waits for the
// disk) and starts the thread. RF_ERR_INVALID for a file that holds no number: it is not guessed.
RF_NODISCARD enum rf_err rf_keeper_open(struct rf_keeper *keeper, const char *folder,
                                        struct rf_error *error);

// rf_keeper_ask: one more block of the line; event_fd tells when it was tried.
void rf_keeper_ask(struct rf_keeper *keeper, enum rf_line line);

// rf_keeper_reserved: up to where the line is reserved. `failed`: whether the last attempt failed.
int64_t rf_keeper_reserved(struct rf_keeper *keeper, enum rf_line line, bool *failed);

// rf_keeper_close: ends the thread; also after a failed open. After a clean end the numbers go on
// where they stood: `next` (NULL: leave the reservation) is written down.
void rf_keeper_close(struct rf_keeper *keeper, const int64_t next[RF_LINE_COUNT]);

#endif
