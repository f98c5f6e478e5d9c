// A process's own words, one line each on stderr: "name: level: text". Events for others go over
// the bus; this is what is left when the bus is not there.
#ifndef RF_BASE_LOG_H
#define RF_BASE_LOG_H

#include <ringfence/error.h>
#include <ringfence/log.h>

// rf_log: writes one line with one write(2), or gives it to whom rf_log_to named; control
// characters become '?', so that text from outside cannot forge a line.
void rf_log(enum rf_log_level level, const char *format, ...) RF_PRINTF(2, 3);

#endif
