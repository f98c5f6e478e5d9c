// Share: what one of many has of a limit that an authority keeps for all of them (calls at once,
// tokens of a rate, retries), so that together they never exceed it. Pure; O(1), no allocation.
//
// The authority grants and the holder gives back, both counted from the beginning of a term, so
// that a message that is lost, repeated or overtaken changes nothing. The grant is a lease: at its
// end nothing more is begun, as the authority gives it to others some time later.
#ifndef RINGFENCE_SHARE_H
#define RINGFENCE_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/time.h>

#pragma GCC visibility push(default)

// A place that comes free goes back although others of ours wait for it, so that all have their
// turn; but not sooner than this after it was granted: with attempts of milliseconds the way there
// and back would be longer than they are.
#define RF_SHARE_TURN (500 * RF_NS_PER_MS)

enum rf_share_mode {
    RF_SHARE_LOCAL,   // no authority: no limit of its
    RF_SHARE_AWAITED, // there is one, which did not speak yet: nothing is begun
    RF_SHARE_LEASED,  // it grants
};

// All zero: RF_SHARE_LOCAL. Members are for reading only.
struct rf_share {
    enum rf_share_mode mode;
    int64_t held;                    // in use when the term began
    int64_t granted, returned, used; // since then; granted with what was held
    int64_t keep;                    // it may have so many without a use for them
    struct rf_instant until;         // end of the lease
    struct rf_instant turn;          // until then what was granted last may serve the own queue
};

// rf_share_begin: a new term, with `in_use` that are in use already: RF_SHARE_AWAITED.
void rf_share_begin(struct rf_share *share, int64_t in_use);

// rf_share_open: there is no authority, or no limit of its.
void rf_share_open(struct rf_share *share);

// rf_share_grant: the authority's word in this term: RF_SHARE_LEASED. `granted` and `until` only
// grow. With what is granted now begins a turn, of RF_SHARE_TURN.
void rf_share_grant(struct rf_share *share, int64_t granted, int64_t keep, struct rf_instant until,
                    struct rf_instant now);

// rf_share_free: how many more can be taken up now, of which `in_use` are already; 0 or more.
int64_t rf_share_free(const struct rf_share *share, int64_t in_use, struct rf_instant now);

// rf_share_use: one that was in use is used up: it will not be given back.
void rf_share_use(struct rf_share *share);

// rf_share_trim: gives back at once what is neither in use nor to be kept. True if there was any.
bool rf_share_trim(struct rf_share *share, int64_t in_use);

// rf_share_has: granted, and neither given back nor used up.
static inline int64_t rf_share_has(const struct rf_share *share) {
    return share->granted - share->returned - share->used;
}

#pragma GCC visibility pop

#endif
