// The key of the hashes by which a number or a name stays traceable.
#ifndef RF_REDACT_HASH_KEY_H
#define RF_REDACT_HASH_KEY_H

#include <ringfence/error.h>

#include "redact/redact.h"

struct rf_config;

// rf_redact_hash_key: that of the configuration, else of state_dir/redaction.key, which is made if
// it is missing. Blocks on the disk.
RF_NODISCARD enum rf_err rf_redact_hash_key(const struct rf_config *config,
                                            unsigned char key[RF_REDACT_KEY_BYTES],
                                            struct rf_error *error);

#endif
