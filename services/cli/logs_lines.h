// The lines of a log file, forwards, also of a compressed one, and backwards from its end. However
// large the file is, a few pieces of it are in memory.
#ifndef RF_CLI_LOGS_LINES_H
#define RF_CLI_LOGS_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <ringfence/error.h>

#include "rotated/unpack.h"

// A longer line is left out and counted.
#define CLI_LOGS_LINE_MOST ((size_t)4 << 20)

struct cli_logs_lines {
    struct rf_unpack *unpack; // NULL: not open
    char *data;
    size_t from, to, room; // what was read and not yet given
    bool skipping;         // the rest of a line that is too long
    int64_t too_long;
};

// cli_logs_lines_open: takes over `fd`, from where it stands, also when it fails.
RF_NODISCARD enum rf_err cli_logs_lines_open(struct cli_logs_lines *lines, int fd,
                                             enum rf_pack pack, struct rf_error *error);
void cli_logs_lines_close(struct cli_logs_lines *lines);

// cli_logs_lines_next: the next whole line, without its newline, valid until the next call; NULL:
// there is none now. A file that grows may have one later. RF_ERR_DAMAGED, after all lines that
// could be read, if a compressed file is not whole.
RF_NODISCARD enum rf_err cli_logs_lines_next(struct cli_logs_lines *lines, const char **line,
                                             size_t *size, struct rf_error *error);

// cli_logs_lines_held: bytes of a line that is not whole yet. cli_logs_lines_drop: forgets them.
size_t cli_logs_lines_held(const struct cli_logs_lines *lines);
void cli_logs_lines_drop(struct cli_logs_lines *lines);

// What is done with a line that begins at `offset`; false: enough.
typedef bool cli_logs_back_fn(void *arg, const char *line, size_t size, off_t offset);

// cli_logs_lines_back: the whole lines of an uncompressed file, the last one first. The place of
// `fd` does not change.
RF_NODISCARD enum rf_err cli_logs_lines_back(int fd, cli_logs_back_fn *fn, void *arg,
                                             struct rf_error *error);

#endif
