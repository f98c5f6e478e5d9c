// The configuration and the files that it names, put back where they are missing.
#include "archive/archive.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

// Where a file of the archive belongs: its name there from its first slash on.
static const char *place_of(const struct rf_archive_file *file) {
    return file->name + strlen(RF_ARCHIVE_FILES) - 1;
}

static enum rf_err put_one(const struct rf_archive_file *file, const char *from, const char *to,
                           struct rf_error *error) {
    char part[PATH_MAX + 16];
    (void)snprintf(part, sizeof part, "%s.restoring", to);
    enum rf_err err = rf_folder_make_of(to, 0700, error);
    if (err == RF_OK)
        err = rf_file_copy(from, part, file->mode, NULL, error);
    if (err == RF_OK && rename(part, to) != 0)
        err = rf_error_set(error, RF_ERR_IO, "%s: %s", to, strerror(errno));
    if (err != RF_OK) {
        (void)unlink(part);
        return err;
    }
    return rf_file_sync_folder(to, error);
}

// What is there stays: it may have been changed for good reasons.
static enum rf_err look_at(const struct rf_archive_file *file, const char *from, const char *to,
                           rf_archive_note_fn *note, void *arg, struct rf_error *error) {
    char text[2 * PATH_MAX + 100];
    struct rf_file_sum sum;
    enum rf_err err = rf_file_sum(to, &sum, error);
    if (err == RF_OK && strcmp(sum.sha256, file->sum.sha256) != 0) {
        (void)snprintf(text, sizeof text, "%s is not as in the backup, and stays: compare %s", to,
                       from);
        note(arg, text);
    }
    return err;
}

static enum rf_err put_or_look(const struct rf_archive_file *file, const char *folder, size_t *put,
                               rf_archive_note_fn *note, void *arg, struct rf_error *error) {
    char from[PATH_MAX];
    struct stat status;
    const char *to = place_of(file);
    (void)snprintf(from, sizeof from, "%s/%s", folder, file->name);
    if (stat(to, &status) == 0)
        return look_at(file, from, to, note, arg, error);
    if (errno != ENOENT)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", to, strerror(errno));
    ++*put;
    return put_one(file, from, to, error);
}

static bool is_configuration(const struct rf_archive_manifest *manifest,
                             const struct rf_archive_file *file) {
    return manifest->config && strcmp(place_of(file), manifest->config) == 0;
}

enum rf_err rf_archive_put_files(const struct rf_archive_manifest *manifest, const char *folder,
                                 size_t *put, rf_archive_note_fn *note, void *arg,
                                 struct rf_error *error) {
    enum rf_err err = RF_OK;
    *put = 0;
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; err == RF_OK && i < manifest->count; i++) {
            const struct rf_archive_file *file = &manifest->files[i];
            if (rf_archive_is_in(file, RF_ARCHIVE_FILES) &&
                is_configuration(manifest, file) == (last == 1))
                err = put_or_look(file, folder, put, note, arg, error);
        }
    return err;
}

bool rf_archive_misses_files(const struct rf_archive_manifest *manifest) {
    for (size_t i = 0; i < manifest->count; i++)
        if (rf_archive_is_in(&manifest->files[i], RF_ARCHIVE_FILES) &&
            access(place_of(&manifest->files[i]), F_OK) != 0 && errno == ENOENT)
            return true;
    return false;
}
