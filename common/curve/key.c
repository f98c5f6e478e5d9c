#include "curve/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "base/file.h"
#include "base/owner.h"

#define FILE_MAX_BYTES   4096
#define RAW_BYTES        32
#define SECRET_MARK      "secret "
#define SECRET_MARK_SIZE (sizeof SECRET_MARK - 1)

// ---- what a key and its name look like ----

bool rf_curve_key_valid(const char *text, size_t length) {
    char copy[RF_CURVE_KEY_SIZE];
    uint8_t raw[RAW_BYTES];
    if (length != RF_CURVE_KEY_CHARACTERS)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    bool valid = strlen(copy) == length && zmq_z85_decode(raw, copy) != NULL;
    explicit_bzero(raw, sizeof raw);
    explicit_bzero(copy, sizeof copy);
    return valid;
}

void rf_curve_key_text(const void *raw, size_t size, char out[RF_CURVE_KEY_SIZE]) {
    if (size != RAW_BYTES || zmq_z85_encode(out, raw, size) == NULL)
        out[0] = '\0';
}

bool rf_curve_name_valid(const char *text, size_t length) {
    if (length == 0 || length >= RF_CURVE_NAME_SIZE || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        char at = text[i];
        if (!((at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || (at >= '0' && at <= '9') ||
              at == '.' || at == '-' || at == '_'))
            return false;
    }
    return true;
}

// ---- making ----

enum rf_err rf_curve_pair_new(struct rf_curve_pair *pair, struct rf_error *error) {
    do {
        if (zmq_curve_keypair(pair->public_key, pair->secret) != 0)
            return rf_error_set(error, RF_ERR_IO,
                                "cannot make a CURVE key: %s; libzmq must be "
                                "built with libsodium",
                                zmq_strerror(zmq_errno()));
    } while (pair->public_key[0] == '-');
    return RF_OK;
}

void rf_curve_pair_wipe(struct rf_curve_pair *pair) {
    explicit_bzero(pair, sizeof *pair);
}

// ---- reading ----

const char *rf_curve_line(const char **text, size_t *number, size_t *length) {
    while (**text != '\0') {
        const char *line = *text;
        size_t size = strcspn(line, "\n");
        *text = line + size + (line[size] == '\n' ? 1 : 0);
        (*number)++;
        size_t indent = strspn(line, " \t");
        line += indent;
        size -= indent;
        while (size > 0 && strchr(" \t\r", line[size - 1]) != NULL)
            size--;
        *length = size;
        if (size > 0 && line[0] != '#')
            return line;
    }
    return NULL;
}

static enum rf_err refuse_mode(const char *path, struct rf_error *error) {
    struct stat status;
    if (stat(path, &status) != 0)
        return rf_error_set(error, errno == ENOENT ? RF_ERR_NOT_FOUND : RF_ERR_IO,
                            "%s: cannot look at it: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return rf_error_set(error, RF_ERR_INVALID, "%s: is no file", path);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: a secret key that other users may read or write (mode %04o); "
                            "chmod 600 %s, and make a new key if it may have been read",
                            path, (unsigned)status.st_mode & 07777u, path);
    if (euidaccess(path, R_OK) != 0 && errno == EACCES)
        return rf_error_set(error, RF_ERR_IO,
                            "%s: is another user's, and this one may not read it; run this as its "
                            "owner, or give it to the user who runs the set: chown USER %s",
                            path, path);
    return RF_OK;
}

enum rf_err rf_curve_secret_read(const char *path, struct rf_curve_pair *pair,
                                 struct rf_error *error) {
    char *data;
    size_t size, length, number = 0;
    enum rf_err err = refuse_mode(path, error);
    if (err == RF_OK)
        err = rf_file_read(path, FILE_MAX_BYTES, &data, &size, error);
    if (err != RF_OK)
        return err;
    const char *at = data;
    const char *line = rf_curve_line(&at, &number, &length);
    bool valid = line != NULL && length == SECRET_MARK_SIZE + RF_CURVE_KEY_CHARACTERS &&
                 memcmp(line, SECRET_MARK, SECRET_MARK_SIZE) == 0 &&
                 rf_curve_key_valid(line + SECRET_MARK_SIZE, RF_CURVE_KEY_CHARACTERS);
    if (valid) {
        memcpy(pair->secret, line + SECRET_MARK_SIZE, RF_CURVE_KEY_CHARACTERS);
        pair->secret[RF_CURVE_KEY_CHARACTERS] = '\0';
        valid = zmq_curve_public(pair->public_key, pair->secret) == 0;
    }
    explicit_bzero(data, size);
    free(data);
    if (!valid)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: holds no secret key; expected a line \"secret KEY\" as "
                            "\"ringfence keys new\" writes it",
                            path);
    return RF_OK;
}

