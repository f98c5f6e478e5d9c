#include "archive/archive.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/locks.h"
#include "archive/walk.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "config/config.h"
#include "store/migrate.h"
#include "store/replace.h"
#include "store/sql.h"

struct restoring {
    const struct rf_config *config;
    const struct rf_archive_manifest *manifest;
    const char *folder;
    struct rf_utc now;
    struct rf_archive_restored *restored;
    struct rf_archive_locks locks;
    bool *written; // by file: it stands beside its place
    bool
        broken_off; // an earlier one was: a database is missing, and what is to be one stands there
};

static bool exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

// Where a file of state_dir goes. RF_ERR_INVALID: too long.
static enum rf_err target(const struct restoring *restoring, const struct rf_archive_file *file,
                          char out[PATH_MAX], struct rf_error *error) {
    int length = snprintf(out, PATH_MAX, "%s/%s", restoring->config->state_dir,
                          file->name + strlen(RF_ARCHIVE_STATE));
    return length > 0 && length < PATH_MAX - 32
               ? RF_OK
               : rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", file->name);
}

static void part_of(const char *path, char out[PATH_MAX]) {
    (void)snprintf(out, PATH_MAX, "%.*s" RF_STORE_RESTORING, PATH_MAX - 16, path);
}

// ---- nobody else is at it ----

// What another user writes here the processes could not use.
static enum rf_err check_owner(const char *folder, struct rf_error *error) {
    struct stat status;
    if (stat(folder, &status) != 0 || status.st_uid == geteuid())
        return RF_OK;
    const struct passwd *owner = getpwuid(status.st_uid);
    return rf_error_set(error, RF_ERR_CONFLICT,
                        "%s belongs to the user %s: run this as that user, such as by runuser",
                        folder, owner ? owner->pw_name : "of another number");
}

static enum rf_err on_lock(void *arg, const char *path, const char *below, struct rf_error *error) {
    struct restoring *restoring = arg;
    const char *slash = strrchr(below, '/'), *name = slash ? slash + 1 : below;
    size_t length = strlen(name);
    bool is_lock =
        strcmp(name, "lock") == 0 || (length > 5 && strcmp(name + length - 5, ".lock") == 0);
    return is_lock ? rf_archive_lock(&restoring->locks, path, error) : RF_OK;
}

// Those that are there, of whatever has its state here.
static enum rf_err lock_all(struct restoring *restoring, struct rf_error *error) {
    const struct rf_config *config = restoring->config;
    struct rf_archive_walk walk = {.file = on_lock, .arg = restoring};
    rf_archive_walk_without(&walk, config->log_dir);
    rf_archive_walk_without(&walk, config->media_dir);
    rf_archive_walk_without(&walk, config->run_dir);
    return exists(config->state_dir) ? rf_archive_walk(&walk, config->state_dir, error) : RF_OK;
}

// That of a database that is not there yet.
static enum rf_err lock_for(struct restoring *restoring, const struct rf_archive_file *file,
                            const char *path, struct rf_error *error) {
    char lock[PATH_MAX];
    if (rf_archive_is(file, RF_ARCHIVE_STATE, RF_ARCHIVE_JOURNAL))
        (void)snprintf(lock, sizeof lock, "%.*s/lock", (int)(strrchr(path, '/') - path), path);
    else
        (void)snprintf(lock, sizeof lock, "%.*s.lock", PATH_MAX - 16, path);
    return rf_archive_lock(&restoring->locks, lock, error);
}

// ---- beside its place ----

static enum rf_err make_folder(const char *path, struct rf_error *error) {
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = '\0';
    enum rf_err err = rf_folder_make(folder, 0700, error);
    return err == RF_OK ? check_owner(folder, error) : err;
}

// None of the processes of then runs: without their entries nobody is told that they are lost. Who
// runs on another host registers again. What calls they had in hand stands elsewhere, and stays.
static enum rf_err forget_processes(const char *part, struct rf_error *error) {
    sqlite3 *db = NULL;
    enum rf_err err = rf_store_database(part, &db, error);
    if (err == RF_OK)
        err = rf_sql_run(db, error,
                         "DELETE FROM state WHERE key >= 'process/' AND key < 'process0'", "");
    sqlite3_close(db); // with it the log goes into the file
    return err;
}

