// What root makes for others is theirs: a key that a person makes as root in the folder of the user
// who runs the set is of no use if that user may not read it.
#ifndef RF_BASE_OWNER_H
#define RF_BASE_OWNER_H

#include <ringfence/error.h>

// rf_owner_follow: as root, gives the open file or folder `fd`, which is or will be at `path`, to
// the owner and the group of what is at `path` now or, where that is nothing or `fd` itself, of the
// folder that it is in. Does nothing for another user, nor where the file system does not let root
// (NFS): then it stays as it was made.
void rf_owner_follow(int fd, const char *path);

// rf_owner_folder_make: rf_folder_make; what root makes of it belongs to the owner of the folder
// above it.
RF_NODISCARD enum rf_err rf_owner_folder_make(const char *path, unsigned mode,
                                              struct rf_error *error);

#endif
