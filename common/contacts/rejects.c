#include "contacts/rejects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pending_file.h"
#include "contacts/csv_write.h"

struct rf_rejects {
    char *path;
    const char *const *columns;
    size_t column_count;
    struct rf_pending_file file; // not open: nothing was written
};

static void destroy(struct rf_rejects **rejects) {
    free((*rejects)->path);
    free(*rejects);
    *rejects = NULL;
}

struct rf_rejects *rf_rejects_new(const char *path, const char *const *columns, size_t count) {
    struct rf_rejects *rejects = calloc(1, sizeof *rejects);
    if (rejects == NULL)
        return NULL;
    rejects->columns = columns;
    rejects->column_count = count;
    rejects->path = strdup(path);
    if (rejects->path == NULL)
        destroy(&rejects);
    return rejects;
}

static void write_record(FILE *out, const char *line, const char *reason, const char *const *fields,
                         size_t count) {
    rf_csv_write_field(out, line);
    rf_csv_write_separator(out);
    rf_csv_write_field(out, reason);
    for (size_t i = 0; i < count; i++) {
        rf_csv_write_separator(out);
        rf_csv_write_field(out, fields[i]);
    }
    rf_csv_write_end(out);
}

enum rf_err rf_rejects_add(struct rf_rejects *rejects, size_t line, const char *reason,
                           const char *const *fields, size_t count, struct rf_error *error) {
    char number[24];
    struct rf_pending_file *file = &rejects->file;
    if (file->out == NULL) {
        enum rf_err err = rf_pending_file_open(file, rejects->path, error);
        if (err != RF_OK)
            return err;
        write_record(file->out, "line", "reason", rejects->columns, rejects->column_count);
    }
    snprintf(number, sizeof number, "%zu", line);
    write_record(file->out, number, reason, fields, count);
    return rf_pending_file_check(file, error);
}

// A place that is read-only refuses before it looks whether there is anything to take away.
static enum rf_err take_old_away(const char *path, struct rf_error *error) {
    struct stat old;
    if (unlink(path) == 0)
        return RF_OK;
    int cause = errno;
    if (lstat(path, &old) != 0)
        return RF_OK;
    return rf_error_set(error, RF_ERR_CONFLICT,
                        "%s: is of an earlier time, and cannot be taken away: %s", path,
                        strerror(cause));
}

enum rf_err rf_rejects_close(struct rf_rejects **pointer, struct rf_error *error) {
    struct rf_rejects *rejects = *pointer;
    enum rf_err err = RF_OK;
    if (rejects == NULL)
        return RF_OK;
    if (rejects->file.out != NULL)
        err = rf_pending_file_commit(&rejects->file, error);
    else
        err = take_old_away(rejects->path, error);
    destroy(pointer);
    return err;
}

void rf_rejects_abandon(struct rf_rejects **pointer) {
    if (*pointer == NULL)
        return;
    rf_pending_file_discard(&(*pointer)->file);
    destroy(pointer);
}
