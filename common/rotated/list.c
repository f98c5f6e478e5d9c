#include "rotated/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *rf_rotated_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

char *rf_rotated_path(const char *path, const char *file) {
    char *out;
    int folder = (int)(rf_rotated_base(path) - path);
    return asprintf(&out, "%.*s%s", folder, path, file) < 0 ? NULL : out;
}

static int by_time(const void *a, const void *b) {
    return strcmp(((const struct rf_rotated_file *)a)->file,
                  ((const struct rf_rotated_file *)b)->file);
}

static enum rf_err add(struct rf_rotated_list *list, size_t *room,
                       const struct rf_rotated_file *file) {
    if (list->count == *room) {
        size_t larger = *room == 0 ? 16 : *room * 2;
        struct rf_rotated_file *items = reallocarray(list->items, larger, sizeof *items);
        if (items == NULL)
            return RF_ERR_NOMEM;
        list->items = items;
        *room = larger;
    }
    list->items[list->count++] = *file;
    return RF_OK;
}

static enum rf_err read_folder(DIR *folder, const char *base, struct rf_rotated_list *list) {
    size_t room = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        struct rf_rotated_file file;
        struct stat status;
        // One that has gone meanwhile is none.
        if (!rf_rotated_name_read(base, entry->d_name, &file.name) ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        snprintf(file.file, sizeof file.file, "%s", entry->d_name);
        file.bytes = status.st_size;
        if (add(list, &room, &file) != RF_OK)
            return RF_ERR_NOMEM;
    }
    return RF_OK;
}

enum rf_err rf_rotated_list_read(const char *path, struct rf_rotated_list *list,
                                 struct rf_error *error) {
    *list = (struct rf_rotated_list){0};
    char *name = rf_rotated_path(path, ".");
    if (name == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    DIR *folder = opendir(name);
    int code = errno;
    enum rf_err result = RF_OK;
    if (folder == NULL && code != ENOENT)
        result = rf_error_set(error, RF_ERR_IO, "%s: cannot look into the folder: %s", name,
                              strerror(code));
    free(name);
    if (folder == NULL)
        return result;
    result = read_folder(folder, rf_rotated_base(path), list);
    closedir(folder);
    if (result != RF_OK)
        return rf_error_set(error, result, "%s: no memory for the list of its rotated files", path);
    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_time);
    return RF_OK;
}

void rf_rotated_list_fini(struct rf_rotated_list *list) {
    free(list->items);
    *list = (struct rf_rotated_list){0};
}
