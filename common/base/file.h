// Files: durable replacement and bounded reading. The one way to do both.
#ifndef RF_BASE_FILE_H
#define RF_BASE_FILE_H

#include <stddef.h>

#include <ringfence/error.h>

// rf_file_replace: writes `size` bytes to a temporary file beside `path` with mode 0600, syncs it,
// renames it to `path` and syncs the folder: after a crash `path` holds the old or the new content,
// whole. Blocks on the disk. `path` must not be a folder. What root writes belongs to whom the file
// before or else the folder belongs to (owner.h).
RF_NODISCARD enum rf_err rf_file_replace(const char *path, const void *data, size_t size,
                                         struct rf_error *error);

// rf_file_sync_folder: syncs the folder of `path`: without it a new name of a file may not survive
// a power loss. Blocks on the disk.
RF_NODISCARD enum rf_err rf_file_sync_folder(const char *path, struct rf_error *error);

// rf_file_read: the whole file in a new NUL-terminated buffer, which the caller frees. A file over
// `limit_bytes` is refused with RF_ERR_FULL. `size` (may be NULL) gets the length without the NUL.
RF_NODISCARD enum rf_err rf_file_read(const char *path, size_t limit_bytes, char **data,
                                      size_t *size, struct rf_error *error);

// rf_file_write: all of `size` bytes, over signals. RF_ERR_IO with errno.
RF_NODISCARD enum rf_err rf_file_write(int fd, const void *data, size_t size);

// rf_folder_make: makes `path` and its missing parents with `mode`; one that exists is fine.
RF_NODISCARD enum rf_err rf_folder_make(const char *path, unsigned mode, struct rf_error *error);

// rf_folder_make_of: that of the file `path`, which has none if it names no folder.
RF_NODISCARD enum rf_err rf_folder_make_of(const char *path, unsigned mode, struct rf_error *error);

#endif
