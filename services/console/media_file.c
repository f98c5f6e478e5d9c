#include "media_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum rf_err open_regular(const char *folder, const char *name, int *fd, size_t *size,
                                struct rf_error *error) {
    struct stat status;
    int folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "%s: %s", folder,
                            strerror(errno));
    // O_NONBLOCK: opening a FIFO that someone put there must not stop the loop.
    *fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    int reason = errno;
    close(folder_fd);
    if (*fd < 0)
        return rf_error_set(error,
                            reason == ENOENT || reason == ELOOP ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                            "%s/%s: %s", folder, name, strerror(reason));
    if (fstat(*fd, &status) != 0 || !S_ISREG(status.st_mode))
        return rf_error_set(error, RF_ERR_NOT_FOUND, "%s/%s: not a regular file", folder, name);
    if (status.st_size > MEDIA_FILE_MOST)
        return rf_error_set(error, RF_ERR_FULL, "%s/%s: larger than %ld bytes", folder, name,
                            MEDIA_FILE_MOST);
    *size = (size_t)status.st_size;
    return RF_OK;
}

enum rf_err media_file_read(const char *folder, const char *name, char **data, size_t *size,
                            struct rf_error *error) {
    int fd = -1;
    char *buffer = NULL;
    size_t expected = 0, done = 0;
    enum rf_err result = open_regular(folder, name, &fd, &expected, error);
    if (result != RF_OK)
        goto cleanup;
    buffer = malloc(expected + 1);
    if (buffer == NULL) {
        result = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        goto cleanup;
    }
    while (done < expected) {
        ssize_t count = read(fd, buffer + done, expected - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            result = rf_error_set(error, RF_ERR_IO, "%s/%s: %s", folder, name,
                                  count < 0 ? strerror(errno) : "shorter than it was");
            goto cleanup;
        }
        done += (size_t)count;
    }
    *data = buffer;
    *size = done;
    buffer = NULL;
cleanup:
    free(buffer);
    if (fd >= 0)
        close(fd);
    return result;
}
