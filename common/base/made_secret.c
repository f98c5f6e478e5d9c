#include "base/made_secret.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/id.h>

#include "base/file.h"

#define FILE_BYTES 4096

static enum rf_err fail(const char *path, const char *what, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

static enum rf_err write_new(const char *path, size_t words, struct rf_error *error) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(path, "cannot make it", error);
    bool written = true;
    for (size_t i = 0; i < words && written; i++) {
        char text[20];
        int length = snprintf(text, sizeof text, "%016" PRIx64 "%s", rf_random_u64(),
                              i + 1 == words ? "\n" : "");
        written = write(fd, text, (size_t)length) == length;
    }
    written = written && fsync(fd) == 0;
    enum rf_err result = written ? RF_OK : fail(path, "cannot write it", error);
    close(fd);
    return result;
}

// Written whole under a name of its own, and linked: whose link comes second takes the first one's.
static enum rf_err make(const char *path, size_t words, struct rf_error *error) {
    char mine[RF_ULID_SIZE], *beside = NULL, *folder = strdup(path);
    if (folder == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    char *slash = strrchr(folder, '/');
    if (slash != NULL && slash != folder)
        *slash = '\0';
    enum rf_err result = slash != NULL ? rf_folder_make(folder, 0700, error) : RF_OK;
    free(folder);
    if (result != RF_OK)
        return result;
    if (asprintf(&beside, "%s.%s", path, rf_ulid_new((struct rf_utc){0}, mine)) < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    result = write_new(beside, words, error);
    if (result == RF_OK && link(beside, path) != 0 && errno != EEXIST)
        result = fail(path, "cannot make it", error);
    unlink(beside);
    free(beside);
    return result;
}

enum rf_err rf_made_secret(const char *path, size_t words, char **secret, struct rf_error *error) {
    char *text = NULL;
    *secret = NULL;
    enum rf_err result = access(path, F_OK) == 0 ? RF_OK : make(path, words, error);
    if (result == RF_OK)
        result = rf_file_read(path, FILE_BYTES, &text, NULL, error);
    if (result != RF_OK)
        return result;
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] != '\0') {
        *secret = text;
        return RF_OK;
    }
    free(text);
    return rf_error_set(error, RF_ERR_CONFIG,
                        "%s is empty: remove it and a new one is made, or copy that of another "
                        "host",
                        path);
}
