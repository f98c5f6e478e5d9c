// Watches: who is told of every change under a prefix. A watcher that does not read is not told
// again until it is heard of; then it gets all that there is, as a new snapshot.
#ifndef RF_BROKER_WATCHERS_H
#define RF_BROKER_WATCHERS_H

#include <sys/queue.h>

#include "ground.h"
#include "states.h"

#define RF_WATCHERS_MAX       10000
#define RF_WATCH_TEXT_BYTES   255                   // of an rid, and of a prefix
#define RF_WATCH_BATCH_BYTES  ((size_t)1024 * 1024) // of values in one message of a snapshot
#define RF_WATCH_BATCH_VALUES 1000

struct rf_watch {
    TAILQ_ENTRY(rf_watch) link;
    struct rf_peer peer;
    char *rid;
    char *prefix;
    bool stale; // a change was not delivered
};

struct rf_watchers {
    struct rf_ground *ground;
    const struct rf_states *states;
    TAILQ_HEAD(, rf_watch) all;
    size_t count;
};

void rf_watchers_init(struct rf_watchers *watchers, struct rf_ground *ground,
                      const struct rf_states *states);
void rf_watchers_fini(struct rf_watchers *watchers);

// rf_watchers_add: begins (or, under the same rid, begins anew) a watch and sends its snapshot.
// RF_ERR_FULL when there are RF_WATCHERS_MAX, RF_ERR_INVALID for an rid or prefix over 255 bytes.
RF_NODISCARD enum rf_err rf_watchers_add(struct rf_watchers *watchers, const struct rf_peer *peer,
                                         const char *rid, const char *prefix);

void rf_watchers_remove(struct rf_watchers *watchers, const struct rf_peer *peer, const char *rid);

// rf_watchers_drop: the peer is gone: forgets all its watches.
void rf_watchers_drop(struct rf_watchers *watchers, const struct rf_peer *peer);

// rf_watchers_revoke: forgets the watches of every peer whose key lost a role.
void rf_watchers_revoke(struct rf_watchers *watchers);

// rf_watchers_change: tells every watcher of the key. A watcher that is gone is forgotten.
void rf_watchers_change(struct rf_watchers *watchers, const struct rf_state_entry *entry);

// rf_watchers_heard: the peer reads again: sends the snapshots that it missed.
void rf_watchers_heard(struct rf_watchers *watchers, const struct rf_peer *peer);

#endif
