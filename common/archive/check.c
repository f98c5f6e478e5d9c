// Whether an archive is whole, and whether a set runs.
#include "archive/archive.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/config.h"
#include "runtime/presence.h"

#define ANSWERS rf_seconds(2)

static enum rf_err check_one(const struct rf_archive_file *file, const char *folder,
                             struct rf_error *error) {
    char path[PATH_MAX];
    struct stat status;
    struct rf_file_sum sum;
    (void)snprintf(path, sizeof path, "%s/%s", folder, file->name);
    if (lstat(path, &status) != 0)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_DAMAGED : RF_ERR_IO,
                            "the backup is damaged: %s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return rf_error_set(error, RF_ERR_DAMAGED, "the backup is damaged: %s is no file", path);
    enum rf_err err = rf_file_sum(path, &sum, error);
    if (err == RF_OK && (sum.bytes != file->sum.bytes || strcmp(sum.sha256, file->sum.sha256) != 0))
        err = rf_error_set(error, RF_ERR_DAMAGED,
                           "the backup is damaged: %s is not what was written: %lld bytes of %lld,"
                           " or others",
                           path, (long long)sum.bytes, (long long)file->sum.bytes);
    return err;
}

enum rf_err rf_archive_check(const struct rf_archive_manifest *manifest, const char *folder,
                             struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < manifest->count; i++)
        err = check_one(&manifest->files[i], folder, error);
    return err;
}

static void on_answer(void *arg, const char *instance, const char *state, const char *detail) {
    char *running = arg;
    (void)state;
    (void)detail;
    (void)snprintf(running, RF_PRESENCE_NAME_SIZE, "%s", instance);
}

enum rf_err rf_archive_idle(const struct rf_config *config, struct rf_error *error) {
    char running[RF_PRESENCE_NAME_SIZE] = "";
    enum rf_err err = RF_OK;
    // The simulator is the far side: nothing of it is put back.
    for (size_t i = 0; err == RF_OK && rf_presence_services[i] != NULL; i++)
        if (strcmp(rf_presence_services[i], "simulator") != 0)
            err = rf_presence_ask(config->run_dir, rf_presence_services[i], ANSWERS, on_answer,
                                  running, error);
    if (err == RF_OK && running[0] != '\0')
        err = rf_error_set(error, RF_ERR_CONFLICT,
                           "%s runs here: stop all processes of the set first", running);
    return err;
}
