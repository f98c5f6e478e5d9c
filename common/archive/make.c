#include "archive/archive.h"

#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/utf8.h"
#include "config/config.h"
#include "store/copy.h"
#include "store/migrate.h"

struct making {
    const struct rf_config *config;
    struct rf_archive_manifest *manifest;
    const char *part; // the folder that is filled
    struct rf_utc now;
    bool journal; // the walk for the journal, which comes last
    rf_archive_note_fn *note;
    void *arg;
    enum rf_err err; // of files that the configuration names
    struct rf_error *error;
};

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static const char *last_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// Logs of databases are in their copies; locks, and what a restore put aside, are nobody's state.
static bool is_left_out(const char *name) {
    static const char *const ends[] = {"-wal", "-shm", ".lock", ".part", ".tmp"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i]))
            return true;
    return strcmp(name, "lock") == 0 || strstr(name, ".before-") != NULL;
}

// Without the database whose place nothing has a backup would look whole.
static enum rf_err check_broken_off(const char *path, struct rf_error *error) {
    char base[PATH_MAX];
    struct stat status;
    int length = (int)(strlen(path) - strlen(RF_STORE_RESTORING));
    (void)snprintf(base, sizeof base, "%.*s", length, path);
    return stat(base, &status) == 0
               ? RF_OK
               : rf_error_set(error, RF_ERR_CONFLICT,
                              "%s: a restore was broken off: give it again first", path);
}

// The place of `name` in the archive, with its folders. RF_ERR_INVALID: too long.
static enum rf_err place(const struct making *making, const char *name, char out[PATH_MAX],
                         struct rf_error *error) {
    int length = snprintf(out, PATH_MAX, "%s/%s", making->part, name);
    if (length < 0 || length >= PATH_MAX)
        return rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", name);
    return rf_folder_make_of(out, 0700, error);
}

static enum rf_err copy_database(const struct making *making, const char *path, const char *to,
                                 struct rf_error *error) {
    int64_t untold;
    return strcmp(last_name(path), RF_ARCHIVE_CAMPAIGNS) == 0
               ? rf_backup_make(path, to, making->now, &untold, error)
               : rf_store_copy(path, to, error);
}

static enum rf_err copy(const struct making *making, const char *path, const char *name,
                        struct rf_error *error) {
    char to[PATH_MAX];
    struct stat status;
    struct rf_archive_file file = {.name = (char *)(uintptr_t)name};
    if (stat(path, &status) != 0)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "%s: %s", path,
                            strerror(errno));
    if (!rf_utf8_is_text(name))
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: its name is not UTF-8, and the list of files is: rename it", path);
    file.mode = status.st_mode & 0777;
    file.is_database = rf_store_is_database(path);
    enum rf_err err = place(making, name, to, error);
    if (err == RF_OK && file.is_database)
        err = copy_database(making, path, to, error);
    if (err == RF_OK)
        err = file.is_database ? rf_file_sum(to, &file.sum, error)
                               : rf_file_copy(path, to, 0600, &file.sum, error);
    if (err == RF_OK)
        err = rf_file_sync_folder(to, error);
    RF_CRASH_POINT(archive, file_copied);
    return err == RF_OK ? rf_archive_manifest_add(making->manifest, &file, error) : err;
}

static enum rf_err on_state(void *arg, const char *path, const char *below,
                            struct rf_error *error) {
    struct making *making = arg;
    char name[PATH_MAX + sizeof RF_ARCHIVE_STATE];
    bool is_journal = strcmp(last_name(below), RF_ARCHIVE_JOURNAL) == 0;
    if (ends_with(path, RF_STORE_RESTORING))
        return check_broken_off(path, error);
    if (is_left_out(last_name(below)) || is_journal != making->journal)
        return RF_OK;
    (void)snprintf(name, sizeof name, RF_ARCHIVE_STATE "%s", below);
    enum rf_err err = copy(making, path, name, error);
    return err == RF_ERR_NOT_FOUND ? RF_OK : err; // it was there for a moment alone
}

