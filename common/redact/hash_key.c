#include "redact/hash_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/id.h>

#include "base/digest.h"
#include "base/file.h"
#include "config/config.h"
#include "redact/redact.h"

#define KEY_FILE_BYTES 4096

// Whatever its form is, of all its bytes.
static void take_key(const char *text, unsigned char key[RF_REDACT_KEY_BYTES]) {
    char hex[RF_SHA256_HEX_SIZE];
    rf_sha256_hex(text, strlen(text), hex);
    for (size_t i = 0; i < RF_REDACT_KEY_BYTES; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        key[i] = (unsigned char)strtoul(byte, NULL, 16);
    }
}

static enum rf_err fail(const char *path, const char *what, struct rf_error *error) {
    return rf_error_set(error, RF_ERR_IO, "%s: %s: %s", path, what, strerror(errno));
}

static enum rf_err write_key(const char *path, struct rf_error *error) {
    char text[40];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(path, "cannot make it", error);
    int length = snprintf(text, sizeof text, "%016llx%016llx\n",
                          (unsigned long long)rf_random_u64(), (unsigned long long)rf_random_u64());
    bool written = write(fd, text, (size_t)length) == length && fsync(fd) == 0;
    enum rf_err result = written ? RF_OK : fail(path, "cannot write it", error);
    close(fd);
    return result;
}

// All processes of a host may start at once: the first one's key, whole, is everybody's.
static enum rf_err make_key(const struct rf_config *config, const char *path,
                            struct rf_error *error) {
    char mine[RF_ULID_SIZE], *beside = NULL;
    rf_ulid_new((struct rf_utc){0}, mine);
    enum rf_err result = rf_folder_make(config->state_dir, 0700, error);
    if (result != RF_OK)
        return result;
    if (asprintf(&beside, "%s.%s", path, mine) < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    result = write_key(beside, error);
    if (result == RF_OK && link(beside, path) != 0 && errno != EEXIST)
        result = fail(path, "cannot make it", error);
    unlink(beside);
    free(beside);
    return result;
}

enum rf_err rf_redact_hash_key(const struct rf_config *config,
                               unsigned char key[RF_REDACT_KEY_BYTES], struct rf_error *error) {
    char *path = NULL, *text = NULL;
    if (config->redaction.key.value != NULL) {
        take_key(config->redaction.key.value, key);
        return RF_OK;
    }
    if (asprintf(&path, "%s/redaction.key", config->state_dir) < 0)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err result = access(path, F_OK) == 0 ? RF_OK : make_key(config, path, error);
    if (result == RF_OK)
        result = rf_file_read(path, KEY_FILE_BYTES, &text, NULL, error);
    if (result == RF_OK) {
        text[strcspn(text, "\r\n")] = '\0';
        if (text[0] == '\0')
            result = rf_error_set(error, RF_ERR_CONFIG,
                                  "%s is empty: remove it and a new key is made, or copy that of "
                                  "another host",
                                  path);
        else
            take_key(text, key);
        explicit_bzero(text, strlen(text));
    }
    free(text);
    free(path);
    return result;
}
