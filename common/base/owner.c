#include "base/owner.h"

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static bool folder_of(const char *path, char out[PATH_MAX], const char **folder) {
    if ((size_t)snprintf(out, PATH_MAX, "%s", path) >= PATH_MAX)
        return false;
    *folder = dirname(out);
    return true;
}

void rf_owner_follow(int fd, const char *path) {
    char room[PATH_MAX];
    const char *folder;
    struct stat own, like;
    if (geteuid() != 0 || fstat(fd, &own) != 0)
        return;
    bool other =
        lstat(path, &like) == 0 && !(like.st_dev == own.st_dev && like.st_ino == own.st_ino);
    if (!other && (!folder_of(path, room, &folder) || stat(folder, &like) != 0))
        return;
    if ((like.st_uid != own.st_uid || like.st_gid != own.st_gid) &&
        fchown(fd, like.st_uid, like.st_gid) != 0)
        return;
}

enum rf_err rf_owner_folder_make(const char *path, unsigned mode, struct rf_error *error) {
    char room[PATH_MAX];
    const char *above;
    struct stat status;
    bool is_new = lstat(path, &status) != 0;
    enum rf_err err = RF_OK;
    if (is_new && folder_of(path, room, &above) && lstat(above, &status) != 0)
        err = rf_owner_folder_make(above, mode, error);
    if (err == RF_OK)
        err = rf_folder_make(path, mode, error);
    int fd =
        err == RF_OK && is_new ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd >= 0) {
        rf_owner_follow(fd, path);
        close(fd);
    }
    return err;
}
