// Names that only the set knows, for the completion of a command line.
#ifndef RF_CLI_COMPLETE_NAMES_H
#define RF_CLI_COMPLETE_NAMES_H

#include "complete.h"

// cli_complete_names: appends the names that are wanted, asking the set for at most a second; where
// it does not answer, or the configuration is wrong, none. What that says is said on stderr.
void cli_complete_names(const struct cli_wanted *wanted, struct rf_text *out);

#endif
