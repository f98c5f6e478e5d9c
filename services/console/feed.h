// What the console hears from the bus, and keeps for those who look: retained values, the newest
// events, measurements.
#ifndef CONSOLE_FEED_H
#define CONSOLE_FEED_H

#include <ringfence/bus.h>

#include "metrics.h"
#include "stream.h"

#define CONSOLE_AREAS 6

struct console_feed;

struct console_area {
    struct console_feed *feed;
    const char *prefix; // "process/"
    bool known;         // by this connection
};

struct console_feed {
    struct rf_bus *bus;
    struct console_values values;
    struct console_recent recent;
    struct console_live live;
    struct console_area areas[CONSOLE_AREAS];
    struct rf_subscription *subscription;
    struct console_counts counts;
    void (*news)(void *arg); // something of it is new
    void *arg;
};

// console_feed_start: begins to hear, with the members from `news` on set. The feed must stay where
// it is until the bus is gone.
RF_NODISCARD enum rf_err console_feed_start(struct console_feed *feed, struct rf_bus *bus,
                                            struct rf_error *error);
void console_feed_stop(struct console_feed *feed);

// console_feed_ready: whether it has all that it is there for.
bool console_feed_ready(const struct console_feed *feed);

// console_feed_sources: for streams.
struct console_sources console_feed_sources(struct console_feed *feed);

#endif
