// ringfence config check: the first thing that is wrong, and what is most likely not meant.
#include <jansson.h>
#include <stdio.h>

#include "base/log.h"
#include "command.h"
#include "config/config.h"
#include "session.h"

struct checking {
    const char *file;
    json_t *warnings; // NULL: each is printed as it is found
};

static void on_warning(void *arg, const char *code, const char *key, const char *text) {
    const struct checking *checking = arg;
    if (checking->warnings != NULL)
        (void)json_array_append_new(checking->warnings, json_pack("{s:s, s:s, s:s}", "code", code,
                                                                  "key", key, "text", text));
    else
        fprintf(stderr, "%s: warning: %s: %s [%s]\n", checking->file, key, text, code);
}

int cli_config_check(const struct cli_options *options) {
    struct rf_config *config = NULL;
    struct rf_error error = {0};
    const char *file = options->count > 0 ? options->arguments[0] : options->config;
    struct checking checking = {.file = file != NULL ? file : "defaults"};
    enum rf_err err = rf_config_load(file, &config, &error);
    if (err != RF_OK) {
        if (options->json)
            rf_log(RF_LOG_ERROR, "%s", error.message);
        else
            fprintf(stderr, "%s\n", error.message);
        if (options->json)
            cli_print_json(json_pack("{s:s, s:b, s:s}", "file", checking.file, "ok", 0, "error",
                                     error.message));
        return err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    if (config->file != NULL)
        checking.file = config->file;
    if (options->json)
        checking.warnings = json_array();
    rf_config_review(config, on_warning, &checking);
    if (options->json)
        cli_print_json(json_pack("{s:s, s:b, s:o}", "file", checking.file, "ok", 1, "warnings",
                                 checking.warnings));
    else
        printf("%s: ok\n", checking.file);
    rf_config_destroy(&config);
    return CLI_OK;
}
