// Syslog as a sink. A thread of its own carries the messages away, as looking up names, connecting
// and TLS wait; syslog_record.c makes them, syslog_link.c is the way.
#ifndef RF_LOGGER_SYSLOG_SINK_H
#define RF_LOGGER_SYSLOG_SINK_H

#include "forward.h"
#include "syslog_record.h"

struct rf_syslog_carrier;

// Embedded in its owner; private but for `forward.sink`.
struct rf_syslog_sink {
    struct rf_forward forward;
    struct rf_syslog_carrier *carrier; // NULL: it is off
    struct rf_syslog_form form;
    char host[256];
};

// rf_syslog_sink_init: nothing begins yet.
void rf_syslog_sink_init(struct rf_syslog_sink *sink, struct rf_process *process,
                         void (*active)(void *arg), void *arg);
void rf_syslog_sink_fini(struct rf_syslog_sink *sink);

// rf_syslog_sink_run: begins, or ends, or begins anew, as the configuration says now.
void rf_syslog_sink_run(struct rf_syslog_sink *sink);

#endif
