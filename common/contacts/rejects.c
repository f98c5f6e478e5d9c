#include "contacts/rejects.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contacts/csv_write.h"

struct rf_rejects {
    char *path, *temporary;
    const char *const *columns;
    size_t column_count;
    FILE *out; // NULL: nothing was written
};

static void destroy(struct rf_rejects **rejects) {
    free((*rejects)->path);
    free((*rejects)->temporary);
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
    if (asprintf(&rejects->temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
        rejects->temporary = NULL;
    if (rejects->path == NULL || rejects->temporary == NULL)
        destroy(&rejects);
    return rejects;
}

static enum rf_err fail(const struct rf_rejects *rejects, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: cannot be written: %s", rejects->path,
                        strerror(errno));
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
    if (rejects->out == NULL) {
        rejects->out = fopen(rejects->temporary, "wex");
        if (rejects->out == NULL)
            return fail(rejects, error);
        write_record(rejects->out, "line", "reason", rejects->columns, rejects->column_count);
    }
    snprintf(number, sizeof number, "%zu", line);
    write_record(rejects->out, number, reason, fields, count);
    return ferror(rejects->out) ? fail(rejects, error) : RF_OK;
}

enum rf_err rf_rejects_close(struct rf_rejects **pointer, struct rf_error *error) {
    struct rf_rejects *rejects = *pointer;
    enum rf_err err = RF_OK;
    if (rejects == NULL)
        return RF_OK;
    if (rejects->out == NULL) {
        if (unlink(rejects->path) != 0 && errno != ENOENT && errno != ENOTDIR)
            err = fail(rejects, error);
    } else {
        bool written =
            fflush(rejects->out) == 0 && !ferror(rejects->out) && fsync(fileno(rejects->out)) == 0;
        if (!written)
            err = fail(rejects, error);
        if (fclose(rejects->out) != 0 && err == RF_OK)
            err = fail(rejects, error);
        if (err == RF_OK && rename(rejects->temporary, rejects->path) != 0)
            err = fail(rejects, error);
        if (err != RF_OK)
            unlink(rejects->temporary);
    }
    destroy(pointer);
    return err;
}

void rf_rejects_abandon(struct rf_rejects **pointer) {
    struct rf_rejects *rejects = *pointer;
    if (rejects == NULL)
        return;
    if (rejects->out != NULL) {
        fclose(rejects->out);
        unlink(rejects->temporary);
    }
    destroy(pointer);
}
