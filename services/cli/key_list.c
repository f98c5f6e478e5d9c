#include "key_list.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/owner.h"
#include "config/config.h"

#define FILE_MAX_BYTES ((size_t)4 << 20)

static enum rf_err lock(struct cli_key_list *list, struct rf_error *error) {
    char path[PATH_MAX], folder[PATH_MAX];
    const char *slash = strrchr(list->file, '/');
    snprintf(path, sizeof path, "%s.lock", list->file);
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - list->file), list->file);
    enum rf_err err = folder[0] == '\0' ? RF_OK : rf_owner_folder_make(folder, 0700, error);
    if (err != RF_OK)
        return err;
    list->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (list->lock < 0 || flock(list->lock, LOCK_EX) != 0)
        return rf_error_set(error, RF_ERR_IO, "%s: cannot lock: %s", path, strerror(errno));
    rf_owner_follow(list->lock, path);
    return RF_OK;
}

static enum rf_err read_list(struct cli_key_list *list, struct rf_error *error) {
    enum rf_err err = rf_file_read(list->file, FILE_MAX_BYTES, &list->text, NULL, error);
    if (err == RF_ERR_NOT_FOUND) {
        list->text = strdup("");
        err = list->text != NULL ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    }
    return err == RF_OK ? rf_known_parse(list->text, list->file, &list->known, error) : err;
}

int cli_key_list_open(struct cli_key_list *list, const struct cli_options *options,
                      bool to_change) {
    struct rf_error error;
    *list = (struct cli_key_list){.lock = -1};
    enum rf_err err = rf_config_load(options->config, &list->config, &error);
    if (err == RF_OK) {
        list->file = list->config->broker.known_clients;
        err = to_change ? lock(list, &error) : RF_OK;
    }
    if (err == RF_OK)
        err = read_list(list, &error);
    if (err == RF_OK)
        return CLI_OK;
    rf_log(RF_LOG_ERROR, "%s", error.message);
    return err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
}

// The broker may run as another user than the one who lets keys in.
static void keep_owner(const char *file, const struct stat *before) {
    if (chown(file, before->st_uid, before->st_gid) != 0 ||
        chmod(file, before->st_mode & 07777) != 0)
        rf_log(RF_LOG_WARNING, "%s: cannot give it the owner and the mode that it had: %s", file,
               strerror(errno));
}

int cli_key_list_write(struct cli_key_list *list, char *text) {
    struct rf_error error;
    struct stat before;
    bool was_there = stat(list->file, &before) == 0;
    enum rf_err err = text == NULL ? rf_error_set(&error, RF_ERR_NOMEM, "out of memory")
                                   : rf_file_replace(list->file, text, strlen(text), &error);
    free(text);
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        return CLI_FAILED;
    }
    if (was_there)
        keep_owner(list->file, &before);
    return CLI_OK;
}

json_t *cli_key_json(const struct rf_known_key *entry) {
    char roles[RF_ROLES_TEXT_SIZE];
    return json_pack("{s:s, s:s, s:s}", "name", entry->name, "roles",
                     rf_roles_text(entry->roles, roles), "key", entry->key);
}

void cli_key_list_close(struct cli_key_list *list) {
    rf_known_fini(&list->known);
    free(list->text);
    if (list->lock >= 0)
        close(list->lock);
    rf_config_destroy(&list->config);
}

enum rf_err cli_key_read(const char *argument, char key[RF_CURVE_KEY_SIZE],
                         char name[RF_CURVE_NAME_SIZE], struct rf_error *error) {
    // A path of 40 characters can look like a key, so files come first.
    enum rf_err err = rf_curve_public_read(argument, key, name, error);
    if (err == RF_ERR_NOT_FOUND && rf_curve_key_valid(argument, strlen(argument))) {
        snprintf(key, RF_CURVE_KEY_SIZE, "%s", argument);
        name[0] = '\0';
        return RF_OK;
    }
    if (err == RF_ERR_NOT_FOUND)
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: is neither a public key (40 characters of Z85) nor the file of "
                            "one",
                            argument);
    return err;
}
