// A file that is written bit by bit and has its name only when it is whole: until then it stands
// beside, under a name of its own. For what a person asked for; file.h is for what is at hand
// whole.
#ifndef RF_BASE_PENDING_FILE_H
#define RF_BASE_PENDING_FILE_H

#include <stdio.h>

#include <ringfence/error.h>

struct rf_pending_file {
    FILE *out; // to be written to; NULL: not open
    char *path, *temporary;
};

// rf_pending_file_open: nothing is at `path` yet; what is there stays. To be ended by commit or
// discard.
RF_NODISCARD enum rf_err rf_pending_file_open(struct rf_pending_file *file, const char *path,
                                              struct rf_error *error);

// rf_pending_file_check: RF_ERR_IO once something could not be written.
RF_NODISCARD enum rf_err rf_pending_file_check(const struct rf_pending_file *file,
                                               struct rf_error *error);

// rf_pending_file_commit: syncs it and gives it its name, in place of what had it. If that fails
// nothing is left of it. Blocks on the disk.
RF_NODISCARD enum rf_err rf_pending_file_commit(struct rf_pending_file *file,
                                                struct rf_error *error);

// rf_pending_file_discard: nothing is left of it. One that is not open is let be.
void rf_pending_file_discard(struct rf_pending_file *file);

#endif
