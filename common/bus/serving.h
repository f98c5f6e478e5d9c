// What the parts of the worker share. Private to common/bus.
#ifndef RF_BUS_SERVING_H
#define RF_BUS_SERVING_H

#include <ringfence/worker.h>

#include "bus/backlog.h"
#include "bus/handshake.h"
#include "bus/ledger.h"
#include "bus/pulse.h"
#include "bus/socket.h"
#include "bus/told.h"
#include "runtime/loop.h"
#include "wire/wire.h"

struct rf_permit_wish;

#define RF_WORKER_BEATS_UNDER_WAY 16

struct rf_worker {
    struct rf_loop *loop;
    const struct rf_bus_config *config;
    const char *instance;
    const struct rf_worker_handlers *handlers;
    void *arg;
    zsock_t *socket;
    struct rf_handshake handshake;
    struct rf_pulse pulse;
    struct rf_duration interval; // of our heartbeats
    struct rf_timer beat, flush;
    struct rf_ledger ledger;
    struct rf_told told;              // answers
    bool recalling;                   // the broker is to be told when all that we remember was sent
    bool settled;                     // a heartbeat was sent since we registered
    int64_t registration, connection; // what the broker calls them; 0: none
    int64_t answered;                 // the latest heartbeat that was
    int64_t beats;                    // heartbeats sent
    struct rf_instant beat_sent[RF_WORKER_BEATS_UNDER_WAY];
    struct rf_instant leased; // the broker has answered a heartbeat of then
    bool numbers;             // it says which one it answers
    struct rf_backlog outcomes;
    struct rf_instant outcomes_progress;
    bool outcomes_full; // told once
    struct rf_permit_wish *wishes;
    struct {
        bool kept;      // by this broker
        bool news, all; // to be told: what is new, everything
    } limits;
    struct rf_breaker_view *views; // as the authority told them last
    size_t view_count;
};

// rf_worker_send: one message to the broker. RF_ERR_FULL: try later.
RF_NODISCARD enum rf_err rf_worker_send(struct rf_worker *worker, enum rf_message_type type,
                                        const void *body);

// worker_beat.c: handlers of the timers `beat` and `flush`. rf_worker_send_all: sends what waits;
// false if something could not go. rf_worker_credit_moved: it is told, if the broker is to know at
// once.
void rf_worker_beat(void *arg);
void rf_worker_flush(void *arg);
bool rf_worker_send_all(struct rf_worker *worker);
void rf_worker_credit_moved(struct rf_worker *worker);

// worker_heard.c: handler of the socket.
void rf_worker_read(void *arg, zsock_t *socket);

// rf_worker_flush_soon: what waits is sent when the running handler returns.
void rf_worker_flush_soon(struct rf_worker *worker);

// Answers (replies and calls handed back) in their order (reply.c).
bool rf_answers_flush(struct rf_worker *worker);

// Outcomes (outcome.c), numbered through the worker's life. `tick`: what was not acknowledged for
// long is sent again.
void rf_outcomes_init(struct rf_worker *worker);
bool rf_outcomes_flush(struct rf_worker *worker);
void rf_outcomes_tick(struct rf_worker *worker);
void rf_outcomes_acked(struct rf_worker *worker, uint64_t seq);

// Wishes for a permit (permit.c). `refuse_all`: the broker is gone. `tick`: one without an answer
// is refused.
bool rf_wishes_flush(struct rf_worker *worker);
void rf_wishes_tick(struct rf_worker *worker);
void rf_wishes_refuse_all(struct rf_worker *worker);
void rf_wishes_fini(struct rf_worker *worker);
void rf_wish_granted(struct rf_worker *worker, const struct rf_permit_granted *granted);
void rf_wish_refused(struct rf_worker *worker, const struct rf_permit_refused *refused);

// The limits that the broker keeps (share.c). `begin`: a registration was made.
void rf_limits_begin(struct rf_worker *worker, bool kept);
bool rf_limits_flush(struct rf_worker *worker);
void rf_limits_tick(struct rf_worker *worker);
void rf_limits_take(struct rf_worker *worker, const struct rf_limit_share *share);

// The breakers' states (view.c): kept, for a broker that was restarted to learn them from us.
void rf_views_take(struct rf_worker *worker, const struct rf_breaker_states *states);
void rf_views_fini(struct rf_worker *worker);

#endif