enum rf_err rf_curve_server_read(const char *path, char key[RF_CURVE_KEY_SIZE],
                                 struct rf_error *error) {
    char name[RF_CURVE_NAME_SIZE];
    enum rf_err err = rf_curve_public_read(path, key, name, error);
    if (err == RF_ERR_NOT_FOUND)
        return rf_error_set(error, err,
                            "%s: is not there; copy it from the broker's host, where ringfence "
                            "keys new broker makes broker.public",
                            path);
    return err;
}

enum rf_err rf_curve_public_read(const char *path, char key[RF_CURVE_KEY_SIZE],
                                 char name[RF_CURVE_NAME_SIZE], struct rf_error *error) {
    char *data;
    size_t length, number = 0;
    enum rf_err err = rf_file_read(path, FILE_MAX_BYTES, &data, NULL, error);
    if (err != RF_OK)
        return err;
    const char *at = data;
    const char *line = rf_curve_line(&at, &number, &length);
    size_t words[2] = {0, 0}, gap = 0;
    if (line != NULL) {
        for (words[0] = 0; words[0] < length && strchr(" \t", line[words[0]]) == NULL;)
            words[0]++;
        for (gap = words[0]; gap < length && strchr(" \t", line[gap]) != NULL;)
            gap++;
        words[1] = length - gap;
    }
    if (line == NULL || !rf_curve_key_valid(line, words[0]) ||
        (words[1] > 0 && !rf_curve_name_valid(line + gap, words[1]))) {
        err = rf_error_set(error, RF_ERR_INVALID,
                           "%s: holds no public key; expected a line of 40 characters, and behind "
                           "it the key's name or nothing, as \"ringfence keys new\" writes it",
                           path);
    } else {
        snprintf(key, RF_CURVE_KEY_SIZE, "%.*s", (int)words[0], line);
        snprintf(name, RF_CURVE_NAME_SIZE, "%.*s", (int)words[1], line + gap);
    }
    free(data);
    return err;
}

// ---- writing ----

static enum rf_err write_new(const char *path, mode_t mode, const char *text,
                             struct rf_error *error) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 && errno == EEXIST)
        return rf_error_set(error, RF_ERR_CONFLICT,
                            "%s: is there already, and a key is not replaced; take another name, "
                            "or move it away",
                            path);
    if (fd < 0)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot create: %s", path, strerror(errno));
    rf_owner_follow(fd, path);
    size_t size = strlen(text);
    bool written = write(fd, text, size) == (ssize_t)size && fsync(fd) == 0;
    int number = errno;
    if (close(fd) == 0 && written)
        return RF_OK;
    unlink(path);
    return rf_error_set(error, RF_ERR_IO, "%s: cannot write: %s", path, strerror(number));
}

enum rf_err rf_curve_pair_write(const struct rf_curve_pair *pair, const char *folder,
                                const char *name, struct rf_error *error) {
    char secret[PATH_MAX], open_path[PATH_MAX], text[512];
    int length = snprintf(secret, sizeof secret, "%s/%s.secret", folder, name);
    snprintf(open_path, sizeof open_path, "%s/%s.public", folder, name);
    if (length < 0 || (size_t)length >= sizeof secret)
        return rf_error_set(error, RF_ERR_INVALID, "%s: the path is too long", folder);
    snprintf(text, sizeof text,
             "# Public key of %s for the bus of Ringfence; the broker's host lets it in by\n"
             "# ringfence keys allow %s.public --role ROLE\n%s %s\n",
             name, name, pair->public_key, name);
    // The public one first: what is left of a try that failed in between is no secret.
    enum rf_err err = access(secret, F_OK) == 0
                          ? rf_error_set(error, RF_ERR_CONFLICT,
                                         "%s: is there already, and a key is not replaced; take "
                                         "another name, or move it away",
                                         secret)
                          : write_new(open_path, 0644, text, error);
    if (err != RF_OK)
        return err;
    snprintf(text, sizeof text,
             "# Secret key of %s for the bus of Ringfence: for the process that bears it "
             "alone.\n" SECRET_MARK "%s\n",
             name, pair->secret);
    err = write_new(secret, 0600, text, error);
    explicit_bzero(text, sizeof text);
    if (err != RF_OK)
        unlink(open_path);
    return err;
}
