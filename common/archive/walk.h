// The files below a folder, for a copy of all of it.
#ifndef RF_ARCHIVE_WALK_H
#define RF_ARCHIVE_WALK_H

#include <stddef.h>
#include <sys/types.h>

#include <ringfence/error.h>

// A folder that is passed over, by what it is: it may be reached by several names.
struct rf_archive_place {
    dev_t device;
    ino_t inode;
};

#define RF_ARCHIVE_PLACES 8

struct rf_archive_walk {
    struct rf_archive_place without[RF_ARCHIVE_PLACES];
    size_t without_count;
    // A regular file, or a link to one: where it is, and its place below the folder. An error ends
    // the walk.
    enum rf_err (*file)(void *arg, const char *path, const char *below, struct rf_error *error);
    void *arg;
};

// rf_archive_walk_without: passes over the folder `path` (NULL, or not there: nothing to pass
// over).
void rf_archive_walk_without(struct rf_archive_walk *walk, const char *path);

// rf_archive_walk: each file below `folder`, links followed. RF_ERR_IO for a folder that cannot be
// read, and what `file` returns.
RF_NODISCARD enum rf_err rf_archive_walk(const struct rf_archive_walk *walk, const char *folder,
                                         struct rf_error *error);

#endif
