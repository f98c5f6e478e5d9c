// A process's own log lines as events of type log.line, besides stderr. A line may be said by any
// thread, before there is a bus, within a handler of the bus, and while the process ends: it only
// goes into a bounded queue, and the loop passes it on from a handler of its own. Where the way is
// shut, as without a broker, lines wait for it.
#ifndef RF_RUNTIME_LOG_RELAY_H
#define RF_RUNTIME_LOG_RELAY_H

#include <pthread.h>

#include <ringfence/messages.h>

#include "config/config.h"
#include "runtime/line_queue.h"
#include "runtime/loop.h"

struct rf_bus;

// Where the events go. `is_open`: whether it takes one now. `publish`: false if it did not.
struct rf_log_outlet {
    bool (*is_open)(void *arg);
    bool (*publish)(void *arg, const struct rf_event *event);
};

// rf_log_outlet_bus: over the bus, `arg` is the struct rf_bus. It is shut while there is no broker,
// and while events for it fill half of the place that there is: lines never take that of others.
extern const struct rf_log_outlet rf_log_outlet_bus;

// Private.
struct rf_log_relay {
    pthread_mutex_t lock; // of all up to event_fd
    struct rf_line_queue queue;
    enum rf_log_level least;
    bool off;
    int event_fd; // -1: the loop does not listen yet
    struct rf_loop *loop;
    struct rf_timer timer; // tries again, or tells what was left out
    const struct rf_log_outlet *outlet;
    void *arg;
    const char *service;
    bool open;
};

// rf_log_relay_open: takes in each line from now on. Once, and before any other thread begins.
void rf_log_relay_open(struct rf_log_relay *relay, const char *service);

// rf_log_relay_limit: which lines, and how many, as configured now.
void rf_log_relay_limit(struct rf_log_relay *relay, const struct rf_config_log *config);

// rf_log_relay_run: passes lines on to `outlet` from now on, by handlers of the loop.
RF_NODISCARD enum rf_err rf_log_relay_run(struct rf_log_relay *relay, struct rf_loop *loop,
                                          const struct rf_log_outlet *outlet, void *arg,
                                          struct rf_error *error);

// rf_log_relay_flush: passes on what waits, as far as the outlet is open. Returns whether nothing
// is left to be passed on. In the loop's thread.
bool rf_log_relay_flush(struct rf_log_relay *relay);

// rf_log_relay_close: takes no line any more; what waits is dropped, as it stands on stderr. Before
// the outlet and the loop go. Fine for one that was never opened.
void rf_log_relay_close(struct rf_log_relay *relay);

#endif
