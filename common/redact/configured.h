// The redaction that the configuration asks for.
#ifndef RF_REDACT_CONFIGURED_H
#define RF_REDACT_CONFIGURED_H

#include <ringfence/error.h>

struct rf_config;
struct rf_redaction;

// rf_redaction_configured: a new redaction with the rules of `redaction`, the key (that of the
// configuration, else of state_dir/redaction.key, which is made if it is missing) and all secrets
// that the configuration has. Blocks on the disk. Again after a reload. The caller destroys it.
RF_NODISCARD enum rf_err rf_redaction_configured(const struct rf_config *config,
                                                 struct rf_redaction **redaction,
                                                 struct rf_error *error);

#endif