static enum rf_err write_part(struct restoring *restoring, const struct rf_archive_file *file,
                              const char *path, struct rf_error *error) {
    char from[PATH_MAX], part[PATH_MAX];
    struct rf_file_sum sum;
    (void)snprintf(from, sizeof from, "%s/%s", restoring->folder, file->name);
    part_of(path, part);
    rf_store_drop_part(part, path);
    enum rf_err err = rf_file_copy(from, part, file->mode, &sum, error);
    if (err == RF_OK && strcmp(sum.sha256, file->sum.sha256) != 0)
        err = rf_error_set(error, RF_ERR_DAMAGED, "the backup is damaged: %s has changed", from);
    if (err == RF_OK && rf_archive_is(file, RF_ARCHIVE_STATE, RF_ARCHIVE_CAMPAIGNS)) {
        err = rf_backup_prepare(part, restoring->now, &restoring->restored->campaigns, error);
        restoring->restored->has_campaigns = true;
    }
    if (err == RF_OK && rf_archive_is(file, RF_ARCHIVE_STATE, RF_ARCHIVE_JOURNAL))
        err = forget_processes(part, error);
    return err == RF_OK ? rf_file_sync_folder(part, error) : err;
}

static enum rf_err write_one(struct restoring *restoring, size_t index, struct rf_error *error) {
    const struct rf_archive_file *file = &restoring->manifest->files[index];
    char path[PATH_MAX];
    struct rf_file_sum sum;
    struct rf_error untold;
    enum rf_err err = target(restoring, file, path, error);
    if (err == RF_OK)
        err = make_folder(path, error);
    if (err == RF_OK && file->is_database)
        err = lock_for(restoring, file, path, error);
    if (err != RF_OK)
        return err;
    if (!file->is_database && rf_file_sum(path, &sum, &untold) == RF_OK &&
        strcmp(sum.sha256, file->sum.sha256) == 0) {
        restoring->restored->unchanged++;
        return RF_OK;
    }
    char part[PATH_MAX];
    part_of(path, part);
    restoring->broken_off |= !exists(path) && exists(part);
    restoring->written[index] = true;
    return write_part(restoring, file, path, error);
}

// What is left beside a place. Where nothing has the place, it stays if a restore was broken off.
static void drop(struct restoring *restoring, size_t index, bool stays) {
    char path[PATH_MAX], part[PATH_MAX];
    struct rf_error untold;
    if (target(restoring, &restoring->manifest->files[index], path, &untold) != RF_OK)
        return;
    part_of(path, part);
    rf_store_drop_part(part, path);
    if (!stays)
        (void)unlink(part);
}

// ---- in its place ----

static enum rf_err take_place(struct restoring *restoring, size_t index, struct rf_error *error) {
    char path[PATH_MAX], part[PATH_MAX], aside[RF_STORE_ASIDE_SIZE];
    struct rf_archive_restored *restored = restoring->restored;
    enum rf_err err = target(restoring, &restoring->manifest->files[index], path, error);
    if (err != RF_OK)
        return err;
    part_of(path, part);
    err = rf_store_replace(part, path, restoring->now, aside, error);
    if (err != RF_OK)
        return err;
    restored->replaced++;
    if (aside[0] != '\0' && restored->aside[0] == '\0')
        (void)snprintf(restored->aside, sizeof restored->aside, "%s", aside + strlen(path));
    RF_CRASH_POINT(archive, file_in_place);
    return RF_OK;
}

// Campaigns first: whatever happens to the others, they are paused.
static enum rf_err take_places(struct restoring *restoring, struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (int rest = 0; rest < 2; rest++)
        for (size_t i = 0; err == RF_OK && i < restoring->manifest->count; i++)
            if (restoring->written[i] &&
                rf_archive_is(&restoring->manifest->files[i], RF_ARCHIVE_STATE,
                              RF_ARCHIVE_CAMPAIGNS) == (rest == 0))
                err = take_place(restoring, i, error);
    return err;
}

// ---- as a whole ----

static enum rf_err write_all(struct restoring *restoring, struct rf_error *error) {
    enum rf_err err = RF_OK;
    for (size_t i = 0; err == RF_OK && i < restoring->manifest->count; i++)
        if (rf_archive_is_in(&restoring->manifest->files[i], RF_ARCHIVE_STATE))
            err = write_one(restoring, i, error);
    return err;
}

enum rf_err rf_archive_restore(const struct rf_config *config,
                               const struct rf_archive_manifest *manifest, const char *folder,
                               struct rf_utc now, struct rf_archive_restored *restored,
                               struct rf_error *error) {
    struct restoring restoring = {
        .config = config, .manifest = manifest, .folder = folder, .now = now, .restored = restored};
    *restored = (struct rf_archive_restored){0};
    restoring.written = calloc(manifest->count + 1, sizeof *restoring.written);
    enum rf_err err = restoring.written ? rf_archive_idle(config, error)
                                        : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (err == RF_OK)
        err = lock_all(&restoring, error);
    if (err == RF_OK)
        err = write_all(&restoring, error);
    RF_CRASH_POINT(archive, all_written);
    bool begun = err == RF_OK;
    if (err == RF_OK)
        err = take_places(&restoring, error);
    for (size_t i = 0; restoring.written && i < manifest->count; i++)
        if (restoring.written[i])
            drop(&restoring, i, begun || restoring.broken_off);
    rf_archive_unlock(&restoring.locks);
    free(restoring.written);
    return err;
}
