// The end of a log file, as a crash may have left it, and its first number. Pure.
#ifndef RF_LOGGER_TAIL_H
#define RF_LOGGER_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef bool rf_tail_number_fn(const char *line, size_t size, int64_t *n);

struct rf_tail {
    size_t torn; // bytes behind the last newline: half a line, to be cut off
    int64_t n; // of the last whole line that has a number; 0: none has, or a journal began with it
};

// rf_tail_read: looks at `data`, the last `size` bytes of a file (`whole`: all of it). False if
// more of the file is needed to tell.
bool rf_tail_read(const char *data, size_t size, bool whole, rf_tail_number_fn *number,
                  struct rf_tail *tail);

// rf_head_read: the number of the first line that has one (0: none has) in `data`, the first `size`
// bytes of a file (`whole`: all of it). False if more of the file is needed to tell.
bool rf_head_read(const char *data, size_t size, bool whole, rf_tail_number_fn *number, int64_t *n);

#endif
