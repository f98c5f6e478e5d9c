// Questions that wait for their answer: state operations, status, calls. Each ends exactly once:
// with its answer, when its time is over, or when the broker that had it is gone. Pure.
//
// They are sent in order, and sending stops at the first that cannot go: so all before the oldest
// unsent one are sent, and all behind it are not.
#ifndef RF_BUS_PENDING_H
#define RF_BUS_PENDING_H

#include <ringfence/bus.h>
#include <ringfence/error.h>
#include <ringfence/time.h>

#include "runtime/timer.h"
#include "wire/wire.h"

enum rf_question { RF_QUESTION_STATE, RF_QUESTION_STATUS, RF_QUESTION_CONTROL, RF_QUESTION_CALL };

struct rf_pending_op {
    char *id;
    enum rf_question question;
    union {
        rf_state_fn *state;
        rf_status_fn *status;
        rf_control_fn *control;
        rf_reply_fn *reply;
    } fn;
    void *arg;
    struct rf_frame frame; // what to send; of a call kept until it ends, else freed once sent
    const char *failure;   // why it can never be sent (a constant), else NULL; it ends all the same
    struct rf_instant began;           // `frame` was made
    struct rf_timer end;               // its time is over when it is due; among its likes
    struct rf_instant deadline, asked; // of a call: its deadline; when it was sent first
    bool sent, again;                  // sent once; and once more
    bool pressed;                      // asked for the last time, behind its deadline
    bool called_off;                   // nobody wants it any more, but its end is waited for
    unsigned life;                     // of the connection that it was sent on
    struct rf_pending_op *before, *after;
};

struct rf_pending {
    struct rf_pending_op *oldest, *newest, *unsent;
    struct _zhashx_t *by_id;
    struct rf_timer_heap ends;
    unsigned life;
    size_t count;
};

RF_NODISCARD enum rf_err rf_pending_init(struct rf_pending *pending);

// rf_pending_fini: frees all; nobody is told.
void rf_pending_fini(struct rf_pending *pending);

// rf_pending_add: a new question with a copy of `id`; the caller fills in the rest, and says by
// rf_pending_end_at when its time is over. NULL if out of memory, or if the id waits already.
struct rf_pending_op *rf_pending_add(struct rf_pending *pending, const char *id);

void rf_pending_end_at(struct rf_pending *pending, struct rf_pending_op *op,
                       struct rf_instant when);

// rf_pending_find: the question with this id, NULL if there is none.
struct rf_pending_op *rf_pending_find(const struct rf_pending *pending, const char *id);

// rf_pending_take: no longer waits; the caller tells its owner and frees it by rf_pending_op_free.
void rf_pending_take(struct rf_pending *pending, struct rf_pending_op *op);
void rf_pending_op_free(struct rf_pending_op *op);

// rf_pending_unsent: the oldest that can be sent, or NULL. rf_pending_sent: it is under way.
struct rf_pending_op *rf_pending_unsent(const struct rf_pending *pending);
void rf_pending_sent(struct rf_pending *pending, struct rf_pending_op *op);

// rf_pending_expired: one whose time is over at `now`, or NULL.
struct rf_pending_op *rf_pending_expired(const struct rf_pending *pending, struct rf_instant now);

// rf_pending_due: when the next one is over; far in the future if none waits.
struct rf_instant rf_pending_due(const struct rf_pending *pending);

// rf_pending_again: all are to be sent again.
void rf_pending_again(struct rf_pending *pending);

// rf_pending_broke: the connection is another from now on. rf_pending_lost: one that was sent on an
// earlier one, or NULL.
void rf_pending_broke(struct rf_pending *pending);
struct rf_pending_op *rf_pending_lost(const struct rf_pending *pending);

#endif
