// A copy of the audio that a call gave, out of the folder that gateways and console share.
#ifndef RF_CLI_AUDIO_FILE_H
#define RF_CLI_AUDIO_FILE_H

#include <jansson.h>

#include <ringfence/error.h>

// cli_audio_check: before anything is paid for: whether `media_dir` can be read here, and a file
// `out` ("-": standard output) can be made.
RF_NODISCARD enum rf_err cli_audio_check(const char *media_dir, const char *out,
                                         struct rf_error *error);

// cli_audio_copy: the audio of a reply's `result` to `out`, whole or not at all, if its content has
// the hash that it should have. The error names the mend.
RF_NODISCARD enum rf_err cli_audio_copy(const char *media_dir, const json_t *result,
                                        const char *out, struct rf_error *error);

#endif
