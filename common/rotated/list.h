// The rotated files of a log that are there.
#ifndef RF_ROTATED_LIST_H
#define RF_ROTATED_LIST_H

#include <ringfence/error.h>

#include "rotated/name.h"

struct rf_rotated_file {
    char file[RF_ROTATED_NAME_SIZE]; // its name, without the folder
    struct rf_rotated_name name;
    int64_t bytes;
};

struct rf_rotated_list {
    struct rf_rotated_file *items; // by time; of the same time the uncompressed one is first
    size_t count;
};

// rf_rotated_list_read: looks into the folder of the log `path`. Other files are left out, also
// folders and links of such a name; a folder that does not exist holds none. Blocks. To be freed by
// rf_rotated_list_fini, also after a failure.
RF_NODISCARD enum rf_err rf_rotated_list_read(const char *path, struct rf_rotated_list *list,
                                              struct rf_error *error);
void rf_rotated_list_fini(struct rf_rotated_list *list);

// rf_rotated_base: the last part of `path`, borrowed from it.
const char *rf_rotated_base(const char *path);

// rf_rotated_path: the path of `file` in the folder of the log `path`; the caller frees it. NULL if
// out of memory.
char *rf_rotated_path(const char *path, const char *file);

#endif
