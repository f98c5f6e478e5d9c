#include "config/secret.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "config/permitted.h"
#include "config/value.h"

#define SECRET_MAX_BYTES 65536

static void wipe(char **value) {
    if (*value == NULL)
        return;
    explicit_bzero(*value, strlen(*value));
    free(*value);
    *value = NULL;
}

void rf_secret_fini(struct rf_secret *secret) {
    wipe(&secret->value);
    free(secret->file);
    memset(secret, 0, sizeof *secret);
}

static void take_value(struct rf_secret *secret, char *value) {
    char hex[RF_SHA256_HEX_SIZE];
    wipe(&secret->value);
    secret->value = value;
    rf_sha256_hex(value, strlen(value), hex);
    memcpy(secret->fingerprint, hex, sizeof secret->fingerprint - 1);
    secret->fingerprint[sizeof secret->fingerprint - 1] = '\0';
}

// A secret goes into headers and command lines of protocols: one line, without control characters.
static enum rf_err check_value(const char *value, size_t size, struct rf_error *error) {
    if (size == 0)
        return rf_error_set(error, RF_ERR_CONFIG, "is empty; expected a secret of one line");
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7f)
            return rf_error_set(error, RF_ERR_CONFIG,
                                "has a control character or a second line; expected a secret of "
                                "one line");
    return RF_OK;
}

static enum rf_err read_value(const char *path, char **value, struct rf_error *error) {
    size_t size = 0;
    char *data = NULL;
    struct rf_error cause = {0};
    if (rf_config_permitted(path, R_OK, &cause) != RF_OK ||
        rf_file_read(path, SECRET_MAX_BYTES, &data, &size, &cause) != RF_OK || data == NULL) {
        rf_error_set(error, RF_ERR_CONFIG,
                     "names a file that cannot be read: %s; expected file:PATH of a "
                     "readable file",
                     cause.message);
        return RF_ERR_CONFIG;
    }
    while (size > 0 && (data[size - 1] == '\n' || data[size - 1] == '\r'))
        data[--size] = '\0';
    if (check_value(data, size, error) != RF_OK) {
        rf_error_prefix(error, "names the file %s, which ", path);
        explicit_bzero(data, size);
        free(data);
        return RF_ERR_CONFIG;
    }
    *value = data;
    return RF_OK;
}

static enum rf_err set_file(struct rf_secret *secret, const char *text, const char *folder,
                            struct rf_error *error) {
    char *value = NULL;
    if (text[0] == '\0')
        return rf_error_set(error, RF_ERR_CONFIG, "has no path after file:; expected file:PATH");
    char *path = rf_config_path(folder, text);
    if (path == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    enum rf_err err = read_value(path, &value, error);
    if (err != RF_OK) {
        free(path);
        return err;
    }
    free(secret->file);
    secret->file = path;
    take_value(secret, value);
    return RF_OK;
}

enum rf_err rf_secret_set(struct rf_secret *secret, const char *text, const char *folder,
                          struct rf_error *error) {
    if (strncmp(text, "file:", 5) == 0)
        return set_file(secret, text + 5, folder, error);
    enum rf_err err = check_value(text, strlen(text), error);
    if (err != RF_OK)
        return err;
    char *value = strdup(text);
    if (value == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    free(secret->file);
    secret->file = NULL;
    take_value(secret, value);
    return RF_OK;
}

enum rf_err rf_secret_refresh(struct rf_secret *secret, bool *changed, struct rf_error *error) {
    char *value = NULL;
    *changed = false;
    if (secret->file == NULL)
        return RF_OK;
    enum rf_err err = read_value(secret->file, &value, error);
    if (err != RF_OK)
        return err;
    if (secret->value != NULL && strcmp(secret->value, value) == 0) {
        wipe(&value);
        return RF_OK;
    }
    *changed = true;
    take_value(secret, value);
    return RF_OK;
}

enum rf_err rf_secret_copy(struct rf_secret *to, const struct rf_secret *from) {
    struct rf_secret copy = {0};
    if (from->file != NULL && (copy.file = strdup(from->file)) == NULL)
        return RF_ERR_NOMEM;
    if (from->value != NULL) {
        char *value = strdup(from->value);
        if (value == NULL) {
            free(copy.file);
            return RF_ERR_NOMEM;
        }
        take_value(&copy, value);
    }
    rf_secret_fini(to);
    *to = copy;
    return RF_OK;
}
