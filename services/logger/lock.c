#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

// Always of one length, so that a name that is written over another one needs no room on a disk
// that is full, and leaves nothing of a longer one.
#define HOLDER_BYTES 21

static enum rf_err fail(const char *path, const char *what, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

// A file that is there can be locked also where nothing can be written any more.
static int open_file(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 || errno != EROFS ? fd : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static enum rf_err refuse(int fd, const char *path, struct rf_error *error) {
    char holder[HOLDER_BYTES + 1] = "";
    ssize_t length = pread(fd, holder, HOLDER_BYTES, 0);
    long pid = length > 0 ? strtol(holder, NULL, 10) : 0;
    if (pid > 0)
        return rf_error_set(error, RF_ERR_CONFLICT, "%s: another logger (pid %ld) has it", path,
                            pid);
    return rf_error_set(error, RF_ERR_CONFLICT, "%s: another logger has it", path);
}

// The lock is what counts: without its holder's name it is as good.
static void write_holder(int fd) {
    char text[HOLDER_BYTES + 1];
    snprintf(text, sizeof text, "%-*ld\n", HOLDER_BYTES - 1, (long)getpid());
    (void)!pwrite(fd, text, HOLDER_BYTES, 0);
}

enum rf_err rf_logger_lock_take(struct rf_logger_lock *lock, const char *path,
                                struct rf_error *error) {
    int fd = open_file(path);
    if (fd < 0)
        return fail(path, "cannot open", error);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum rf_err result =
            errno == EWOULDBLOCK ? refuse(fd, path, error) : fail(path, "cannot lock", error);
        close(fd);
        return result;
    }
    write_holder(fd);
    lock->fd = fd;
    return RF_OK;
}

void rf_logger_lock_release(struct rf_logger_lock *lock) {
    if (lock->fd >= 0)
        close(lock->fd);
    *lock = RF_LOGGER_LOCK_NONE;
}
