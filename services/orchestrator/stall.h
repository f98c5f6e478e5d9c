// Whether a campaign stands still: contacts are due, and for long nothing about any of them has
// changed. Pure.
#ifndef RF_ORCHESTRATOR_STALL_H
#define RF_ORCHESTRATOR_STALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

// How a campaign looks now.
struct rf_stall_look {
    int64_t campaign;
    uint64_t signature; // of its counts: another one, and something has moved
    bool may_move;      // contacts are due, and nothing of its own keeps them back
    bool told;          // it was told that it stands still, and not that it moves
};

enum rf_stall_verdict {
    RF_STALL_NOTHING,
    RF_STALL_STANDS, // tell that it stands still
    RF_STALL_MOVES,  // tell that it moves again
};

struct rf_stall_entry {
    int64_t campaign;
    uint64_t signature;
    struct rf_instant moved; // when it was last seen to move, or first seen
    bool seen;               // in the round that is under way
};

// Zero it. rf_stall_fini frees it.
struct rf_stall {
    struct rf_stall_entry *entries;
    size_t count, capacity;
};

void rf_stall_fini(struct rf_stall *stall);

// rf_stall_look: takes a look in; `limit` is for how long nothing may move; `stood` is filled in
// with STANDS: for how long it has stood. What was told before a start is taken back only when
// something is seen to move, or nothing is due. RF_ERR_NOMEM only.
RF_NODISCARD enum rf_err rf_stall_look(struct rf_stall *stall, const struct rf_stall_look *look,
                                       struct rf_duration limit, struct rf_instant now,
                                       enum rf_stall_verdict *verdict, struct rf_duration *stood,
                                       struct rf_error *error);

// rf_stall_round: a round over all campaigns that run is over: those that were not looked at in it
// are forgotten.
void rf_stall_round(struct rf_stall *stall);

#endif
