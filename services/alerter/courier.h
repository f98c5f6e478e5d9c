// One channel at work: takes what is due from its outbox, reads the alert, sends it, keeps what
// became of it and tells of it. Channels do not know of each other: a dead one holds nobody.
#ifndef RF_ALERTER_COURIER_H
#define RF_ALERTER_COURIER_H

#include <stdbool.h>

#include "alert.h"
#include "channels/channels.h"
#include "gate.h"
#include "http/client.h"
#include "ledger.h"
#include "outbox.h"
#include "recipients.h"
#include "runtime/loop.h"
#include "verdict.h"

struct rf_forms;
struct rf_process;

// Embedded in its owner; private but for `outbox` and `gate`.
struct rf_courier {
    struct rf_courier *next; // of the owner's
    struct rf_process *process;
    struct rf_ledger *ledger;
    struct rf_http *http;
    const struct rf_forms *const *forms; // the owner's, which a reload replaces
    struct rf_channel channel;           // its own copy
    bool retired;                        // not in the configuration any more
    struct rf_outbox outbox;
    struct rf_gate gate;
    struct rf_channel_state state;
    struct rf_timer timer; // when something is due
    struct rf_ledger_reading reading;
    struct rf_recipients recipients; // of the mail under way
    struct rf_ledger_fold fold;
    struct rf_utc fold_after; // not before: it failed
    struct rf_http_transfer *transfer;
    bool busy;               // reading or sending
    struct rf_manner manner; // of the attempt under way; its chat stays
    void (*idle)(void *arg); // called while draining, when it stops being busy
    void *arg;
};

// What a courier works with; all borrowed. `idle` as above.
struct rf_courier_means {
    struct rf_process *process;
    struct rf_ledger *ledger;
    struct rf_http *http;
    const struct rf_forms *const *forms;
    void (*idle)(void *arg);
    void *arg;
};

// rf_courier_init: for `channel`, with an empty outbox.
void rf_courier_init(struct rf_courier *courier, const struct rf_courier_means *means,
                     const struct rf_channel *channel);

// rf_courier_restore: what was kept of the channel. Before anything is sent.
void rf_courier_restore(struct rf_courier *courier, const struct rf_channel_state *state);

// rf_courier_stop: no callbacks from now on: ends a transfer. Before the ledger is closed.
// rf_courier_fini: frees all. After the ledger is closed.
void rf_courier_stop(struct rf_courier *courier);
void rf_courier_fini(struct rf_courier *courier);

// rf_courier_kick: looks whether something can be sent now; after an addition to the outbox.
void rf_courier_kick(struct rf_courier *courier);

// rf_courier_mend: the configuration is another: all that waits is tried again, from the loop, so
// that the new one is in place then.
void rf_courier_mend(struct rf_courier *courier, const struct rf_channel *channel,
                     const struct rf_config_alerter *config);

// rf_courier_retire: its channel is gone: what is being sent ends, nothing else begins.
void rf_courier_retire(struct rf_courier *courier);

#endif