static enum rf_err copy_state(struct making *making, struct rf_error *error) {
    const struct rf_config *config = making->config;
    char simulator[PATH_MAX];
    struct rf_archive_walk walk = {.file = on_state, .arg = making};
    (void)snprintf(simulator, sizeof simulator, "%s/simulator", config->state_dir);
    rf_archive_walk_without(&walk, config->log_dir);
    rf_archive_walk_without(&walk, config->media_dir);
    rf_archive_walk_without(&walk, config->run_dir);
    rf_archive_walk_without(&walk, simulator);
    enum rf_err err = rf_archive_walk(&walk, config->state_dir, error);
    making->journal = true;
    return err == RF_OK ? rf_archive_walk(&walk, config->state_dir, error) : err;
}

// ---- the configuration, and what it names ----

static bool has(const struct rf_archive_manifest *manifest, const char *name) {
    for (size_t i = 0; i < manifest->count; i++)
        if (strcmp(manifest->files[i].name, name) == 0)
            return true;
    return false;
}

// In state_dir, where it was met already.
static bool is_state(const struct rf_config *config, const char *path) {
    size_t length = strlen(config->state_dir);
    return strncmp(path, config->state_dir, length) == 0 && path[length] == '/';
}

// As it is named, so that it is found there again, unless that leads up and down.
static char *absolute(const char *path) {
    char *whole = NULL, *folder = NULL;
    if (path[0] == '/')
        whole = strdup(path);
    else if ((folder = getcwd(NULL, 0)) != NULL && asprintf(&whole, "%s/%s", folder, path) < 0)
        whole = NULL;
    free(folder);
    if (whole && (strstr(whole, "//") || strstr(whole, "/./") || strstr(whole, "/../"))) {
        free(whole);
        whole = realpath(path, NULL);
    }
    return whole;
}

static enum rf_err copy_named(struct making *making, const char *path, struct rf_error *error) {
    char name[PATH_MAX + sizeof RF_ARCHIVE_FILES];
    char *whole = absolute(path);
    if (!whole)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO, "%s: %s", path,
                            strerror(errno));
    (void)snprintf(name, sizeof name, RF_ARCHIVE_FILES "%s", whole + 1);
    enum rf_err err = has(making->manifest, name) ? RF_OK : copy(making, whole, name, error);
    free(whole);
    return err;
}

static enum rf_err on_folder_file(void *arg, const char *path, const char *below,
                                  struct rf_error *error) {
    (void)below;
    return copy_named(arg, path, error);
}

static void on_named(void *arg, const char *key, const char *path) {
    struct making *making = arg;
    struct stat status;
    char note[PATH_MAX + 200];
    if (making->err != RF_OK || is_state(making->config, path))
        return;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
        struct rf_archive_walk walk = {.file = on_folder_file, .arg = making};
        making->err = rf_archive_walk(&walk, path, making->error);
        return;
    }
    making->err = copy_named(making, path, making->error);
    if (making->err != RF_ERR_NOT_FOUND)
        return;
    making->err = RF_OK;
    // Keys are where their processes run.
    if (strncmp(key, "bus.curve.", strlen("bus.curve.")) == 0 ||
        strcmp(key, "broker.known_clients") == 0)
        return;
    (void)snprintf(note, sizeof note, "%s is not in it: there is no such file (%s)", path, key);
    making->note(making->arg, note);
}

static enum rf_err copy_configuration(struct making *making, struct rf_error *error) {
    making->error = error;
    rf_config_files(making->config, on_named, making);
    if (making->err == RF_OK && making->manifest->config)
        making->err = copy_named(making, making->manifest->config, error);
    return making->err;
}

// ---- as a whole ----

