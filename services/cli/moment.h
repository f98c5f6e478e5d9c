// A point in time on the command line.
#ifndef RF_CLI_MOMENT_H
#define RF_CLI_MOMENT_H

#include <ringfence/error.h>
#include <ringfence/time.h>

// cli_moment_read: the value of an option such as "--since": a length of time before `now` ("10m",
// "2h", "7d"), or a date ("2026-11-24", "2026-11-24T10:48:00Z", "2026-11-24 10:48:00.5+01:00"; UTC
// unless a zone stands there). RF_ERR_INVALID names the option and what was expected.
RF_NODISCARD enum rf_err cli_moment_read(const char *option, const char *text, struct rf_utc now,
                                         struct rf_utc *moment, struct rf_error *error);

// cli_number_read: a whole number from `least` to `most`, as strictly.
RF_NODISCARD enum rf_err cli_number_read(const char *option, const char *text, int64_t least,
                                         int64_t most, int64_t *number, struct rf_error *error);

#endif
