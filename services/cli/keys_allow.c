// ringfence keys allow: lets a public key in.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "key_list.h"
#include "session.h"

static enum rf_err read_entry(const struct cli_options *options, struct rf_known_key *entry,
                              struct rf_error *error) {
    const char *roles = options->own[CLI_ROLE], *name = options->own[CLI_NAME];
    if (roles == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "keys allow: --role is missing; expected one or several of publisher, "
                            "subscriber, worker, caller, teller, admin, separated by commas");
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

// The entries that the new one would be put in the place of: the one with its key, and the one with
// its name.
struct others {
    const struct rf_known_key *items[2];
    size_t count;
};

static struct others find_others(const struct rf_known *known, const struct rf_known_key *entry) {
    const struct rf_known_key *with_key = rf_known_find(known, entry->key, strlen(entry->key));
    const struct rf_known_key *with_name = rf_known_named(known, entry->name);
    struct others others = {0};
    if (with_key != NULL)
        others.items[others.count++] = with_key;
    if (with_name != NULL && with_name != with_key)
        others.items[others.count++] = with_name;
    return others;
}

static void refuse(const struct others *others, const struct rf_known_key *entry) {
    char roles[RF_ROLES_TEXT_SIZE];
    for (size_t i = 0; i < others->count; i++) {
        const struct rf_known_key *other = others->items[i];
        rf_roles_text(other->roles, roles);
        if (strcmp(other->key, entry->key) == 0)
            rf_log(RF_LOG_ERROR,
                   "the key is allowed already, as %s with the roles %s; --replace changes that",
                   other->name, roles);
        else
            rf_log(RF_LOG_ERROR,
                   "%s is the name of another key, %s with the roles %s; take another --name, or "
                   "--replace puts this key in its place",
                   other->name, other->key, roles);
    }
}

static void tell_json(const struct rf_known_key *entry, const struct others *replaced,
                      bool is_changed) {
    json_t *told = cli_key_json(entry), *gone = json_array();
    for (size_t i = 0; i < replaced->count; i++)
        (void)json_array_append_new(gone, cli_key_json(replaced->items[i]));
    (void)json_object_set_new(told, "changed", json_boolean(is_changed));
    (void)json_object_set_new(told, "replaced", gone);
    cli_print_json(told);
}

static void tell_text(const struct cli_key_list *list, const struct rf_known_key *entry,
                      const struct others *replaced) {
    char roles[RF_ROLES_TEXT_SIZE];
    printf("%s is allowed as %s in %s\n", entry->name, rf_roles_text(entry->roles, roles),
           list->file);
    for (size_t i = 0; i < replaced->count; i++)
        printf("in the place of %s with the roles %s: %s\n", replaced->items[i]->name,
               rf_roles_text(replaced->items[i]->roles, roles), replaced->items[i]->key);
    puts("the broker takes it up at its next start, or on SIGHUP");
}

static int allow(struct cli_key_list *list, const struct cli_options *options,
                 struct rf_known_key *entry) {
    static const struct others nobody;
    char roles[RF_ROLES_TEXT_SIZE];
    const struct rf_known_key *same = rf_known_find(&list->known, entry->key, strlen(entry->key));
    if (entry->name[0] == '\0' && same != NULL)
        snprintf(entry->name, sizeof entry->name, "%s", same->name);
    if (entry->name[0] == '\0') {
        rf_log(RF_LOG_ERROR, "the key has no name; give one by --name");
        return CLI_USAGE;
    }
    struct others others = find_others(&list->known, entry);
    if (same != NULL && others.count == 1 && strcmp(same->name, entry->name) == 0 &&
        same->roles == entry->roles) {
        if (options->json)
            tell_json(entry, &nobody, false);
        else
            printf("%s is allowed already as %s in %s\n", entry->name,
                   rf_roles_text(entry->roles, roles), list->file);
        return CLI_OK;
    }
    if (others.count > 0 && options->own[CLI_REPLACE] == NULL) {
        refuse(&others, entry);
        return CLI_FAILED;
    }
    int code = cli_key_list_write(list, rf_known_add(list->text, others.items, entry));
    if (code == CLI_OK && options->json)
        tell_json(entry, &others, true);
    else if (code == CLI_OK)
        tell_text(list, entry, &others);
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
