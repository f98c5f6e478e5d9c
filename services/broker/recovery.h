// What a restarted broker cannot know by itself: which calls from before its start are in the hand
// of a worker, or were carried out. The registry of workers that the broker kept tells who may have
// one; each says, after it has registered, that all results it remembers are told
// (worker.recalled).
//
// Until all of them have, or RF_RECOVERY_LEAST since the start is over (a lease, if that is
// longer), nothing is dispatched that may not be carried out twice (dispatch.c). Later still, an id
// that was asked for before is carried out only if it is proven that nobody began it.
#ifndef RF_BROKER_RECOVERY_H
#define RF_BROKER_RECOVERY_H

#include <ringfence/time.h>

#include "base/map.h"

// A worker that lives is back within a second, as it connects again twice in one; on a machine that
// is starved it takes several. Dials can wait that long.
#define RF_RECOVERY_LEAST (5 * RF_NS_PER_S)

// One that may have calls from before the start.
struct rf_absentee {
    struct rf_map_node by_instance;
    int64_t gone; // UTC in ns: when it had left or was lost already; 0: it was there until the end
    bool awaited; // it may live: it did not leave by itself
    char instance[];
};

struct rf_recovery {
    struct rf_map absent;
    size_t awaited;         // of them
    struct rf_utc complete; // what was asked for first since then is known of those that are back
};

void rf_recovery_fini(struct rf_recovery *recovery);

// rf_recovery_expect: a worker of the stored registry, with the time at which it had gone, or 0; it
// is awaited, or has left by itself. Out of memory: false.
bool rf_recovery_expect(struct rf_recovery *recovery, const char *instance, int64_t gone,
                        bool awaited);

// rf_recovery_told: the worker has told its results, of all calls that ended within `known_ns`; 0:
// of all it ever had. True if nobody else is awaited any more.
bool rf_recovery_told(struct rf_recovery *recovery, const char *instance, struct rf_utc now,
                      int64_t known_ns);

// rf_recovery_proves: whether all who can have a call that was asked for first at `asked` have told
// their results, and remember long enough.
bool rf_recovery_proves(const struct rf_recovery *recovery, struct rf_utc asked);

#endif
