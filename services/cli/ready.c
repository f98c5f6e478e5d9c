// ringfence ready: whether the processes of a name on this host do their work, as they say
// themselves: it needs neither a broker nor a key.
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "config/config.h"
#include "runtime/presence.h"
#include "session.h"

struct asked {
    json_t *all;
    bool json, is_ready; // is_ready: of all that were asked so far
};

static void on_answer(void *arg, const char *instance, const char *state, const char *detail) {
    struct asked *asked = arg;
    asked->is_ready &= strcmp(state, "ready") == 0;
    (void)json_array_append_new(asked->all, json_pack("{s:s, s:s, s:s}", "instance", instance,
                                                      "state", state, "detail", detail));
    if (!asked->json)
        printf("%s: %s%s%s\n", instance, state, state[0] != '\0' && detail[0] != '\0' ? ": " : "",
               detail);
}

static bool is_process(const char *name) {
    for (size_t i = 0; rf_presence_services[i] != NULL; i++)
        if (strcmp(rf_presence_services[i], name) == 0)
            return true;
    return false;
}

static int ask(const struct cli_options *options, const char *run_dir) {
    const char *name = options->arguments[0];
    struct asked asked = {.all = json_array(), .json = options->json, .is_ready = true};
    struct rf_error error;
    enum rf_err err = rf_presence_ask(run_dir, name, options->timeout, on_answer, &asked, &error);
    bool is_ready = err == RF_OK && asked.is_ready && json_array_size(asked.all) > 0;
    if (err != RF_OK)
        rf_log(RF_LOG_ERROR, "%s", error.message);
    else if (json_array_size(asked.all) == 0)
        rf_log(RF_LOG_ERROR, "no %s runs here, or none with this run_dir, %s", name, run_dir);
    if (options->json)
        cli_print_json(json_pack("{s:s, s:b, s:O}", "process", name, "ready", is_ready, "instances",
                                 asked.all));
    json_decref(asked.all);
    return is_ready ? CLI_OK : CLI_FAILED;
}

int cli_ready(const struct cli_options *options) {
    struct rf_config *config = NULL;
    struct rf_error error;
    if (!is_process(options->arguments[0])) {
        rf_log(RF_LOG_ERROR,
               "ready: %s is no process of the set; expected broker, service-gateway, "
               "orchestrator, health-monitor, alerter, logger, console or simulator",
               options->arguments[0]);
        return CLI_USAGE;
    }
    enum rf_err err = rf_config_load(options->config, &config, &error);
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "%s", error.message);
        return err == RF_ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
    }
    int code = ask(options, config->run_dir);
    rf_config_destroy(&config);
    return code;
}
