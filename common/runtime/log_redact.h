// What a process says on stderr is redacted as the set's logs are: it may quote a provider's words,
// an address or a number, and what reads stderr (a journal, a container's log) keeps it. What goes
// over the bus is redacted by whoever writes it.
#ifndef RF_RUNTIME_LOG_REDACT_H
#define RF_RUNTIME_LOG_REDACT_H

#include <pthread.h>

#include <ringfence/error.h>

struct rf_config;
struct rf_redactor;

// Zero it before use. Private.
struct rf_log_redaction {
    pthread_mutex_t lock; // of the redactor: lines come from any thread
    struct rf_redactor *redactor;
};

// rf_log_redact_start: lines are redacted by the rules and secrets of `config` from now on. Once.
// RF_ERR_NOMEM only. Blocks on the disk, and so does each line: it looks whether a secret's file is
// another one.
RF_NODISCARD enum rf_err rf_log_redact_start(struct rf_log_redaction *redaction,
                                             const struct rf_config *config,
                                             struct rf_error *error);

// rf_log_redact_take: by those of `config` from now on, and by the old ones after an error.
RF_NODISCARD enum rf_err rf_log_redact_take(struct rf_log_redaction *redaction,
                                            const struct rf_config *config, struct rf_error *error);

// rf_log_redact_end: lines are written as they are again. Fine for one that never started.
void rf_log_redact_end(struct rf_log_redaction *redaction);

#endif
