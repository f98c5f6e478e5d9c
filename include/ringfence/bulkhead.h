// Bulkhead: so many calls at once, and a bounded queue of those that wait for a place: first come,
// first served, and never served after their deadline. Pure. Each function is O(1) and allocates
// nothing: a waiter is a member of the caller's own record.
//
// An authority may keep the limit for many bulkheads (<ringfence/share.h>): then a place is one of
// both, and whoever lacks one of the authority's alone waits beside the queue's bound.
//
// After whatever may free a place (rf_bulkhead_leave, a higher limit, a waiter at the front that
// was removed or is too late) the caller calls rf_bulkhead_next until it says RF_BULKHEAD_NONE.
#ifndef RINGFENCE_BULKHEAD_H
#define RINGFENCE_BULKHEAD_H

#include <stdbool.h>

#include <ringfence/share.h>
#include <ringfence/time.h>

#pragma GCC visibility push(default)

struct rf_bulkhead_policy {
    int64_t max_in_flight; // calls at once; 0: no limit
    int64_t max_queue;     // calls that wait for a place; 0: none waits
};

// Off: without a limit nobody waits.
#define RF_BULKHEAD_POLICY_DEFAULT                                                                 \
    ((struct rf_bulkhead_policy){.max_in_flight = 0, .max_queue = 100})

// A call that waits for a place. All zero before its first use; must not move or end while queued.
// Members are for reading only.
struct rf_bulkhead_waiter {
    struct rf_bulkhead_waiter *before, *after;
    struct rf_instant deadline; // at or after it no place is given
    bool queued;
};

// Members are for reading only.
struct rf_bulkhead {
    struct rf_bulkhead_policy policy;
    int64_t in_flight; // may be above a limit that was lowered
    int64_t queued;
    struct rf_bulkhead_waiter *first, *last;
    struct rf_share share; // of the places of all
};

enum rf_bulkhead_verdict {
    RF_BULKHEAD_GRANTED,  // a place is held until rf_bulkhead_leave
    RF_BULKHEAD_QUEUED,   // waits; rf_bulkhead_next tells when it has a place
    RF_BULKHEAD_FULL,     // no place, and the queue is full
    RF_BULKHEAD_TOO_LATE, // the deadline is over
    RF_BULKHEAD_NONE,     // rf_bulkhead_next only: nothing to do
};

// rf_bulkhead_verdict_name: "granted", "queued", "full", "too_late", "none". Never NULL.
const char *rf_bulkhead_verdict_name(enum rf_bulkhead_verdict verdict);

// rf_bulkhead_init: nobody in, nobody waits. The policy is copied, negative numbers count as 0.
void rf_bulkhead_init(struct rf_bulkhead *bulkhead, const struct rf_bulkhead_policy *policy);

// rf_bulkhead_change: another policy from now on (a reload, an adaptive limit). Those in flight
// finish, also above a lower limit, and those queued keep their turn, also in a shorter queue.
void rf_bulkhead_change(struct rf_bulkhead *bulkhead, const struct rf_bulkhead_policy *policy);

// rf_bulkhead_enter: a call that began now wants a place before `deadline`. Nobody overtakes the
// queue. GRANTED, QUEUED (then `waiter` is the bulkhead's until it is granted, too late or
// removed), FULL or TOO_LATE. With `waiter` NULL it does not wait: FULL instead of QUEUED. A waiter
// that is queued already stays where it is: QUEUED.
enum rf_bulkhead_verdict rf_bulkhead_enter(struct rf_bulkhead *bulkhead,
                                           struct rf_bulkhead_waiter *waiter,
                                           struct rf_instant deadline, struct rf_instant now);

// rf_bulkhead_next: takes the first waiter off the queue if it has a place now (GRANTED) or is too
// late (TOO_LATE, no place is held); otherwise NONE, and `*waiter` is NULL. Only the front of the
// queue is looked at: a waiter further back ends by its owner's timer and rf_bulkhead_remove.
enum rf_bulkhead_verdict rf_bulkhead_next(struct rf_bulkhead *bulkhead, struct rf_instant now,
                                          struct rf_bulkhead_waiter **waiter);

// rf_bulkhead_remove: takes a waiter off the queue wherever it stands. One that is not queued: no
// effect.
void rf_bulkhead_remove(struct rf_bulkhead *bulkhead, struct rf_bulkhead_waiter *waiter);

// rf_bulkhead_leave: a place that was granted is given back; to the authority, if it is not to be
// kept and the turn is over (RF_SHARE_TURN), before the own queue has it.
void rf_bulkhead_leave(struct rf_bulkhead *bulkhead, struct rf_instant now);

// rf_bulkhead_wanted: how many places of the authority's are lacking; 0 without one.
int64_t rf_bulkhead_wanted(const struct rf_bulkhead *bulkhead);

#pragma GCC visibility pop

#endif
