// Copies of files, with a sum by which it is known later whether one is still what it was.
#ifndef RF_BASE_FILE_COPY_H
#define RF_BASE_FILE_COPY_H

#include <stdint.h>

#include <ringfence/error.h>

#include "base/digest.h"

struct rf_file_sum {
    int64_t bytes;
    char sha256[RF_SHA256_HEX_SIZE]; // lower-case hex
};

// rf_file_copy: the content of `from` into `to`, which is made with `mode`, or emptied, and is on
// the disk when this returns; its name may not be (rf_file_sync_folder). `sum` (may be NULL) is of
// what was copied. RF_ERR_IO, whose message names the file at fault; `to` may be there in part.
// Blocks on the disk.
RF_NODISCARD enum rf_err rf_file_copy(const char *from, const char *to, unsigned mode,
                                      struct rf_file_sum *sum, struct rf_error *error);

// rf_file_sum: that of a file. RF_ERR_NOT_FOUND, RF_ERR_IO. Blocks on the disk.
RF_NODISCARD enum rf_err rf_file_sum(const char *path, struct rf_file_sum *sum,
                                     struct rf_error *error);

#endif
