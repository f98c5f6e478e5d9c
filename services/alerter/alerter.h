// The alerter as a process: the journal in, three couriers out.
#ifndef RF_ALERTER_ALERTER_H
#define RF_ALERTER_ALERTER_H

#include "runtime/service.h"

struct rf_config;

enum rf_err rf_alerter_start(struct rf_process *process, struct rf_error *error);
void rf_alerter_drain(struct rf_process *process);
enum rf_err rf_alerter_reload(struct rf_process *process, const struct rf_config *fresh,
                              struct rf_error *error);
void rf_alerter_queues(struct rf_process *process, json_t *queues);
void rf_alerter_stop(struct rf_process *process);

#endif
