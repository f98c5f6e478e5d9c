// What follows from the environment and from other keys.
#include "config/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Fills an unset text; false if out of memory.
static bool fill(char **text, const char *format, ...) RF_PRINTF(2, 3);

static bool fill(char **text, const char *format, ...) {
    if (*text != NULL)
        return true;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    if (length < 0)
        *text = NULL;
    return length >= 0;
}

// A folder from the environment; relative ones are to be ignored (XDG Base Directory
// Specification).
static const char *folder_variable(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] == '/' ? value : NULL;
}

static bool folders_fill(struct rf_config *config) {
    const char *runtime = folder_variable("XDG_RUNTIME_DIR");
    const char *state = folder_variable("XDG_STATE_HOME");
    const char *home = folder_variable("HOME");
    bool run_filled = runtime != NULL
                          ? fill(&config->run_dir, "%s/ringfence", runtime)
                          : fill(&config->run_dir, "/tmp/ringfence-%u", (unsigned)getuid());
    if (!run_filled)
        return false;
    bool state_filled = state != NULL  ? fill(&config->state_dir, "%s/ringfence", state)
                        : home != NULL ? fill(&config->state_dir, "%s/.local/state/ringfence", home)
                                       : fill(&config->state_dir, "%s/state", config->run_dir);
    return state_filled && fill(&config->log_dir, "%s/log", config->state_dir) &&
           fill(&config->media_dir, "%s/media", config->state_dir);
}

static bool probe_fill(struct rf_config_provider *twilio) {
    if (twilio->account_sid == NULL)
        return fill(&twilio->probe_path, "/2010-04-01/Accounts.json");
    return fill(&twilio->probe_path, "/2010-04-01/Accounts/%s.json", twilio->account_sid);
}

// The first of a provider's keys is its key, for whoever needs only one.
static bool keys_fill(struct rf_config_provider *provider) {
    return provider->key.value != NULL || provider->keys.count == 0 ||
           rf_secret_copy(&provider->key, provider->keys.items) == RF_OK;
}

static bool keys_copy(struct rf_config_list *to, const struct rf_config_list *from) {
    const struct rf_secret *keys = from->items;
    if (from->count == 0)
        return true;
    struct rf_secret *copies = calloc(from->count, sizeof *copies);
    if (copies == NULL)
        return false;
    *to = (struct rf_config_list){copies, from->count};
    for (size_t i = 0; i < from->count; i++)
        if (rf_secret_copy(&copies[i], &keys[i]) != RF_OK)
            return false; // the rest is all zero
    return true;
}

// OpenAI's speech is the same account as its scripts unless it has a key of its own. Only at the
// same address: a key is not shown to another host.
static bool speech_keys_fill(struct rf_config *config) {
    struct rf_config_provider *speech = &config->providers[RF_PROVIDER_OPENAI_TTS];
    const struct rf_config_provider *openai = &config->providers[RF_PROVIDER_OPENAI];
    if (speech->key.value != NULL || strcmp(speech->base_url, openai->base_url) != 0)
        return true;
    return rf_secret_copy(&speech->key, &openai->key) == RF_OK &&
           keys_copy(&speech->keys, &openai->keys);
}

// A section with a proxy of its own takes nothing of the common one: a password is not shown to
// another host.
static bool proxy_fill(struct rf_config_proxy *proxy, const struct rf_config_proxy *common) {
    if (proxy->url != NULL || common->url == NULL)
        return true;
    return fill(&proxy->url, "%s", common->url) &&
           (common->user == NULL || fill(&proxy->user, "%s", common->user)) &&
           (proxy->password.value != NULL ||
            rf_secret_copy(&proxy->password, &common->password) == RF_OK);
}

enum rf_err rf_config_derive(struct rf_config *config, struct rf_error *error) {
    struct rf_bus_config *bus = &config->bus;
    for (int id = 0; id < RF_PROVIDER_COUNT; id++)
        if (!keys_fill(&config->providers[id]) ||
            !proxy_fill(&config->providers[id].proxy, &config->proxy))
            return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    if (!folders_fill(config) || !fill(&bus->calls, "ipc://%s/calls", config->run_dir) ||
        !fill(&bus->workers, "ipc://%s/workers", config->run_dir) ||
        !fill(&bus->ingest, "ipc://%s/ingest", config->run_dir) ||
        !fill(&bus->events, "ipc://%s/events", config->run_dir) ||
        !fill(&config->broker.known_clients, "%s/keys/known_clients", config->state_dir) ||
        !fill(&config->logger.json_file, "%s/app_logs.json", config->log_dir) ||
        !fill(&config->logger.text_file, "%s/app.log", config->log_dir) ||
        !probe_fill(&config->providers[RF_PROVIDER_TWILIO]) || !speech_keys_fill(config))
        return rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return RF_OK;
}
