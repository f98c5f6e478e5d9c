// Secrets: text or a file's content, with a fingerprint.
#ifndef RF_CONFIG_SECRET_H
#define RF_CONFIG_SECRET_H

#include "config/config.h"

// rf_secret_set: takes the written value: `file:PATH` (a relative path begins at `folder`) or the
// secret itself. The message never holds the value.
RF_NODISCARD enum rf_err rf_secret_set(struct rf_secret *secret, const char *text,
                                       const char *folder, struct rf_error *error);

#endif
