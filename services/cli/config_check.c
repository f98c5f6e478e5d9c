// ringfence config check: the first thing that is wrong, and what is most likely not meant.
#include <stdio.h>

#include "base/log.h"
#include "command.h"
#include "config/config.h"

static void print_warning(void *arg, const char *code, const char *key, const char *text) {
    const char *file = arg;
    fprintf(stderr, "%s: warning: %s: %s [%s]\n", file, key, text, code);
}

int cli_config_check(const struct cli_options *options) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    const char *file = options->count > 0 ? options->arguments[0] : options->config;
    enum rf_err err = rf_config_load(file, &config, &error);
    if (err != RF_OK) {
        fprintf(stderr, "%s\n", error.message);
        return err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    char name[] = "defaults";
    rf_config_review(config, print_warning, config->file != NULL ? config->file : name);
    printf("%s: ok\n", file != NULL ? file : name);
    rf_config_destroy(&config);
    return CLI_OK;
}
