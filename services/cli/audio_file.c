#include "audio_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

// Far more than a gateway takes from a provider.
#define AUDIO_LIMIT ((size_t)256 * 1024 * 1024)

#define ELSEWHERE                                                                                  \
    "the gateway keeps audio in its own media_dir: run this on a host that shares it, with the "   \
    "same --config"

static void folder_of(const char *path, char out[PATH_MAX]) {
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 0 : (int)(slash - path);
    snprintf(out, PATH_MAX, "%.*s", length, path);
    if (length == 0)
        snprintf(out, PATH_MAX, "%s", slash == NULL ? "." : "/");
}

enum rf_err cli_audio_check(const char *media_dir, const char *out, struct rf_error *error) {
    char folder[PATH_MAX];
    struct stat what;
    if (access(media_dir, X_OK) != 0)
        return rf_error_set(error, RF_ERR_IO, "%s: %s; " ELSEWHERE ", or leave --out away",
                            media_dir, strerror(errno));
    if (strcmp(out, "-") == 0)
        return RF_OK;
    if (out[0] == '\0' || (stat(out, &what) == 0 && !S_ISREG(what.st_mode)))
        return rf_error_set(error, RF_ERR_INVALID, "--out: \"%s\" is no file; - is standard output",
                            out);
    folder_of(out, folder);
    if (access(folder, W_OK | X_OK) != 0)
        return rf_error_set(error, RF_ERR_IO, "--out: nothing can be written to %s: %s", folder,
                            strerror(errno));
    return RF_OK;
}

static enum rf_err write_out(const char *out, const char *data, size_t size,
                             struct rf_error *error) {
    if (strcmp(out, "-") != 0)
        return rf_file_replace(out, data, size, error);
    if (fwrite(data, 1, size, stdout) == size && fflush(stdout) == 0)
        return RF_OK;
    return rf_error_set(error, RF_ERR_IO, "standard output cannot be written: %s", strerror(errno));
}

enum rf_err cli_audio_copy(const char *media_dir, const json_t *result, const char *out,
                           struct rf_error *error) {
    const char *sha256 = json_string_value(json_object_get(result, "audio"));
    const char *format = json_string_value(json_object_get(result, "format"));
    char path[PATH_MAX], found[RF_SHA256_HEX_SIZE];
    char *data = NULL;
    size_t size = 0;
    // They become part of a path.
    if (sha256 == NULL || strspn(sha256, "0123456789abcdef") != 64 || sha256[64] != '\0' ||
        format == NULL || format[strspn(format, "abcdefghijklmnopqrstuvwxyz0123456789")] != '\0')
        return rf_error_set(error, RF_ERR_PROTOCOL, "the reply names no audio");
    int length = snprintf(path, sizeof path, "%s/%s.%s", media_dir, sha256, format);
    if (length < 0 || (size_t)length >= sizeof path)
        return rf_error_set(error, RF_ERR_IO, "media_dir: the path is too long");
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return rf_error_set(error, RF_ERR_NOT_FOUND, "%s is not there; " ELSEWHERE, path);
    enum rf_err err = rf_file_read(path, AUDIO_LIMIT, &data, &size, error);
    if (err == RF_OK && strcmp(rf_sha256_hex(data, size, found), sha256) != 0)
        err = rf_error_set(
            error, RF_ERR_IO,
            "%s: the content is another than its name says; delete it and call again", path);
    if (err == RF_OK)
        err = write_out(out, data, size, error);
    free(data);
    return err;
}
