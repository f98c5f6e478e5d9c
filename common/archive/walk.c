#include "archive/walk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEEPEST 16 // links may lead round in a circle

void rf_archive_walk_without(struct rf_archive_walk *walk, const char *path) {
    struct stat status;
    if (path && walk->without_count < RF_ARCHIVE_PLACES && stat(path, &status) == 0)
        walk->without[walk->without_count++] =
            (struct rf_archive_place){status.st_dev, status.st_ino};
}

static bool is_without(const struct rf_archive_walk *walk, const struct stat *status) {
    for (size_t i = 0; i < walk->without_count; i++)
        if (walk->without[i].device == status->st_dev && walk->without[i].inode == status->st_ino)
            return true;
    return false;
}

static bool is_dots(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

// Read as a whole before anything is done: who copies may take long.
static enum rf_err list(const char *folder, char ***names, size_t *count, struct rf_error *error) {
    struct dirent *entry;
    DIR *dir = opendir(folder);
    *names = NULL;
    *count = 0;
    if (!dir)
        return rf_error_set(error, RF_ERR_IO, "%s: %s", folder, strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (is_dots(entry->d_name))
            continue;
        char **longer = realloc(*names, (*count + 1) * sizeof *longer);
        if (longer)
            *names = longer;
        if (!longer || !(longer[*count] = strdup(entry->d_name))) {
            closedir(dir);
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
        }
        ++*count;
    }
    closedir(dir);
    if (*count > 0)
        qsort(*names, *count, sizeof **names, by_name);
    return RF_OK;
}

static enum rf_err walk_in(const struct rf_archive_walk *walk, const char *folder, size_t root,
                           int deep, struct rf_error *error);

// Recursive, to DEEPEST.
static enum rf_err look(const struct rf_archive_walk *walk, const char *path, size_t root, int deep,
                        struct rf_error *error) {
    struct stat status;
    if (stat(path, &status) != 0) // gone, or a link to nowhere
        return errno == ENOENT ? RF_OK
                               : rf_error_set(error, RF_ERR_IO, "%s: %s", path, strerror(errno));
    if (S_ISREG(status.st_mode))
        return walk->file(walk->arg, path, path + root, error);
    return S_ISDIR(status.st_mode) && !is_without(walk, &status)
               ? walk_in(walk, path, root, deep + 1, error)
               : RF_OK;
}

static enum rf_err walk_in(const struct rf_archive_walk *walk, const char *folder, size_t root,
                           int deep, struct rf_error *error) {
    char path[PATH_MAX], **names;
    size_t count;
    if (deep > DEEPEST)
        return rf_error_set(error, RF_ERR_INVALID, "%s: too many folders in one another", folder);
    enum rf_err err = list(folder, &names, &count, error);
    for (size_t i = 0; err == RF_OK && i < count; i++) {
        int length = snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        err = length > 0 && (size_t)length < sizeof path
                  ? look(walk, path, root, deep, error)
                  : rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", folder);
    }
    free_names(names, count);
    return err;
}

enum rf_err rf_archive_walk(const struct rf_archive_walk *walk, const char *folder,
                            struct rf_error *error) {
    return walk_in(walk, folder, strlen(folder) + 1, 0, error);
}
