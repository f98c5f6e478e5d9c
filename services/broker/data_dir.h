// The folders that belong to one broker alone: locked before any socket is bound, as a second bind
// on an ipc path takes it over without an error.
#ifndef RF_BROKER_DATA_DIR_H
#define RF_BROKER_DATA_DIR_H

#include <ringfence/error.h>

struct rf_data_dir {
    char *path;    // <state_dir>/broker
    int data_lock; // <path>/lock
    int run_lock;  // <run_dir>/broker.lock
};

// rf_data_dir_open: makes <state_dir>/broker and run_dir (0700) where they are missing and locks
// both until rf_data_dir_close, or the end of the process. RF_ERR_CONFLICT if another broker holds
// one, RF_ERR_CONFIG for a run directory in which others may write.
RF_NODISCARD enum rf_err rf_data_dir_open(struct rf_data_dir *dir, const char *state_dir,
                                          const char *run_dir, struct rf_error *error);

// rf_data_dir_close: also after a failed open. The lock files stay.
void rf_data_dir_close(struct rf_data_dir *dir);

#endif
