// The steps of rf_config_load, shared by load.c, derive.c and check.c.
#ifndef RF_CONFIG_LOAD_H
#define RF_CONFIG_LOAD_H

#include <stddef.h>

#include "config/config.h"

// Where each key was written, for messages of checks that concern several keys.
struct rf_config_origin {
    const char *file;    // NULL: defaults alone
    const size_t *lines; // a line for each row; 0: not written
};

// rf_config_origin_line: the line of `key`, 0 if it was not written.
size_t rf_config_origin_line(const struct rf_config_origin *origin, const char *key);

// rf_config_fail: fills `error` with "FILE:LINE: KEY: " and the text; FILE is "defaults" and the
// line is left out where there is none. Returns RF_ERR_CONFIG.
enum rf_err rf_config_fail(struct rf_error *error, const char *file, size_t line, const char *key,
                           const char *format, ...) RF_PRINTF(5, 6);

// rf_config_derive: fills in what follows from the environment and from other keys: folders,
// endpoints, log files, Twilio's probe path.
RF_NODISCARD enum rf_err rf_config_derive(struct rf_config *config, struct rf_error *error);

// rf_config_check: the rules that concern several keys.
RF_NODISCARD enum rf_err rf_config_check(const struct rf_config *config,
                                         const struct rf_config_origin *origin,
                                         struct rf_error *error);

#endif
