// The logger as a process: three sinks, each with its own place in the journal.
#ifndef RF_LOGGER_LOGGER_H
#define RF_LOGGER_LOGGER_H

#include "runtime/service.h"

struct rf_config;

enum rf_err rf_logger_start(struct rf_process *process, struct rf_error *error);
void rf_logger_drain(struct rf_process *process);
void rf_logger_overdue(struct rf_process *process);
enum rf_err rf_logger_reload(struct rf_process *process, const struct rf_config *fresh,
                             struct rf_error *error);
void rf_logger_stop(struct rf_process *process);

#endif
