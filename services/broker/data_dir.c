#include "data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

// The lock's file names the process that holds it, for whoever finds it taken. The lock is what
// counts: a disk that has no room for the name takes nothing from it.
static void write_holder(int fd) {
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    bool written = ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)length, 0) == length;
    (void)written;
}

static enum rf_err lock(const char *folder, const char *name, int *fd, struct rf_error *error) {
    char *path;
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = RF_OK;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0) {
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    } else if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        char holder[32] = "";
        ssize_t length = pread(*fd, holder, sizeof holder - 1, 0);
        holder[length > 0 ? strcspn(holder, "\n") : 0] = '\0';
        err = rf_error_set(error, RF_ERR_CONFLICT, "%s: another broker (pid %s) uses it", path,
                           holder[0] != '\0' ? holder : "unknown");
    } else {
        write_holder(*fd);
    }
    free(path);
    return err;
}

static enum rf_err check_private(const char *run_dir, struct rf_error *error) {
    struct stat folder;
    if (stat(run_dir, &folder) != 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", run_dir, strerror(errno));
    // Its owner can put other sockets in the place of ours.
    if (folder.st_uid != geteuid() && folder.st_uid != 0)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "%s: this run directory belongs to another user (uid %lu), who could "
                            "take its sockets over; set run_dir to one of your own, or chown it",
                            run_dir, (unsigned long)folder.st_uid);
    if ((folder.st_mode & S_IWOTH) != 0)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "%s: everybody may write in this run directory; its mode is to be "
                            "0700, or 0770 for a group",
                            run_dir);
    return RF_OK;
}

enum rf_err rf_data_dir_open(struct rf_data_dir *dir, const char *state_dir, const char *run_dir,
                             struct rf_error *error) {
    *dir = (struct rf_data_dir){.data_lock = -1, .run_lock = -1};
    if (asprintf(&dir->path, "%s/broker", state_dir) < 0) {
        dir->path = NULL;
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    enum rf_err err = rf_folder_make(dir->path, 0700, error);
    if (err == RF_OK)
        err = rf_folder_make(run_dir, 0700, error);
    if (err == RF_OK)
        err = check_private(run_dir, error);
    if (err == RF_OK)
        err = lock(dir->path, "lock", &dir->data_lock, error);
    if (err == RF_OK)
        err = lock(run_dir, "broker.lock", &dir->run_lock, error);
    return err;
}

void rf_data_dir_close(struct rf_data_dir *dir) {
    if (dir->run_lock >= 0)
        close(dir->run_lock);
    if (dir->data_lock >= 0)
        close(dir->data_lock);
    free(dir->path);
    *dir = (struct rf_data_dir){.data_lock = -1, .run_lock = -1};
}
