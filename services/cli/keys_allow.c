// ringfence keys allow: lets a public key in.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "key_list.h"

static enum rf_err read_entry(const struct cli_options *options, struct rf_known_key *entry,
                              struct rf_error *error) {
    const char *roles = options->own[CLI_ROLE], *name = options->own[CLI_NAME];
    if (roles == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "keys allow: --role is missing; expected one or several of publisher, "
                            "subscriber, worker, caller, admin, separated by commas");
    enum rf_err err = rf_roles_parse(roles, &entry->roles, error);
    if (err == RF_OK)
        err = cli_key_read(options->arguments[0], entry->key, entry->name, error);
    if (err != RF_OK)
        return err;
    if (name != NULL && !rf_curve_name_valid(name, strlen(name)))
        return rf_error_set(error, RF_ERR_INVALID,
                            "--name: %s is no name for a key; expected up to 64 letters, digits, "
                            "dots, hyphens and underscores",
                            name);
    if (name != NULL)
        snprintf(entry->name, sizeof entry->name, "%s", name);
    return RF_OK;
}

// What stands in the way of the entry; both NULL: nothing.
struct others {
    const struct rf_known_key *with_key, *with_name;
};

static enum rf_err refuse(const struct others *others, const struct rf_known_key *entry,
                          struct rf_error *error) {
    char roles[RF_ROLES_TEXT_SIZE];
    if (others->with_key != NULL)
        return rf_error_set(error, RF_ERR_CONFLICT,
                            "the key is allowed already, as %s with the roles %s; --replace "
                            "changes that",
                            others->with_key->name, rf_roles_text(others->with_key->roles, roles));
    return rf_error_set(error, RF_ERR_CONFLICT,
                        "%s is the name of another key; take another --name, or --replace puts "
                        "this key in its place",
                        entry->name);
}

static int allow(struct cli_key_list *list, const struct cli_options *options,
                 struct rf_known_key *entry) {
    char roles[RF_ROLES_TEXT_SIZE];
    struct rf_error error;
    struct others others = {rf_known_find(&list->known, entry->key, strlen(entry->key)), NULL};
    if (entry->name[0] == '\0' && others.with_key != NULL)
        snprintf(entry->name, sizeof entry->name, "%s", others.with_key->name);
    if (entry->name[0] == '\0') {
        rf_log(RF_LOG_ERROR, "the key has no name; give one by --name");
        return CLI_USAGE;
    }
    rf_roles_text(entry->roles, roles);
    others.with_name = rf_known_named(&list->known, entry->name);
    if (others.with_key != NULL && others.with_key == others.with_name &&
        others.with_key->roles == entry->roles) {
        printf("%s is allowed already as %s\n", entry->name, roles);
        return CLI_OK;
    }
    if ((others.with_key != NULL || others.with_name != NULL) &&
        options->own[CLI_REPLACE] == NULL) {
        (void)!refuse(&others, entry, &error);
        rf_log(RF_LOG_ERROR, "%s", error.message);
        return CLI_FAILED;
    }
    const struct rf_known_key *const without[2] = {others.with_key, others.with_name};
    int code = cli_key_list_write(list, rf_known_add(list->text, without, entry));
    if (code == CLI_OK)
        printf("%s is allowed as %s in %s\n"
               "the broker takes it up at its next start, or on SIGHUP\n",
               entry->name, roles, list->file);
    return code;
}

int cli_keys_allow(const struct cli_options *options) {
    struct cli_key_list list;
    struct rf_known_key entry = {0};
    struct rf_error error;
    if (read_entry(options, &entry, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        return CLI_USAGE;
    }
    int code = cli_key_list_open(&list, options, true);
    if (code == CLI_OK)
        code = allow(&list, options, &entry);
    cli_key_list_close(&list);
    return code;
}
