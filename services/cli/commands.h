// Every command of ringfence, in the order of its help and of its manual page.
#ifndef RF_CLI_COMMANDS_H
#define RF_CLI_COMMANDS_H

#include <stddef.h>

#include "command.h"

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

#endif
