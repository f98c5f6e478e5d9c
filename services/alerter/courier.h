// One channel at work: takes what is due from its outbox, reads the alert, sends it, keeps what
// became of it and tells of it. Channels do not know of each other: a dead one holds nobody.
#ifndef RF_ALERTER_COURIER_H
#define RF_ALERTER_COURIER_H

#include <stdbool.h>

#include "alert.h"
#include "http/client.h"
#include "ledger.h"
#include "outbox.h"
#include "runtime/loop.h"
#include "verdict.h"

struct rf_forms;
struct rf_process;

// Embedded in its owner; private but for `outbox`.
struct rf_courier {
    struct rf_process *process;
    struct rf_ledger *ledger;
    struct rf_http *http;
    const struct rf_forms *const *forms; // the owner's, which a reload replaces
    enum rf_channel channel;
    struct rf_outbox outbox;
    struct rf_timer timer; // when something is due
    struct rf_ledger_reading reading;
    struct rf_http_transfer *transfer;
    bool busy;               // reading or sending
    struct rf_manner manner; // of the attempt under way; its chat stays
    void (*idle)(void *arg); // called while draining, when it stops being busy
    void *arg;
};

// rf_courier_init: for `channel`, with an empty outbox. All pointers are borrowed. `idle` as above.
void rf_courier_init(struct rf_courier *courier, struct rf_process *process,
                     struct rf_ledger *ledger, struct rf_http *http,
                     const struct rf_forms *const *forms, enum rf_channel channel,
                     void (*idle)(void *arg), void *arg);

// rf_courier_stop: no callbacks from now on: ends a transfer. Before the ledger is closed.
// rf_courier_fini: frees all. After the ledger is closed.
void rf_courier_stop(struct rf_courier *courier);
void rf_courier_fini(struct rf_courier *courier);

// rf_courier_kick: looks whether something can be sent now; after an addition to the outbox.
void rf_courier_kick(struct rf_courier *courier);

// rf_courier_mend: the configuration is another: all that waits is tried again, from the loop, so
// that the new one is in place then.
void rf_courier_mend(struct rf_courier *courier, const struct rf_retry_policy *policy);

#endif
