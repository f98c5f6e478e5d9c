// --watch: what a command tells, again and again.
#ifndef RF_CLI_WATCH_H
#define RF_CLI_WATCH_H

#include "command.h"

// cli_watch: runs the command of `options` every --watch until a signal ends it. On a terminal its
// text stands in place; elsewhere, and with --json, each follows the one before. A round that
// fails, as without a broker, is shown, and the next one begins. `run` ends a round: it runs the
// command and returns its exit code. Returns the exit code.
int cli_watch(const struct cli_options *options, int (*run)(const struct cli_options *options));

#endif
