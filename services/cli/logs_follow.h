// Lines of a log that is being written, over its rotations: the file that is read is read to its
// end, also after it has lost its name, then those that came and went meanwhile, then the new one.
#ifndef RF_CLI_LOGS_FOLLOW_H
#define RF_CLI_LOGS_FOLLOW_H

#include <ringfence/time.h>

#include "logs_files.h"
#include "logs_lines.h"

// What is done with a line.
typedef void cli_logs_line_fn(void *arg, const char *line, size_t size);

struct cli_logs_follow {
    const char *path;
    cli_logs_line_fn *fn;
    void *arg;
    struct cli_logs_lines lines; // of the file that is being written; not open: it is not there
    int fd;                      // the same file, with the same place in it
    ino_t ino;
    struct rf_utc newest; // of the rotated files that were read
    int64_t n;            // the last number that was read
};

// cli_logs_follow_begin: goes on where the last of `files` is to begin, which it takes over. fn,
// arg and path are set already.
RF_NODISCARD enum rf_err cli_logs_follow_begin(struct cli_logs_follow *follow,
                                               struct cli_logs_files *files,
                                               struct rf_error *error);
void cli_logs_follow_end(struct cli_logs_follow *follow);

// cli_logs_follow_look: gives the lines that have come.
RF_NODISCARD enum rf_err cli_logs_follow_look(struct cli_logs_follow *follow,
                                              struct rf_error *error);

#endif
