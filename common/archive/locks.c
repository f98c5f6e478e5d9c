#include "archive/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct rf_archive_lock {
    int fd;
    dev_t device;
    ino_t inode;
};

// A second lock of a file of ours would be in the way of the first.
static bool is_held(const struct rf_archive_locks *locks, const struct stat *status) {
    for (size_t i = 0; i < locks->count; i++)
        if (locks->held[i].device == status->st_dev && locks->held[i].inode == status->st_ino)
            return true;
    return false;
}

static enum rf_err keep(struct rf_archive_locks *locks, int fd, const struct stat *status,
                        struct rf_error *error) {
    struct rf_archive_lock *held = realloc(locks->held, (locks->count + 1) * sizeof *locks->held);
    if (held == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    locks->held = held;
    held[locks->count++] =
        (struct rf_archive_lock){.fd = fd, .device = status->st_dev, .inode = status->st_ino};
    return RF_OK;
}

enum rf_err rf_archive_lock(struct rf_archive_locks *locks, const char *path,
                            struct rf_error *error) {
    struct stat status;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fstat(fd, &status) != 0) {
        rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return RF_ERR_IO;
    }
    if (is_held(locks, &status)) {
        close(fd);
        return RF_OK;
    }
    enum rf_err err = RF_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = errno == EWOULDBLOCK
                  ? rf_error_set(error, RF_ERR_CONFLICT,
                                 "%s: a process has it: stop all processes of the set first", path)
                  : rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    if (err == RF_OK)
        err = keep(locks, fd, &status, error);
    if (err != RF_OK)
        close(fd);
    return err;
}

void rf_archive_unlock(struct rf_archive_locks *locks) {
    for (size_t i = 0; i < locks->count; i++)
        close(locks->held[i].fd);
    free(locks->held);
    *locks = (struct rf_archive_locks){0};
}
