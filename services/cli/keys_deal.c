// ringfence keys deal: the keys of a whole set, each in the folder of its process.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/owner.h"
#include "config/config.h"
#include "curve/known.h"
#include "session.h"

#define LIST_MAX_BYTES ((size_t)4 << 20)

struct deal {
    const char *folder;
    char broker[RF_CURVE_KEY_SIZE];
    json_t *told;
    bool json;
};

static enum rf_err path_of(const struct deal *deal, const char *process, const char *file,
                           char path[PATH_MAX], struct rf_error *error) {
    int length = snprintf(path, PATH_MAX, "%s/%s/%s", deal->folder, process, file);
    return length < PATH_MAX ? RF_OK
                             : rf_error_set(error, RF_ERR_INVALID, "the folder's path is too long");
}

// The public key of the process, whose pair is made if it is not there.
static enum rf_err make_pair(const struct deal *deal, const char *process,
                             char key[RF_CURVE_KEY_SIZE], bool *is_new, struct rf_error *error) {
    char folder[PATH_MAX], path[PATH_MAX], file[128];
    struct rf_curve_pair pair = {0};
    snprintf(file, sizeof file, "%s.secret", process);
    enum rf_err err = path_of(deal, process, file, path, error);
    if (err == RF_OK)
        err = path_of(deal, process, "", folder, error);
    if (err != RF_OK)
        return err;
    *is_new = false;
    err = rf_curve_secret_read(path, &pair, error);
    if (err == RF_ERR_NOT_FOUND) {
        *is_new = true;
        err = rf_owner_folder_make(folder, 0700, error);
        if (err == RF_OK)
            err = rf_curve_pair_new(&pair, error);
        if (err == RF_OK)
            err = rf_curve_pair_write(&pair, folder, process, error);
    }
    memcpy(key, pair.public_key, RF_CURVE_KEY_SIZE);
    rf_curve_pair_wipe(&pair);
    return err;
}

static enum rf_err write_server_key(const struct deal *deal, const char *process,
                                    struct rf_error *error) {
    char path[PATH_MAX], line[RF_CURVE_KEY_SIZE + 16];
    int length = snprintf(line, sizeof line, "%s broker\n", deal->broker);
    enum rf_err err = path_of(deal, process, "broker.public", path, error);
    return err == RF_OK ? rf_file_replace(path, line, (size_t)length, error) : err;
}

// Puts the entry into the list, and in the place of what has its key or its name.
static enum rf_err let_in(const char *list, const struct rf_known_key *entry,
                          struct rf_error *error) {
    struct rf_known known = {0};
    char *text = NULL, *changed = NULL;
    enum rf_err err = rf_file_read(list, LIST_MAX_BYTES, &text, NULL, error);
    if (err == RF_ERR_NOT_FOUND)
        err = (text = strdup("")) != NULL ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "no memory");
    if (err == RF_OK)
        err = rf_known_parse(text, list, &known, error);
    if (err == RF_OK) {
        const struct rf_known_key *with_key = rf_known_find(&known, entry->key, strlen(entry->key));
        const struct rf_known_key *with_name = rf_known_named(&known, entry->name);
        const struct rf_known_key *others[2] = {with_key, with_name != with_key ? with_name : NULL};
        // Roles that a person has changed stay.
        if (with_key == NULL) {
            changed = rf_known_add(text, others, entry);
            err = changed != NULL ? rf_file_replace(list, changed, strlen(changed), error)
                                  : rf_error_set(error, RF_ERR_NOMEM, "no memory");
        }
    }
    rf_known_fini(&known);
    free(changed);
    free(text);
    return err;
}

static void tell(struct deal *deal, const char *process, const char *key, const char *roles,
                 bool is_new) {
    (void)json_array_append_new(deal->told, json_pack("{s:s, s:s, s:s, s:b}", "name", process,
                                                      "key", key, "roles", roles, "new", is_new));
    if (!deal->json)
        printf("%s/%s: %s%s%s%s\n", deal->folder, process, is_new ? "new key" : "has its key",
               roles[0] != '\0' ? ", " : "", roles,
               strcmp(process, "broker") == 0 ? ", and the list of all" : "");
}

static enum rf_err deal_one(struct deal *deal, const char *process, unsigned roles,
                            struct rf_error *error) {
    struct rf_known_key entry = {.roles = roles};
    char list[PATH_MAX], text[RF_ROLES_TEXT_SIZE];
    bool is_new;
    enum rf_err err = make_pair(deal, process, entry.key, &is_new, error);
    snprintf(entry.name, sizeof entry.name, "%s", process);
    if (err == RF_OK)
        err = write_server_key(deal, process, error);
    if (err == RF_OK)
        err = path_of(deal, "broker", "known_clients", list, error);
    if (err == RF_OK)
        err = let_in(list, &entry, error);
    if (err == RF_OK)
        tell(deal, process, entry.key, rf_roles_text(roles, text), is_new);
    return err;
}

static enum rf_err deal_all(struct deal *deal, const struct rf_config *config,
                            struct rf_error *error) {
    bool is_new;
    const char *process;
    unsigned roles;
    struct stat status;
    if (stat(deal->folder, &status) == 0 && !S_ISDIR(status.st_mode))
        return rf_error_set(error, RF_ERR_CONFLICT, "%s is no folder: give one, or a new name",
                            deal->folder);
    enum rf_err err = make_pair(deal, "broker", deal->broker, &is_new, error);
    if (err == RF_OK)
        tell(deal, "broker", deal->broker, "", is_new);
    for (size_t i = 0; err == RF_OK && rf_config_bus_process(config, i, &process, &roles); i++) {
        // By these people act: they force breakers, clear marks, acknowledge incidents.
        if (strcmp(process, "cli") == 0 || strcmp(process, "console") == 0)
            roles |= RF_ROLE_ADMIN;
        err = deal_one(deal, process, roles, error);
    }
    return err;
}

int cli_keys_deal(const struct cli_options *options) {
    struct deal deal = {.folder = options->arguments[0], .json = options->json};
    struct rf_config *config = NULL;
    struct rf_error error;
    enum rf_err err = rf_config_load(options->config, &config, &error);
    if (err == RF_OK) {
        deal.told = json_array();
        err = deal_all(&deal, config, &error);
    }
    rf_config_destroy(&config);
    if (err != RF_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
    else if (options->json)
        cli_print_json(json_incref(deal.told));
    json_decref(deal.told);
    return err == RF_OK ? CLI_OK : err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
}
