// What `ringfence --help` tells.
#ifndef RF_CLI_HELP_H
#define RF_CLI_HELP_H

#include <stdio.h>

#include "command.h"

// cli_help_print: writes the usage of the command that was asked of, of a group such as alert, or
// of all, and the exit codes, to `out`.
void cli_help_print(FILE *out, const struct cli_options *options);

#endif
