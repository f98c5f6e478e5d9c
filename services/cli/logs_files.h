// The files of a log in the order of their lines: those that were rotated, and the one that is
// being written.
#ifndef RF_CLI_LOGS_FILES_H
#define RF_CLI_LOGS_FILES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ringfence/error.h>

#include "logs_filter.h"
#include "rotated/list.h"

struct cli_logs_file {
    char *path;
    enum rf_pack pack;
    int64_t last_n; // its last number, if it was rotated
    int fd;         // -1: not open
    off_t from;     // in an uncompressed one: nothing before it matters
    int64_t skip;   // in a compressed one: so many lines that match are not wanted
};

struct cli_logs_files {
    struct cli_logs_file *items;
    size_t count;
    ino_t ino;            // of the last one, which is being written; 0: it is not there
    struct rf_utc newest; // when the newest of the others was closed
};

// cli_logs_files_open: what is there of the log `path` at one moment; the file that is written is
// opened, and is the last of the items if it is there. Rotated files whose lines are all older than
// filter->since or newer than filter->until, with an hour for clocks that differ, are left out, and
// so is what was closed at `after` or before. To be closed, also after an error.
RF_NODISCARD enum rf_err cli_logs_files_open(struct cli_logs_files *files, const char *path,
                                             const struct cli_logs_filter *filter,
                                             struct rf_utc after, struct rf_error *error);
void cli_logs_files_close(struct cli_logs_files *files);

// cli_logs_file_open: opens one, which may have been compressed meanwhile. RF_ERR_NOT_FOUND: it was
// removed.
RF_NODISCARD enum rf_err cli_logs_file_open(struct cli_logs_file *file, struct rf_error *error);

// cli_logs_files_narrow: finds where to begin: at the first line since filter->since and at the
// last so many lines that match (`last` -1: all of them). Looks at files from the newest on, and at
// an uncompressed one from its end on, no further than it must.
RF_NODISCARD enum rf_err cli_logs_files_narrow(struct cli_logs_files *files,
                                               const struct cli_logs_filter *filter, int64_t last,
                                               struct rf_error *error);

#endif
