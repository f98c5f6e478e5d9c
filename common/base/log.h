// A process's own words, one line each on stderr: "name: level: text". What the others have to know
// is an event of its own; the lines besides become events of type log.line (runtime/log_relay.h).
#ifndef RF_BASE_LOG_H
#define RF_BASE_LOG_H

#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/log.h>

// rf_log: writes one line with one write(2), or gives it to whom rf_log_to named; control
// characters become '?', so that text from outside cannot forge a line. From any thread.
void rf_log(enum rf_log_level level, const char *format, ...) RF_PRINTF(2, 3);

// rf_log_alone: as rf_log, but not to whom rf_log_besides named: for words about the very way that
// they would take.
void rf_log_alone(enum rf_log_level level, const char *format, ...) RF_PRINTF(2, 3);

// rf_log_besides: `fn` gets each line too, before it is written, from the thread that said it and
// one at a time; NULL: nobody any more, and none is on its way when this returns. `fn` neither logs
// nor waits.
void rf_log_besides(rf_log_fn *fn, void *arg);

// rf_log_through: what is written on stderr is what `fn` leaves of each line: it writes it to
// `out`, of `size` bytes, with its end. Called from the thread that said the line, one at a time;
// it does not log. NULL: lines are written as they are, and none is with `fn` when this returns.
typedef void rf_log_filter_fn(void *arg, const char *text, char *out, size_t size);
void rf_log_through(rf_log_filter_fn *fn, void *arg);

#endif
