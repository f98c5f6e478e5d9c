// Durable subscribers: names under which the broker keeps what was taken of the journal, so that
// retention spares the rest and a subscriber without a store of its own can go on. Each stands as a
// retained value under subscriber/NAME, which the broker alone writes, with a lease: who is not
// heard of for that long is forgotten.
#ifndef RF_BROKER_SUBSCRIBERS_H
#define RF_BROKER_SUBSCRIBERS_H

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include "base/map.h"
#include "ground.h"
#include "scribe.h"
#include "states.h"

#define RF_SUBSCRIBER_PREFIX     "subscriber/"
#define RF_SUBSCRIBER_NAME_BYTES 200
#define RF_SUBSCRIBERS_MAX       1000

// After a start of the broker no name is forgotten for so long.
#define RF_SUBSCRIBER_GRACE rf_seconds(3600)

struct rf_subscribers;

struct rf_subscriber {
    struct rf_map_node by_name;
    struct rf_subscribers *book;
    char *name;
    char *instance;   // of the process that read last
    json_t *prefixes; // an array of texts; empty: all events
    int64_t taken;    // all up to this number
    int64_t written;  // `taken` as the retained value has it
    bool restored;    // it was not heard of since the broker began
    struct rf_utc heard;
    struct rf_instant written_at;
    struct rf_timer pace; // the next write, so that a busy one costs few
};

struct rf_subscribers {
    struct rf_ground *ground;
    struct rf_states *states;
    struct rf_scribe *scribe;
    struct rf_duration idle;
    struct rf_map map; // by name
};

// rf_subscribers_init: empty. `idle`: so long a silence ends a name. While the disk fails no place
// is written down, so that none waits there.
void rf_subscribers_init(struct rf_subscribers *subscribers, struct rf_ground *ground,
                         struct rf_states *states, struct rf_scribe *scribe,
                         struct rf_duration idle);
void rf_subscribers_fini(struct rf_subscribers *subscribers);

// rf_subscribers_restore: takes over what the retained values say, once they are there.
// RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_subscribers_restore(struct rf_subscribers *subscribers);

// rf_subscribers_find: NULL for a name that is not known.
struct rf_subscriber *rf_subscribers_find(const struct rf_subscribers *subscribers,
                                          const char *name);

// rf_subscribers_take: the subscriber `name` says that it has taken all up to `taken`, which may
// also be less than it said before. A name that is not known is registered: RF_ERR_INVALID if it is
// empty or too long, RF_ERR_FULL beyond RF_SUBSCRIBERS_MAX or the bound of the retained values,
// RF_ERR_NOMEM. `instance` may be NULL.
RF_NODISCARD enum rf_err rf_subscribers_take(struct rf_subscribers *subscribers, const char *name,
                                             const struct rf_strs *prefixes, const char *instance,
                                             int64_t taken);

// rf_subscribers_lowest: all events up to this number were taken by everyone; INT64_MAX without any
// name.
int64_t rf_subscribers_lowest(const struct rf_subscribers *subscribers);

// rf_subscribers_forget: its retained value is gone, and so is the name. One that is not known is
// fine.
void rf_subscribers_forget(struct rf_subscribers *subscribers, const char *name);

// rf_subscribers_flush: writes down what is not yet.
void rf_subscribers_flush(struct rf_subscribers *subscribers);

#endif
