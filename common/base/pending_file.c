#include "base/pending_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum rf_err fail(const struct rf_pending_file *file, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: cannot be written: %s", file->path, strerror(errno));
}

static void forget(struct rf_pending_file *file) {
    free(file->path);
    free(file->temporary);
    *file = (struct rf_pending_file){0};
}

enum rf_err rf_pending_file_open(struct rf_pending_file *file, const char *path,
                                 struct rf_error *error) {
    *file = (struct rf_pending_file){.path = strdup(path)};
    if (asprintf(&file->temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
        file->temporary = NULL;
    enum rf_err err = RF_OK;
    if (file->path == NULL || file->temporary == NULL) {
        err = rf_error_set(error, RF_ERR_NOMEM, "%s: out of memory", path);
    } else {
        file->out = fopen(file->temporary, "wex");
        err = file->out == NULL ? fail(file, error) : RF_OK;
    }
    if (err != RF_OK)
        forget(file);
    return err;
}

enum rf_err rf_pending_file_check(const struct rf_pending_file *file, struct rf_error *error) {
    return ferror(file->out) ? fail(file, error) : RF_OK;
}

enum rf_err rf_pending_file_commit(struct rf_pending_file *file, struct rf_error *error) {
    enum rf_err err = RF_OK;
    if (fflush(file->out) != 0 || ferror(file->out) || fsync(fileno(file->out)) != 0)
        err = fail(file, error);
    if (fclose(file->out) != 0 && err == RF_OK)
        err = fail(file, error);
    if (err == RF_OK && rename(file->temporary, file->path) != 0)
        err = fail(file, error);
    if (err != RF_OK)
        unlink(file->temporary);
    forget(file);
    return err;
}

void rf_pending_file_discard(struct rf_pending_file *file) {
    if (file->out != NULL) {
        (void)fclose(file->out);
        unlink(file->temporary);
    }
    forget(file);
}
