// ringfence keys new: a pair of keys for one process that reaches the broker by TCP.
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/owner.h"
#include "config/config.h"
#include "curve/key.h"
#include "session.h"

static enum rf_err make(const char *folder, const char *name, struct rf_curve_pair *pair,
                        struct rf_error *error) {
    if (!rf_curve_name_valid(name, strlen(name)))
        return rf_error_set(error, RF_ERR_INVALID,
                            "%s: is no name for a key; expected up to 64 letters, digits, dots, "
                            "hyphens and underscores",
                            name);
    enum rf_err err = rf_owner_folder_make(folder, 0700, error);
    if (err == RF_OK)
        err = rf_curve_pair_new(pair, error);
    if (err == RF_OK)
        err = rf_curve_pair_write(pair, folder, name, error);
    return err;
}

static void tell(const struct cli_options *options, const char *folder, const char *name,
                 const char *key) {
    char secret[2 * PATH_MAX], public_key[2 * PATH_MAX];
    snprintf(secret, sizeof secret, "%s/%s.secret", folder, name);
    snprintf(public_key, sizeof public_key, "%s/%s.public", folder, name);
    if (options->json)
        cli_print_json(json_pack("{s:s, s:s, s:s, s:s}", "name", name, "key", key, "secret_file",
                                 secret, "public_file", public_key));
    else
        printf("%s: secret, for the process that bears it alone\n"
               "%s: public, for \"ringfence keys allow\" on the broker's host\n%s\n",
               secret, public_key, key);
}

int cli_keys_new(const struct cli_options *options) {
    struct rf_config *config = NULL;
    struct rf_curve_pair pair = {0};
    struct rf_error error;
    char folder[PATH_MAX];
    const char *name = options->arguments[0];
    enum rf_err err = rf_config_load(options->config, &config, &error);
    if (err == RF_OK) {
        if (options->own[CLI_OUT] != NULL)
            snprintf(folder, sizeof folder, "%s", options->own[CLI_OUT]);
        else
            snprintf(folder, sizeof folder, "%s/keys", config->state_dir);
        err = make(folder, name, &pair, &error);
    }
    rf_config_destroy(&config);
    if (err == RF_OK)
        tell(options, folder, name, pair.public_key);
    else
        rf_log(RF_LOG_ERROR, "%s", error.message);
    rf_curve_pair_wipe(&pair);
    return err == RF_OK ? CLI_OK : err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
}