static enum rf_err begin(struct making *making, struct rf_error *error) {
    struct rf_archive_manifest *manifest = making->manifest;
    const struct rf_config *config = making->config;
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    *manifest = (struct rf_archive_manifest){
        .made = making->now,
        .program = strdup(RF_VERSION),
        .host = strdup(host),
        .config = config->file ? absolute(config->file) : NULL,
        .state_dir = strdup(config->state_dir),
        .on_server = config->orchestrator.store.url != NULL,
    };
    if (!manifest->program || !manifest->host || !manifest->state_dir)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (config->file && !manifest->config)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", config->file, strerror(errno));
    return RF_OK;
}

static enum rf_err fill(struct making *making, struct rf_error *error) {
    enum rf_err err = begin(making, error);
    if (err == RF_OK)
        err = copy_state(making, error);
    if (err == RF_OK)
        err = copy_configuration(making, error);
    RF_CRASH_POINT(archive, all_copied);
    return err == RF_OK ? rf_archive_manifest_write(making->manifest, making->part, error) : err;
}

// It would be a part of the next one, and of itself.
static enum rf_err check_place(const struct rf_config *config, const char *part,
                               struct rf_error *error) {
    char *state = realpath(config->state_dir, NULL);
    int cause = errno;
    char *own = realpath(part, NULL);
    size_t length = state ? strlen(state) : 0;
    bool inside = state && own && strncmp(own, state, length) == 0 && own[length] == '/';
    enum rf_err err = RF_OK;
    if (!state)
        err =
            rf_error_set(error, RF_ERR_IO, "state_dir, %s: %s", config->state_dir, strerror(cause));
    else if (inside)
        err = rf_error_set(error, RF_ERR_CONFLICT,
                           "the backup would lie in state_dir, %s: give a folder elsewhere",
                           config->state_dir);
    free(state);
    free(own);
    return err;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at) {
    (void)status;
    (void)kind;
    (void)at;
    return remove(path);
}

// One that names the folder may end with a slash, as a shell completes it.
static enum rf_err name_them(const char *folder, char out[PATH_MAX], char part[PATH_MAX],
                             struct rf_error *error) {
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    if (length + sizeof ".part" > PATH_MAX)
        return rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", folder);
    (void)snprintf(out, PATH_MAX, "%.*s", (int)length, folder);
    (void)snprintf(part, PATH_MAX, "%.*s.part", (int)length, folder);
    return RF_OK;
}

static enum rf_err make_part(const char *part, struct rf_error *error) {
    if (mkdir(part, 0700) == 0)
        return RF_OK;
    if (errno == EEXIST)
        return rf_error_set(error, RF_ERR_CONFLICT,
                            "%s is there: another backup is being made, or was broken off: then"
                            " remove it",
                            part);
    return rf_error_set(error, RF_ERR_IO, "%s: cannot make the folder: %s", part, strerror(errno));
}

enum rf_err rf_archive_make(const struct rf_config *config, const char *folder, struct rf_utc now,
                            struct rf_archive_manifest *manifest, rf_archive_note_fn *note,
                            void *arg, struct rf_error *error) {
    char part[PATH_MAX], out[PATH_MAX];
    struct stat status;
    struct making making = {
        .config = config, .manifest = manifest, .part = part, .now = now, .note = note, .arg = arg};
    *manifest = (struct rf_archive_manifest){0};
    enum rf_err err = name_them(folder, out, part, error);
    if (err == RF_OK && lstat(out, &status) == 0)
        err = rf_error_set(error, RF_ERR_CONFLICT, "%s is there already: give a new name", out);
    if (err == RF_OK)
        err = make_part(part, error);
    if (err != RF_OK)
        return err;
    err = check_place(config, part, error);
    if (err == RF_OK)
        err = fill(&making, error);
    if (err == RF_OK && rename(part, out) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", out, strerror(errno));
    if (err == RF_OK)
        err = rf_file_sync_folder(out, error);
    else
        (void)nftw(part, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return err;
}
