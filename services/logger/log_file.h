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
    off_t size;   // as we know it
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

enum rf_log_file_state {
    RF_LOG_FILE_SAME,
    RF_LOG_FILE_MOVED,   // another file, or none, stands under the path now
    RF_LOG_FILE_SHORTER, // somebody has cut it, as logrotate's copytruncate does
};

// rf_log_file_look: what others have done with the open file since the last write. What it told to
// be shorter is as long as it is from then on.
enum rf_log_file_state rf_log_file_look(struct rf_log_file *file);

// rf_log_file_settle: what was written stays, also over a power loss; gets the first and the last
// number of the open file (0: none). Blocks.
RF_NODISCARD enum rf_err rf_log_file_settle(struct rf_log_file *file, int64_t *first, int64_t *last,
                                            struct rf_error *error);

// rf_log_file_write: appends `data`, all or nothing: what a failed write has left in the file is
// cut off again, at the latest by the next write.
RF_NODISCARD enum rf_err rf_log_file_write(struct rf_log_file *file, const char *data, size_t size,
                                           struct rf_error *error);

#endif
