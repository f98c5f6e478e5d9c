// The thread that carries batches to a syslog receiver, one at a time.
#ifndef RF_LOGGER_SYSLOG_CARRIER_H
#define RF_LOGGER_SYSLOG_CARRIER_H

#include "syslog_link.h"

struct rf_loop;
struct rf_syslog_carrier;

// The batch was sent (`error` is NULL), or was not. From the loop.
typedef void rf_syslog_carried_fn(void *arg, const struct rf_error *error);

// rf_syslog_carrier_new: takes `link` over, also if it fails.
RF_NODISCARD enum rf_err rf_syslog_carrier_new(struct rf_loop *loop, struct rf_syslog_link *link,
                                               rf_syslog_carried_fn *fn, void *arg,
                                               struct rf_syslog_carrier **carrier,
                                               struct rf_error *error);

// rf_syslog_carrier_take: takes the batch's parts over, and forgets the one before, which was
// carried.
void rf_syslog_carrier_take(struct rf_syslog_carrier *carrier, struct rf_syslog_batch *batch);

// rf_syslog_carrier_send: the batch that was taken, from where it stopped.
void rf_syslog_carrier_send(struct rf_syslog_carrier *carrier);

// rf_syslog_carrier_destroy: `fn` is not called any more. A thread that looks up a name is not
// waited for: it frees what is left. Nulls the pointer; NULL is fine.
void rf_syslog_carrier_destroy(struct rf_syslog_carrier **carrier);

#endif
