// Secrets that a set makes for itself: a file of state_dir.
#ifndef RF_BASE_MADE_SECRET_H
#define RF_BASE_MADE_SECRET_H

#include <stddef.h>

#include <ringfence/error.h>

// rf_made_secret: the first line of the file `path`, in a new text that the caller wipes and frees.
// One that is missing is made, with its folder, mode 0600 and `words` times 64 random bits in hex:
// of several processes that start at once the first one's is everybody's. RF_ERR_CONFIG: its first
// line is empty. Blocks on the disk.
RF_NODISCARD enum rf_err rf_made_secret(const char *path, size_t words, char **secret,
                                        struct rf_error *error);

#endif
