// A process's own words, one line each on stderr: "name: level: text". Events for others go over
// the bus; this is what is left when the bus is not there.
#ifndef RF_BASE_LOG_H
#define RF_BASE_LOG_H

#include <ringfence/error.h>

enum rf_log_level { RF_LOG_INFO, RF_LOG_WARNING, RF_LOG_ERROR };

// rf_log_open: sets the name that stands before every line. `name` is borrowed for ever.
void rf_log_open(const char *name);

// rf_log_least: lines below `level` are not written; RF_LOG_INFO (all) unless set.
void rf_log_least(enum rf_log_level level);

// rf_log: writes one line to stderr with one write(2); control characters become '?', so that text
// from outside cannot forge a line.
void rf_log(enum rf_log_level level, const char *format, ...) RF_PRINTF(2, 3);

#endif
