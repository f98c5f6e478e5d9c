// Reading what the media folder holds.
#ifndef CONSOLE_MEDIA_FILE_H
#define CONSOLE_MEDIA_FILE_H

#include <stddef.h>

#include <ringfence/error.h>

#define MEDIA_FILE_MOST (64L * 1024 * 1024)

// media_file_read: the whole of the regular file `name` (a bare name) in `folder`, in a new buffer
// that the caller frees. Follows no symbolic link. RF_ERR_NOT_FOUND if there is none; RF_ERR_FULL
// over the bound.
RF_NODISCARD enum rf_err media_file_read(const char *folder, const char *name, char **data,
                                         size_t *size, struct rf_error *error);

#endif
