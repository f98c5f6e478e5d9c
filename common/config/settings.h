// A campaign's settings of its own: some of the rows `campaign.*`, over those of the configuration.
#ifndef RF_CONFIG_SETTINGS_H
#define RF_CONFIG_SETTINGS_H

#include <jansson.h>

#include "config/config.h"

#define RF_SETTINGS_MAX_BYTES ((size_t)64 * 1024) // of a file

// rf_settings_read: the settings in the YAML `text` of `file` (a name for messages), which has the
// section `campaign` as the configuration has it, and nothing else. ${...} is not replaced. They
// become JSON as it is stored: {"max_calls": "3", "recall": {"busy": {"waits": ["10m"]}}}, a new
// reference. RF_ERR_CONFIG with file, line, key and mend, also for what does not go together, with
// what `config` says of the rest.
RF_NODISCARD enum rf_err rf_settings_read(const struct rf_config *config, const char *text,
                                          size_t size, const char *file, json_t **settings,
                                          struct rf_error *error);

// rf_settings_change: sets `key`, such as "recall.busy.retries" or "windows", to a value as it
// stands in a file: "3", "[mon-fri 09:00-17:00]"; "" takes it away, so that the configuration's
// holds again. RF_ERR_CONFIG names the key. The value is looked at by rf_settings_apply.
RF_NODISCARD enum rf_err rf_settings_change(json_t *settings, const char *key, const char *value,
                                            struct rf_error *error);

// rf_settings_apply: `own` is a struct of which `campaign` alone is filled: the settings (NULL:
// none) and, for all other rows, what `config` has. Who gives one of the four numbers of a recall
// takes the configuration's `waits` for it away. Freed by rf_config_destroy. RF_ERR_CONFIG names
// the key.
RF_NODISCARD enum rf_err rf_settings_apply(const struct rf_config *config, const json_t *settings,
                                           struct rf_config **own, struct rf_error *error);

#endif
