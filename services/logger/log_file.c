#include "log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define FIRST_LOOK_BYTES ((size_t)65536)

// The kernel is asked to begin writing so often, so that the sync before a rotation is short.
#define FLUSH_BYTES ((off_t)4 << 20)

enum rf_err rf_log_file_init(struct rf_log_file *file, const char *path, rf_tail_number_fn *number,
                             struct rf_error *error) {
    *file = (struct rf_log_file){.path = strdup(path), .number = number, .fd = -1, .cut_to = -1};
    if (file->path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    return RF_OK;
}

void rf_log_file_close(struct rf_log_file *file) {
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->cut_to = -1;
}

void rf_log_file_fini(struct rf_log_file *file) {
    if (file->path == NULL)
        return;
    rf_log_file_close(file);
    free(file->path);
    *file = (struct rf_log_file){.fd = -1};
}

static enum rf_err fail(const struct rf_log_file *file, const char *what, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: %s: %s", file->path, what, strerror(errno));
}

static enum rf_err read_at(const struct rf_log_file *file, char *data, size_t size, off_t from,
                           struct rf_error *error) {
    while (size > 0) {
        ssize_t n = pread(file->fd, data, size, from);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(file, "cannot read", error);
        if (n == 0)
            return rf_error_set(error, RF_ERR_IO, "%s: became shorter while it was read",
                                file->path);
        data += n;
        size -= (size_t)n;
        from += n;
    }
    return RF_OK;
}

// Reads backwards in growing bites until the last whole line with a number is seen.
static enum rf_err read_tail(const struct rf_log_file *file, size_t length, struct rf_tail *tail,
                             struct rf_error *error) {
    for (size_t bite = FIRST_LOOK_BYTES;; bite *= 2) {
        size_t size = bite < length ? bite : length;
        char *data = malloc(size + 1);
        if (data == NULL)
            return rf_error_set(error, RF_ERR_NOMEM, "%s: no memory to read its end", file->path);
        enum rf_err result = read_at(file, data, size, (off_t)(length - size), error);
        bool told = result == RF_OK && rf_tail_read(data, size, size == length, file->number, tail);
        free(data);
        if (result != RF_OK || told)
            return result;
    }
}

static enum rf_err read_head(const struct rf_log_file *file, size_t length, int64_t *first,
                             struct rf_error *error) {
    for (size_t bite = FIRST_LOOK_BYTES;; bite *= 2) {
        size_t size = bite < length ? bite : length;
        char *data = malloc(size + 1);
        if (data == NULL)
            return rf_error_set(error, RF_ERR_NOMEM, "%s: no memory to read it", file->path);
        enum rf_err result = read_at(file, data, size, 0, error);
        bool told =
            result == RF_OK && rf_head_read(data, size, size == length, file->number, first);
        free(data);
        if (result != RF_OK || told)
            return result;
    }
}

static enum rf_err take_over(struct rf_log_file *file, int64_t *n, struct rf_error *error) {
    struct stat status;
    struct rf_tail tail = {0};
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? rf_error_set(error, RF_ERR_CONFLICT,
                                                   "%s: another process writes it", file->path)
                                    : fail(file, "cannot lock", error);
    if (fstat(file->fd, &status) != 0)
        return fail(file, "cannot look at it", error);
    if (!S_ISREG(status.st_mode))
        return rf_error_set(error, RF_ERR_INVALID, "%s: is not a plain file", file->path);
    enum rf_err result = read_tail(file, (size_t)status.st_size, &tail, error);
    if (result != RF_OK)
        return result;
    if (tail.torn > 0 && ftruncate(file->fd, status.st_size - (off_t)tail.torn) != 0)
        return fail(file, "cannot cut its torn end", error);
    file->size = status.st_size - (off_t)tail.torn;
    *n = tail.n;
    return RF_OK;
}

static enum rf_err make_folder(const struct rf_log_file *file, struct rf_error *error) {
    const char *slash = strrchr(file->path, '/');
    if (slash == NULL || slash == file->path)
        return RF_OK;
    char *folder = strndup(file->path, (size_t)(slash - file->path));
    if (folder == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    enum rf_err result = rf_folder_make(folder, 0700, error);
    free(folder);
    return result;
}

enum rf_err rf_log_file_open(struct rf_log_file *file, int64_t *n, struct rf_error *error) {
    rf_log_file_close(file);
    enum rf_err result = make_folder(file, error);
    if (result != RF_OK)
        return result;
    // Not blocking, so that a pipe under that name is an error and no hang.
    file->fd =
        open(file->path,
             O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0600);
    if (file->fd < 0 && errno == ELOOP)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: is a symbolic link: name the file that it leads to", file->path);
    if (file->fd < 0)
        return fail(file, "cannot open", error);
    result = take_over(file, n, error);
    if (result != RF_OK)
        rf_log_file_close(file);
    return result;
}

enum rf_log_file_state rf_log_file_look(struct rf_log_file *file) {
    struct stat ours, there;
    if (fstat(file->fd, &ours) != 0 || stat(file->path, &there) != 0 ||
        ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return RF_LOG_FILE_MOVED;
    if (ours.st_size >= file->size)
        return RF_LOG_FILE_SAME;
    file->size = ours.st_size;
    file->cut_to = -1; // it is gone with the rest
    return RF_LOG_FILE_SHORTER;
}

static enum rf_err cut_off(struct rf_log_file *file, struct rf_error *error) {
    if (file->cut_to >= 0 && ftruncate(file->fd, file->cut_to) != 0)
        return fail(file, "cannot cut off half a page", error);
    file->cut_to = -1;
    return RF_OK;
}

enum rf_err rf_log_file_settle(struct rf_log_file *file, int64_t *first, int64_t *last,
                               struct rf_error *error) {
    struct rf_tail tail = {0};
    enum rf_err result = cut_off(file, error);
    if (result == RF_OK && fdatasync(file->fd) != 0)
        result = fail(file, "cannot sync", error);
    if (result == RF_OK)
        result = read_head(file, (size_t)file->size, first, error);
    if (result == RF_OK)
        result = read_tail(file, (size_t)file->size, &tail, error);
    *last = tail.n;
    return result;
}

static enum rf_err write_all(const struct rf_log_file *file, const char *data, size_t size,
                             struct rf_error *error) {
    while (size > 0) {
        ssize_t n = write(file->fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(file, "cannot write", error);
        data += n;
        size -= (size_t)n;
    }
    return RF_OK;
}

// The place in the journal is that of the last line. A power loss that left a new file empty would
// have the place taken from the broker, who knows a later one. A disk that cannot be synced holds
// no lines all the same.
static void hold_first(const struct rf_log_file *file) {
    struct rf_error ignored;
    (void)!fdatasync(file->fd);
    (void)!rf_file_sync_folder(file->path, &ignored);
}

enum rf_err rf_log_file_write(struct rf_log_file *file, const char *data, size_t size,
                              struct rf_error *error) {
    struct stat before;
    enum rf_err result = cut_off(file, error);
    if (result != RF_OK)
        return result;
    if (fstat(file->fd, &before) != 0)
        return fail(file, "cannot look at it", error);
    result = write_all(file, data, size, error);
    // A disk that is full can take half a page. What is left of it must not stay.
    if (result != RF_OK && ftruncate(file->fd, before.st_size) != 0)
        file->cut_to = before.st_size;
    if (result == RF_OK && before.st_size == 0)
        hold_first(file);
    file->size = before.st_size + (result == RF_OK ? (off_t)size : 0);
    if (before.st_size / FLUSH_BYTES != file->size / FLUSH_BYTES)
        sync_file_range(file->fd, 0, 0, SYNC_FILE_RANGE_WRITE); // a hint, which may be refused
    return result;
}
