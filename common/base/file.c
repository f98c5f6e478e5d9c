#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crash_point.h"
#include "base/owner.h"

enum rf_err rf_file_write(int fd, const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return RF_ERR_IO;
        at += n;
        size -= (size_t)n;
    }
    return RF_OK;
}

// The folder's own entry is data too.
enum rf_err rf_file_sync_folder(const char *path, struct rf_error *error) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        snprintf(folder, sizeof folder, ".");
    else
        snprintf(folder, sizeof folder, "%.*s", (int)(slash == path ? 1 : slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool failed = fd < 0 || fsync(fd) != 0;
    int code = errno;
    if (fd >= 0)
        close(fd);
    return failed ? rf_error_set(error, RF_ERR_IO, "%s: cannot sync its folder: %s", path,
                                 strerror(code))
                  : RF_OK;
}

enum rf_err rf_file_replace(const char *path, const void *data, size_t size,
                            struct rf_error *error) {
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (length < 0 || (size_t)length >= sizeof temporary)
        return rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", path);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot create: %s", temporary, strerror(errno));
    rf_owner_follow(fd, path);
    enum rf_err written = rf_file_write(fd, data, size);
    RF_CRASH_POINT(file, written);
    if (written != RF_OK || fsync(fd) != 0) {
        int code = errno;
        close(fd);
        unlink(temporary);
        return rf_error_set(error, RF_ERR_IO, "%s: cannot write: %s", temporary, strerror(code));
    }
    if (close(fd) != 0 || rename(temporary, path) != 0) {
        int code = errno;
        unlink(temporary);
        return rf_error_set(error, RF_ERR_IO, "%s: cannot replace: %s", path, strerror(code));
    }
    return rf_file_sync_folder(path, error);
}

static enum rf_err read_all(int fd, const char *path, size_t limit_bytes, char **data, size_t *size,
                            struct rf_error *error) {
    size_t capacity = 4096, used = 0;
    char *buffer = malloc(capacity);
    if (buffer == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "%s: out of memory", path);
    for (;;) {
        if (used == capacity - 1) {
            char *larger = realloc(buffer, capacity *= 2);
            if (larger == NULL) {
                free(buffer);
                return rf_error_set(error, RF_ERR_NOMEM, "%s: out of memory", path);
            }
            buffer = larger;
        }
        ssize_t n = read(fd, buffer + used, capacity - 1 - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int code = errno;
            free(buffer);
            return rf_error_set(error, RF_ERR_IO, "%s: cannot read: %s", path, strerror(code));
        }
        if (n == 0)
            break;
        used += (size_t)n;
        if (used > limit_bytes) {
            free(buffer);
            return rf_error_set(error, RF_ERR_FULL, "%s: larger than %zu bytes", path, limit_bytes);
        }
    }
    buffer[used] = '\0';
    *data = buffer;
    if (size != NULL)
        *size = used;
    return RF_OK;
}

enum rf_err rf_file_read(const char *path, size_t limit_bytes, char **data, size_t *size,
                         struct rf_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                            "%s: cannot open: %s", path, strerror(errno));
    enum rf_err result = read_all(fd, path, limit_bytes, data, size, error);
    close(fd);
    return result;
}

enum rf_err rf_folder_make(const char *path, unsigned mode, struct rf_error *error) {
    char partial[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof partial)
        return rf_error_set(error, RF_ERR_INVALID, "%s: not a usable path", path);
    memcpy(partial, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (partial[i] != '/' && partial[i] != '\0')
            continue;
        char kept = partial[i];
        partial[i] = '\0';
        if (mkdir(partial, (mode_t)mode) != 0 && errno != EEXIST)
            return rf_error_set(error, RF_ERR_IO, "%s: cannot make the folder: %s", partial,
                                strerror(errno));
        partial[i] = kept;
    }
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return rf_error_set(error, RF_ERR_IO, "%s: is not a folder", path);
    return RF_OK;
}

enum rf_err rf_folder_make_of(const char *path, unsigned mode, struct rf_error *error) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (length == 0)
        return RF_OK;
    if (length >= sizeof folder)
        return rf_error_set(error, RF_ERR_INVALID, "%s: not a usable path", path);
    memcpy(folder, path, length);
    folder[length] = '\0';
    return rf_folder_make(folder, mode, error);
}
