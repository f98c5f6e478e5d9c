// Every event as a log record of OpenTelemetry.
#ifndef RF_LOGGER_LOG_SINK_H
#define RF_LOGGER_LOG_SINK_H

#include "otlp_sink.h"

extern const struct rf_otlp_sink_kind rf_log_sink;

// rf_log_sink_run: begins, or ends, or begins anew, as the configuration says now.
void rf_log_sink_run(void *sink);

#endif
