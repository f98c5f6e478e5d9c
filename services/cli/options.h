// The command line: ringfence [OPTION]... COMMAND [ARGUMENT]...
#ifndef RF_CLI_OPTIONS_H
#define RF_CLI_OPTIONS_H

#include <ringfence/error.h>

#include "command.h"

#define CLI_DEFAULT_TIMEOUT rf_seconds(10)

// cli_options_parse: options may stand before, between and behind the words. RF_ERR_INVALID with
// what is wrong. Nothing is printed. argv is reordered and borrowed.
RF_NODISCARD enum rf_err cli_options_parse(const struct cli_command *commands, size_t count,
                                           int argc, char **argv, struct cli_options *options,
                                           struct rf_error *error);

// cli_json_usage: " [--json]" behind the usage of a command that has it, else "".
const char *cli_json_usage(const struct cli_command *command);

// cli_duration_read: the value of an option such as "--timeout": 1ms to 24h, with a unit.
// RF_ERR_INVALID names the option and what was expected.
RF_NODISCARD enum rf_err cli_duration_read(const char *option, const char *text,
                                           struct rf_duration *duration, struct rf_error *error);

#endif
