// What the library says in passing, such as that it waits for the broker: one line each, on stderr
// unless the program says otherwise. Set before the first other call.
#ifndef RINGFENCE_LOG_H
#define RINGFENCE_LOG_H

#pragma GCC visibility push(default)

enum rf_log_level { RF_LOG_INFO, RF_LOG_WARNING, RF_LOG_ERROR };

// rf_log_open: sets the name that stands before every line, instead of "ringfence". `name` is
// borrowed for ever.
void rf_log_open(const char *name);

// rf_log_least: lines below `level` are not written; RF_LOG_INFO (all) unless set.
void rf_log_least(enum rf_log_level level);

// rf_log_to: lines go to `fn` instead of stderr; NULL: to stderr again. `text` is one line without
// its end and without the name, free of control characters; borrowed during the call, which may
// come from any thread that uses the library.
typedef void rf_log_fn(void *arg, enum rf_log_level level, const char *text);
void rf_log_to(rf_log_fn *fn, void *arg);

#pragma GCC visibility pop

#endif
