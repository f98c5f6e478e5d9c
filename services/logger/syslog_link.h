// The way to a syslog receiver, in calls that wait: connecting, TLS, sending. For a thread of its
// own, as names are looked up too.
#ifndef RF_LOGGER_SYSLOG_LINK_H
#define RF_LOGGER_SYSLOG_LINK_H

#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "config/syslog_address.h"

// Messages one behind the other; `ends` are where each ends.
struct rf_syslog_batch {
    char *data;
    size_t *ends;
    size_t count;
    size_t sent; // over datagrams: so many were
};

struct rf_syslog_link;

// rf_syslog_link_new: nothing is opened yet. `ca_file` (NULL: the system's certificates alone) and
// the address are copied. `timeout` bounds connecting, and sending a batch. NULL if out of memory.
struct rf_syslog_link *rf_syslog_link_new(const struct rf_syslog_address *address,
                                          const char *ca_file, struct rf_duration timeout);
void rf_syslog_link_destroy(struct rf_syslog_link **link);

// rf_syslog_link_send: all of it. Over a stream it is done when the receiver's system has it, which
// is all that can be known there; after an error all of it has to be sent again. Datagrams go on
// where they stopped. Over UDP nothing is known but that nobody listens, and not even that always.
RF_NODISCARD enum rf_err rf_syslog_link_send(struct rf_syslog_link *link,
                                             struct rf_syslog_batch *batch, struct rf_error *error);

// rf_syslog_link_cut: what the other thread waits for ends soon, and with an error. The only call
// that may come from another thread.
void rf_syslog_link_cut(struct rf_syslog_link *link);

#endif
