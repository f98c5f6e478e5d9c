// What standard output is.
#ifndef RF_CLI_TERMINAL_H
#define RF_CLI_TERMINAL_H

#include <stdbool.h>

#include <ringfence/error.h>

// cli_color_read: whether to write colours: `when` is "always", "never" or "auto" (NULL: auto),
// which means on a terminal that is not "dumb", unless NO_COLOR is set (no-color.org).
// RF_ERR_INVALID for anything else.
RF_NODISCARD enum rf_err cli_color_read(const char *when, bool *color, struct rf_error *error);

#endif
