// Completion of command lines in shells.
#ifndef RF_CLI_COMPLETION_H
#define RF_CLI_COMPLETION_H

#include "command.h"

// The word by which a shell's script asks what can stand at the end of the words behind it. It is
// no command: nobody writes it.
#define CLI_COMPLETE_WORD "__complete"

// cli_completion_ask: prints what can take the place of the last of `words`, a line each, as
// cli_complete has it; says nothing else. Returns the exit code.
int cli_completion_ask(const struct cli_command *commands, size_t count, const char *const *words,
                       size_t word_count);

#endif
