// Questions to the provider about calls: a few at a time, whoever waits longest first. However many
// calls are in progress, and all of them due at once as after a start, the provider gets no burst,
// and a dial never stands behind more than these in a gateway's queue. Pure.
#ifndef RF_ORCHESTRATOR_POLLS_H
#define RF_ORCHESTRATOR_POLLS_H

#include <stdbool.h>
#include <stddef.h>

// As many as one gateway has places for telephony (gateway.concurrency.telephony): at 100 ms an
// answer some 80 a second. Where that is too few for the calls in progress each of them is asked
// about less often than telephony.poll_max says.
#define RF_POLLS_MOST 8

// Zero it before use; it lives where its owner has it.
struct rf_polls_waiter {
    struct rf_polls_waiter *next, **link; // link NULL: not in the line
    bool asking;
};

// All zero is empty.
struct rf_polls {
    struct rf_polls_waiter *first, **last;
    size_t asking;
};

// rf_polls_enter: whether it may ask now; else it stands in line, if it does not yet.
bool rf_polls_enter(struct rf_polls *polls, struct rf_polls_waiter *waiter);

// rf_polls_leave: its question is over, or it has none any more.
void rf_polls_leave(struct rf_polls *polls, struct rf_polls_waiter *waiter);

// rf_polls_next: who may ask now, out of the line; NULL: nobody.
struct rf_polls_waiter *rf_polls_next(struct rf_polls *polls);

#endif
