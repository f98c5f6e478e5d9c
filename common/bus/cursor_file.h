// The place in the journal, in a file that only one process has open: a line with a number and the
// journal it belongs to, which is written over in one piece, so that a kill leaves the old one or
// the new one. A line with the number alone is of an earlier version. One that breaks off is of a
// first write that did not come to its end: what is whole in it counts.
#ifndef RF_BUS_CURSOR_FILE_H
#define RF_BUS_CURSOR_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

// 20 digits, a blank, an id filled up with blanks, and the end of the line.
#define RF_CURSOR_FILE_BYTES (20 + 1 + (RF_JOURNAL_ID_SIZE - 1) + 1)

struct rf_cursor_file {
    char *path;
    char line[RF_CURSOR_FILE_BYTES]; // what stands there
    size_t size;
    int fd;
};

// rf_cursor_file_open: makes the file (0600) if it is missing, and locks it until it is closed or
// the process ends. `known`: there was a place; else `place` is zeroed. RF_ERR_CONFLICT:
// another process has it; RF_ERR_INVALID: it is no such file, and is left as it is; RF_ERR_IO.
RF_NODISCARD enum rf_err rf_cursor_file_open(struct rf_cursor_file *file, const char *path,
                                             bool *known, struct rf_journal_place *place,
                                             struct rf_error *error);

// rf_cursor_file_write: in the system's hands when it returns, which a kill does not undo; it is
// not synced. RF_ERR_IO: the old place stands there, also if the disk took a part of the new one.
RF_NODISCARD enum rf_err rf_cursor_file_write(struct rf_cursor_file *file,
                                              const struct rf_journal_place *place,
                                              struct rf_error *error);

// rf_cursor_file_close: fine for one that is zeroed or was never opened; a failed open leaves it
// so.
void rf_cursor_file_close(struct rf_cursor_file *file);

#endif
