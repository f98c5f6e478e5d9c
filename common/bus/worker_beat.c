// What a worker tells the broker by itself: heartbeats, which register it, and whatever waits.
#include <stdlib.h>

#include "bus/serving.h"

#define LOOK_AGAIN rf_ms(100)
#define SEND_RETRY rf_ms(20)

static enum rf_err send_heartbeat(struct rf_worker *worker) {
    struct rf_ledger *ledger = &worker->ledger;
    struct rf_worker_heartbeat beat = {
        .instance = worker->instance,
        .draining = ledger->draining,
        .seq = worker->beats + 1,
        .registration = worker->registration,
        .breakers = {worker->views, worker->view_count},
    };
    enum rf_err err = RF_ERR_NOMEM;
    beat.offers.items = calloc(ledger->count + 1, sizeof *beat.offers.items);
    size_t unsent = worker->told.unsent;
    beat.in_hand.items = calloc(rf_ledger_in_hand(ledger) + unsent + 1, sizeof *beat.in_hand.items);
    if (beat.offers.items == NULL || beat.in_hand.items == NULL)
        goto cleanup;
    for (size_t i = 0; i < ledger->count; i++)
        beat.offers.items[beat.offers.count++] = (struct rf_offer){
            .service = ledger->offers[i].service,
            .capacity = rf_ledger_offered(&ledger->offers[i]),
            .released = ledger->offers[i].released,
            .waiting = ledger->offers[i].waiting,
            .providers = {ledger->offers[i].providers, ledger->offers[i].provider_count},
        };
    for (const void *at = zhashx_first(ledger->in_hand); at != NULL;
         at = zhashx_next(ledger->in_hand))
        beat.in_hand.items[beat.in_hand.count++] = zhashx_cursor(ledger->in_hand);
    // A call that is neither in hand nor answered would be taken for lost.
    rf_told_unsent(&worker->told, beat.in_hand.items + beat.in_hand.count);
    beat.in_hand.count += unsent;
    err = rf_worker_send(worker, RF_MESSAGE_worker_heartbeat, &beat);
    if (err == RF_OK) {
        worker->settled = true;
        for (size_t i = 0; i < ledger->count; i++)
            rf_ledger_told(&ledger->offers[i]);
        worker->beat_sent[++worker->beats % RF_WORKER_BEATS_UNDER_WAY] = rf_loop_now(worker->loop);
    }
cleanup:
    free(beat.offers.items);
    free(beat.in_hand.items);
    return err;
}

static bool flush_credit(struct rf_worker *worker) {
    for (size_t i = 0; i < worker->ledger.count; i++) {
        struct rf_ledger_offer *offer = &worker->ledger.offers[i];
        struct rf_worker_credit credit = {.service = offer->service,
                                          .released = offer->released,
                                          .waiting = offer->waiting,
                                          .registration = worker->registration};
        if (!rf_ledger_due(offer))
            continue;
        if (rf_worker_send(worker, RF_MESSAGE_worker_credit, &credit) != RF_OK)
            return false;
        rf_ledger_told(offer);
    }
    return true;
}

void rf_worker_credit_moved(struct rf_worker *worker) {
    for (size_t i = 0; i < worker->ledger.count; i++)
        if (rf_ledger_due(&worker->ledger.offers[i]))
            rf_worker_flush_soon(worker);
}

bool rf_worker_send_all(struct rf_worker *worker) {
    // Outcomes go before the replies of their calls: a caller that acts on a reply meets a breaker
    // that knows of it.
    bool all = rf_outcomes_flush(worker);
    all = all && rf_wishes_flush(worker);
    all = all && rf_answers_flush(worker);
    all = all && flush_credit(worker);
    return all && rf_limits_flush(worker);
}

void rf_worker_flush(void *arg) {
    struct rf_worker *worker = arg;
    bool unsent = worker->told.unsent > 0;
    if (!worker->pulse.connected)
        return; // the welcome will send it all
    if (!rf_worker_send_all(worker))
        rf_timer_after(&worker->flush, SEND_RETRY);
    if (!unsent || worker->told.unsent > 0)
        return;
    if (rf_worker_unsent(worker) == 0 && worker->handlers->all_sent != NULL)
        worker->handlers->all_sent(worker->arg);
    else if (worker->ledger.draining)
        rf_timer_after(&worker->beat, rf_ns(0)); // its answer says that all before it was read
}

void rf_worker_beat(void *arg) {
    struct rf_worker *worker = arg;
    if (rf_pulse_silent(&worker->pulse, rf_loop_now(worker->loop))) {
        rf_wishes_refuse_all(worker);
        worker->handlers->connected(worker->arg, false);
    }
    // Not kept if it cannot be sent: the next one tells more.
    (void)!send_heartbeat(worker);
    rf_outcomes_tick(worker);
    rf_wishes_tick(worker);
    rf_limits_tick(worker);
    rf_worker_flush_soon(worker);
    bool soon = !worker->pulse.connected && worker->interval.ns > LOOK_AGAIN.ns;
    rf_timer_after(&worker->beat, soon ? LOOK_AGAIN : worker->interval);
}
