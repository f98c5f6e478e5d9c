// ringfence keys revoke: lets a key in no longer.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "key_list.h"
#include "session.h"

static const struct rf_known_key *find(const struct cli_key_list *list, const char *argument) {
    char key[RF_CURVE_KEY_SIZE], name[RF_CURVE_NAME_SIZE];
    struct rf_error error;
    const struct rf_known_key *entry = rf_known_named(&list->known, argument);
    if (entry == NULL && cli_key_read(argument, key, name, &error) == RF_OK)
        entry = rf_known_find(&list->known, key, strlen(key));
    return entry;
}

int cli_keys_revoke(const struct cli_options *options) {
    struct cli_key_list list;
    int code = cli_key_list_open(&list, options, true);
    if (code == CLI_OK) {
        const struct rf_known_key *entry = find(&list, options->arguments[0]);
        if (entry == NULL) {
            rf_log(RF_LOG_ERROR, "%s: neither a name nor a key in %s", options->arguments[0],
                   list.file);
            code = CLI_FAILED;
        } else {
            code = cli_key_list_write(&list, rf_known_remove(list.text, entry));
        }
        if (code == CLI_OK && options->json)
            cli_print_json(cli_key_json(entry));
        else if (code == CLI_OK)
            printf("%s is no longer in %s\n"
                   "the broker refuses it from its next start on, or from SIGHUP\n",
                   entry->name, list.file);
    }
    cli_key_list_close(&list);
    return code;
}
