// The telephony account's auth tokens, by which its callbacks are signed: copies of ours, which
// follow their files.
#ifndef CONSOLE_TOKENS_H
#define CONSOLE_TOKENS_H

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/config.h"

struct console_tokens {
    struct rf_secret items[1 + RF_CONFIG_MAX_KEYS];
    size_t count;
    struct rf_instant next; // when the files may be read again
};

// console_tokens_take: those of a configuration. RF_ERR_NOMEM: all stays as it was.
RF_NODISCARD enum rf_err console_tokens_take(struct console_tokens *tokens,
                                             const struct rf_config *config,
                                             struct rf_error *error);

// console_tokens_refresh: reads their files again, at most once a second; whether one is another
// now. Blocks on the disk.
bool console_tokens_refresh(struct console_tokens *tokens, struct rf_instant now);

void console_tokens_fini(struct console_tokens *tokens);

#endif
