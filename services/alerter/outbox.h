// The deliveries of one channel: which is next, when, and what follows from its result. Pure.
//
// Order. Alerts go out in the order of their numbers, one at a time. One that failed holds those
// behind it back while it waits, as the channel itself is most likely the reason. After max_retries
// it goes on at max_delay and lets others pass, so that a message which the receiver never takes
// does not stop the channel; but never others of its own incident: "closed" does not overtake
// "opened", nor the digest that told of it. After a success all that waited are tried again soon.
// A refused message, and a channel that is barred (wrong token, blocked bot), are tried again after
// a long delay. One that some recipients have, and others not yet, holds back nothing, not even
// what tells of the same incident: the channel works, and who has it is to hear what comes next.
// What waited too long is taken out by the owner: as a dead letter, or, when the channel works
// again, folded with others into one summary.
#ifndef RF_ALERTER_OUTBOX_H
#define RF_ALERTER_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <ringfence/error.h>
#include <ringfence/retry.h>
#include <ringfence/time.h>

#include "alert.h"

// How an attempt ended.
enum rf_outcome {
    RF_OUTCOME_OK,        // the receiver took it
    RF_OUTCOME_TRANSIENT, // may work next time
    RF_OUTCOME_LIMITED,   // the channel is told to slow down
    RF_OUTCOME_REFUSED,   // this message is refused for good, others may pass
    RF_OUTCOME_BARRED,    // the channel refuses whatever we send, until a person mends it
    RF_OUTCOME_PARTIAL,   // some recipients have it, others may take it next time
};

// How long a refused message or a barred channel rests, and the most that a receiver can make us
// wait.
#define RF_OUTBOX_LONG_DELAY rf_seconds(900)
#define RF_OUTBOX_MAX_WAIT   rf_seconds(3600)

struct rf_delivery {
    struct rf_delivery *next; // the next higher number
    char *alert;              // id
    char *incident;
    char *concerns;      // concern.h; NULL in what is added: the incident alone
    int64_t n;           // the notice's order
    int64_t attempts;    // that failed
    struct rf_utc due;   // not before
    struct rf_utc tried; // the last attempt; 0: none
    struct rf_utc made;  // since when it waits
    bool refused;        // the last attempt ended with RF_OUTCOME_REFUSED
    bool partial;        // some of its recipients have it
    bool told;           // a failure beyond the last retry has been told
};

// Zero it, then rf_outbox_init. Members are for reading only.
struct rf_outbox {
    struct rf_retry_policy policy;
    struct rf_rng rng;
    struct rf_delivery *first, *last;
    struct rf_delivery *in_flight; // one at most
    size_t count;                  // deliveries that are not done
    struct rf_utc hold;            // nothing before this: the channel is limited or barred
    bool failing;                  // something failed since the last success
};

// What rf_outbox_settle decided, to be kept and told.
struct rf_settlement {
    bool done;
    bool dead;
    int64_t attempts; // failed ones, or with done: all
    struct rf_utc due, tried;
    bool refused;
    bool tell;  // worth an event: a success, or a failure that says something new
    bool final; // there is no quick retry any more
};

// rf_outbox_init: empty. `seed` feeds the jitter.
void rf_outbox_init(struct rf_outbox *outbox, const struct rf_retry_policy *policy, uint64_t seed);
void rf_outbox_fini(struct rf_outbox *outbox);

// rf_outbox_policy: takes another policy, as a reload does.
void rf_outbox_policy(struct rf_outbox *outbox, const struct rf_retry_policy *policy);

// rf_outbox_add: a delivery to be made, new or as it was kept (next is ignored; texts are copied).
// RF_ERR_NOMEM: nothing changed.
RF_NODISCARD enum rf_err rf_outbox_add(struct rf_outbox *outbox, const struct rf_delivery *delivery,
                                       struct rf_error *error);

// rf_outbox_take: the delivery to be sent now, which is then in flight; NULL if there is none. Then
// `wake` is when to ask again, INT64_MAX if only an addition or a result changes anything.
const struct rf_delivery *rf_outbox_take(struct rf_outbox *outbox, struct rf_utc now,
                                         struct rf_utc *wake);

// rf_outbox_settle: the result of the delivery in flight, which afterwards is either done (and
// freed) or waits again. `retry_after` is the receiver's wish (0: none).
struct rf_settlement rf_outbox_settle(struct rf_outbox *outbox, enum rf_outcome outcome,
                                      struct rf_duration retry_after, struct rf_utc now);

// rf_outbox_give_back: the delivery in flight was not sent; it is due at `due`, nothing else
// changes.
void rf_outbox_give_back(struct rf_outbox *outbox, struct rf_utc due);

// rf_outbox_old: the first delivery that is not in flight and waits since `before` or longer; NULL
// if there is none: then `next` is since when the oldest of those waits, INT64_MAX if there is
// none.
const struct rf_delivery *rf_outbox_old(const struct rf_outbox *outbox, struct rf_utc before,
                                        struct rf_utc *next);

// rf_outbox_stale: the deliveries that are not in flight, that nobody has, and that wait since
// `before` or longer, at most `most` into `found`, in their order. The number.
size_t rf_outbox_stale(const struct rf_outbox *outbox, struct rf_utc before,
                       const struct rf_delivery **found, size_t most);

// rf_outbox_drop: takes the delivery of this alert out, unless it is in flight: false, as when
// there is none.
bool rf_outbox_drop(struct rf_outbox *outbox, const char *alert);

// rf_outbox_retry_now: whatever waits is due now: the configuration was mended.
void rf_outbox_retry_now(struct rf_outbox *outbox, struct rf_utc now);

#endif
