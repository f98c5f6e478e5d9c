// An append-only file of whole lines: opened with its torn tail cut, written a page at a time, all
// of it or nothing.
#ifndef RF_LOGGER_LOG_FILE_H
#define RF_LOGGER_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ringfence/error.h>

#include "tail.h"

struct rf_log_file {
    char *path;
    rf_tail_number_fn *number;
    int fd;       // -1: closed
    off_t cut_to; // where a write failed in the middle and could not be undone yet; -1: nowhere
};

// rf_log_file_init: copies `path`; nothing is opened. rf_log_file_fini closes.
RF_NODISCARD enum rf_err rf_log_file_init(struct rf_log_file *file, const char *path,
                                          rf_tail_number_fn *number, struct rf_error *error);
void rf_log_file_fini(struct rf_log_file *file);

// rf_log_file_open: opens or makes it (0600, with its folder), takes its lock (RF_ERR_CONFLICT if
// another process has it), cuts a torn tail, and reads the last number (0: none). Blocks.
RF_NODISCARD enum rf_err rf_log_file_open(struct rf_log_file *file, int64_t *n,
                                          struct rf_error *error);
void rf_log_file_close(struct rf_log_file *file);

// rf_log_file_moved: whether another file, or none, stands under the path now, as after a rotation.
bool rf_log_file_moved(const struct rf_log_file *file);

// rf_log_file_write: appends `data`, all or nothing: what a failed write has left in the file is
// cut off again, at the latest by the next write.
RF_NODISCARD enum rf_err rf_log_file_write(struct rf_log_file *file, const char *data, size_t size,
                                           struct rf_error *error);

#endif
