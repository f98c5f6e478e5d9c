// Whether a channel may be given something now: its breaker and its rate limits. Pure.
//
// The breaker opens after so many failures in a row; after a while one delivery tries the channel,
// the first that is due, and its success lets the others go, in their order. A notice that the
// receiver refuses for good is a failure as well: one among others that are taken does no harm, and
// a channel that refuses them all is of no use. A receiver that wants us to be slower is obeyed
// (the outbox holds back), which is no failure while there are quick retries.
#ifndef RF_ALERTER_GATE_H
#define RF_ALERTER_GATE_H

#include <ringfence/breaker.h>
#include <ringfence/rate_limit.h>

#include "channels/channels.h"
#include "outbox.h"

enum rf_gate_news {
    RF_GATE_SAME,
    RF_GATE_DOWN, // from now on the channel counts as down: told once
    RF_GATE_UP,   // and works again
};

// Members are for reading only.
struct rf_gate {
    struct rf_breaker breaker;
    struct rf_rate_limit spacing, pace;
    struct rf_breaker_ticket ticket; // of the delivery that is out
    bool down;                       // it was told so
};

// rf_gate_init: open to all. `down`: it was told before this process began.
void rf_gate_init(struct rf_gate *gate, const struct rf_channel *channel,
                  const struct rf_config_alerter *config, bool down, struct rf_instant now);

// rf_gate_change: another configuration: what failed may work now, so the breaker begins anew.
void rf_gate_change(struct rf_gate *gate, const struct rf_channel *channel,
                    const struct rf_config_alerter *config, struct rf_instant now);

// rf_gate_pass: whether a delivery may go now, which then is out until it is settled or cancelled.
// False: `when` is when to ask again.
bool rf_gate_pass(struct rf_gate *gate, struct rf_instant now, struct rf_instant *when);

// rf_gate_settle: how the delivery that is out ended. `final`: there is no quick retry of it.
enum rf_gate_news rf_gate_settle(struct rf_gate *gate, enum rf_outcome outcome, bool final,
                                 struct rf_instant now);

// rf_gate_cancel: it was not sent.
void rf_gate_cancel(struct rf_gate *gate, struct rf_instant now);

#endif
