// The worker: registration and heartbeat in one, requests in, credit out.
#include <ringfence/worker.h>

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/message.h"
#include "bus/serving.h"

#define LOOK_AGAIN        rf_ms(100)
#define SEND_RETRY        rf_ms(20)
#define MESSAGES_PER_PASS 256

// So long the last words of a worker may take to leave the process: one that drains may have a
// thousand calls to hand back in its socket, at a broker that hands each on. Both stay within the
// 2 s in which a second signal ends a process.
#define GOODBYE_MS         200
#define DRAINED_GOODBYE_MS 1500

enum rf_err rf_worker_send(struct rf_worker *worker, enum rf_message_type type, const void *body) {
    return rf_message_send(worker->loop, worker->socket, type, body);
}

void rf_worker_flush_soon(struct rf_worker *worker) {
    if (worker->pulse.connected)
        rf_timer_after(&worker->flush, rf_ns(0));
}

// ---- heartbeat and credit ----

static enum rf_err send_heartbeat(struct rf_worker *worker) {
    struct rf_ledger *ledger = &worker->ledger;
    struct rf_worker_heartbeat beat = {
        .instance = worker->instance,
        .draining = ledger->draining,
        .seq = worker->beats + 1,
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
        struct rf_worker_credit credit = {
            .service = offer->service, .released = offer->released, .waiting = offer->waiting};
        if (!rf_ledger_due(offer))
            continue;
        if (rf_worker_send(worker, RF_MESSAGE_worker_credit, &credit) != RF_OK)
            return false;
        rf_ledger_told(offer);
    }
    return true;
}

static void tell_credit_if_due(struct rf_worker *worker) {
    for (size_t i = 0; i < worker->ledger.count; i++)
        if (rf_ledger_due(&worker->ledger.offers[i]))
            rf_worker_flush_soon(worker);
}

static void flush(struct rf_worker *worker) {
    // Outcomes go before the replies of their calls: a caller that acts on a reply meets a breaker
    // that knows of it.
    bool all = rf_outcomes_flush(worker);
    all = all && rf_wishes_flush(worker);
    all = all && rf_answers_flush(worker);
    all = all && flush_credit(worker);
    all = all && rf_limits_flush(worker);
    if (!all)
        rf_timer_after(&worker->flush, SEND_RETRY);
}

static void on_flush(void *arg) {
    struct rf_worker *worker = arg;
    bool unsent = worker->told.unsent > 0;
    if (!worker->pulse.connected)
        return; // the welcome will send it all
    flush(worker);
    if (!unsent || worker->told.unsent > 0)
        return;
    if (rf_worker_unsent(worker) == 0 && worker->handlers->all_sent != NULL)
        worker->handlers->all_sent(worker->arg);
    else if (worker->ledger.draining)
        rf_timer_after(&worker->beat, rf_ns(0)); // its answer says that all before it was read
}

static void on_beat(void *arg) {
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

// ---- what the broker says ----

// Which of our heartbeats the broker has read, and with it all that we had sent before. What it
// sends unasked answers none; one that numbers nothing counts as heard when we hear it.
static void take_seq(struct rf_worker *worker, const struct rf_worker_welcome *welcome,
                     enum rf_pulse_news news) {
    if (news == RF_PULSE_CHANGED)
        worker->numbers = false;
    int64_t seq = welcome->seq;
    if (seq > 0 && seq <= worker->beats && worker->beats - seq < RF_WORKER_BEATS_UNDER_WAY) {
        worker->numbers = true;
        worker->leased = worker->beat_sent[seq % RF_WORKER_BEATS_UNDER_WAY];
        bool unread = worker->told.unread != NULL;
        if (!welcome->registered && !welcome->moved)
            rf_told_read(&worker->told, seq);
        if (unread && worker->told.unread == NULL && worker->handlers->all_sent != NULL)
            worker->handlers->all_sent(worker->arg);
    } else if (!worker->numbers) {
        worker->leased = rf_loop_now(worker->loop);
    }
}

static void on_welcome(struct rf_worker *worker, const struct rf_message *message) {
    const struct rf_worker_welcome *welcome = &message->as.worker_welcome;
    enum rf_pulse_news news = rf_pulse_heard(&worker->pulse, welcome->broker, welcome->registered,
                                             rf_loop_now(worker->loop));
    take_seq(worker, welcome, news);
    worker->interval = rf_pulse_interval(worker->config->heartbeat, welcome->heartbeat_ns);
    if (welcome->lease_ns < worker->pulse.limit.ns)
        worker->pulse.limit = rf_ns(welcome->lease_ns);
    if (news == RF_PULSE_CHANGED) {
        rf_wishes_refuse_all(worker);
        worker->handlers->connected(worker->arg, false);
    }
    // Their numbers go on: some may be on their way here already, and come before the rest.
    if (welcome->registered || welcome->moved || news != RF_PULSE_SAME)
        rf_backlog_rewind(&worker->outcomes, 0);
    if (welcome->registered) {
        rf_ledger_registered(&worker->ledger);
        rf_limits_begin(worker, welcome->limits);
        rf_told_again(&worker->told, true);
        worker->recalling = true;
        // The heartbeat that registered us told the numbers of the registration before.
        rf_timer_after(&worker->beat, rf_ms(1));
    } else if (news != RF_PULSE_SAME) {
        rf_timer_after(&worker->beat, worker->interval);
    }
    if (welcome->moved)
        rf_told_again(&worker->told, false);
    if (news != RF_PULSE_SAME)
        worker->handlers->connected(worker->arg, true);
    if (news != RF_PULSE_SAME || welcome->moved)
        rf_worker_flush_soon(worker);
}

static void on_unknown(struct rf_worker *worker, const struct rf_message *message) {
    (void)message;
    rf_timer_after(&worker->beat, rf_ns(0));
}

static void refuse_request(struct rf_worker *worker, const struct rf_call_request *request) {
    struct rf_call_reply reply = {
        .id = request->id,
        .class = "local",
        .code = "no_worker",
        .message = "this worker does not offer the service",
        .sent = "no",
        .worker = worker->instance,
    };
    (void)!rf_worker_send(worker, RF_MESSAGE_call_reply, &reply);
}

// A broker that lost its memory asks for what was done already: its answer is told again.
static bool done_before(struct rf_worker *worker, const struct rf_call_request *request) {
    bool repeatable;
    if (request->repeatable || !rf_told_repeat(&worker->told, request->id))
        return false;
    rf_log(RF_LOG_WARNING, "call %s was carried out already: answered as before", request->id);
    (void)!rf_ledger_answered(&worker->ledger, request->id, &repeatable);
    rf_worker_release(worker, request->service, -1);
    return true;
}

static void on_request(struct rf_worker *worker, const struct rf_message *message) {
    const struct rf_call_request *request = &message->as.call_request;
    switch (
        rf_ledger_request(&worker->ledger, request->service, request->id, request->repeatable)) {
    case RF_LEDGER_UNKNOWN:
        rf_log(RF_LOG_WARNING, "a request for %s, which is not offered", request->service);
        refuse_request(worker, request);
        return;
    case RF_LEDGER_KNOWN:
        rf_log(RF_LOG_WARNING, "call %s is in hand already", request->id);
        rf_timer_after(&worker->beat, rf_ns(0)); // tells the place that was given back
        return;
    case RF_LEDGER_NEW:
        tell_credit_if_due(worker); // it may have been the last place that the broker knew of
        break;
    }
    if (done_before(worker, request))
        return;
    if (!worker->ledger.draining) {
        worker->handlers->request(worker->arg, request);
        return;
    }
    // It was on its way when we said that we drain.
    struct rf_worker_handback handback = {
        .id = request->id,
        .attempts = {request->attempts.items, request->attempts.count},
        .retries = request->retries,
        .next_attempt = request->next_attempt};
    rf_worker_handback(worker, &handback);
    rf_worker_release(worker, request->service, -1);
}

static void on_cancel(struct rf_worker *worker, const struct rf_message *message) {
    if (worker->handlers->cancel != NULL)
        worker->handlers->cancel(worker->arg, message->as.call_cancel.id);
}

static void on_outcomes_ack(struct rf_worker *worker, const struct rf_message *message) {
    rf_outcomes_acked(worker, (uint64_t)message->as.worker_outcomes_ack.seq);
}

static void on_states(struct rf_worker *worker, const struct rf_message *message) {
    rf_views_take(worker, &message->as.breaker_states);
}

static void on_granted(struct rf_worker *worker, const struct rf_message *message) {
    rf_wish_granted(worker, &message->as.permit_granted);
}

static void on_refused(struct rf_worker *worker, const struct rf_message *message) {
    rf_wish_refused(worker, &message->as.permit_refused);
}

static void on_share(struct rf_worker *worker, const struct rf_message *message) {
    rf_limits_take(worker, &message->as.limit_share);
}

static void on_refusal(struct rf_worker *worker, const struct rf_message *message) {
    (void)worker;
    rf_log(RF_LOG_WARNING, "the broker refused a worker's message: %s: %s",
           message->as.refusal.code, message->as.refusal.message);
}

static const struct {
    enum rf_message_type type;
    void (*handle)(struct rf_worker *worker, const struct rf_message *message);
} from_workers[] = {
    {RF_MESSAGE_worker_welcome, on_welcome},
    {RF_MESSAGE_worker_unknown, on_unknown},
    {RF_MESSAGE_call_request, on_request},
    {RF_MESSAGE_call_cancel, on_cancel},
    {RF_MESSAGE_worker_outcomes_ack, on_outcomes_ack},
    {RF_MESSAGE_breaker_states, on_states},
    {RF_MESSAGE_permit_granted, on_granted},
    {RF_MESSAGE_permit_refused, on_refused},
    {RF_MESSAGE_limit_share, on_share},
    {RF_MESSAGE_refusal, on_refusal},
};

static void on_workers(void *arg, zsock_t *socket) {
    struct rf_worker *worker = arg;
    struct rf_parts parts;
    for (int i = 0; i < MESSAGES_PER_PASS && rf_socket_receive(worker->loop, socket, &parts); i++) {
        struct rf_message *message = rf_message_read(&parts);
        for (size_t k = 0; message != NULL && k < sizeof from_workers / sizeof *from_workers; k++)
            if (from_workers[k].type == message->type)
                from_workers[k].handle(worker, message);
        rf_message_destroy(&message);
        rf_parts_free(&parts);
    }
}

// ---- what the service says ----

void rf_worker_release(struct rf_worker *worker, const char *service, int64_t waiting) {
    bool counted;
    const struct rf_ledger_offer *offer =
        rf_ledger_release(&worker->ledger, service, waiting, &counted);
    if (offer == NULL) {
        rf_log(RF_LOG_ERROR, "a place of %s was given back that nobody had", service);
        return;
    }
    tell_credit_if_due(worker);
    if (!counted)
        rf_timer_after(&worker->beat, rf_ns(0));
}

void rf_worker_waiting(struct rf_worker *worker, const char *service, int64_t waiting) {
    rf_ledger_waiting(&worker->ledger, service, waiting);
    tell_credit_if_due(worker);
}

void rf_worker_uses(struct rf_worker *worker, const char *service, const char *const *providers,
                    size_t count) {
    if (rf_ledger_uses(&worker->ledger, service, providers, count))
        rf_timer_after(&worker->beat, rf_ns(0));
    else
        rf_log(RF_LOG_ERROR, "%s is used for something, but not offered", service);
}

void rf_worker_drain(struct rf_worker *worker) {
    worker->ledger.draining = true;
    rf_timer_after(&worker->beat, rf_ns(0));
}

bool rf_worker_leased(const struct rf_worker *worker) {
    return worker->pulse.connected &&
           rf_instant_since(rf_loop_now(worker->loop), worker->leased).ns < worker->pulse.limit.ns;
}

size_t rf_worker_in_hand(const struct rf_worker *worker) {
    return rf_ledger_in_hand(&worker->ledger);
}

// ---- birth and death ----

enum rf_err rf_worker_new(struct rf_bus *bus, const struct rf_worker_offer *offers, size_t count,
                          const struct rf_worker_handlers *handlers, void *arg,
                          struct rf_worker **out, struct rf_error *error) {
    struct rf_worker *worker = calloc(1, sizeof *worker);
    enum rf_err err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    *out = NULL;
    if (worker == NULL)
        return err;
    worker->loop = bus->loop;
    worker->config = bus->config;
    worker->instance = bus->instance;
    worker->handlers = handlers;
    worker->arg = arg;
    worker->interval = rf_pulse_interval(bus->config->heartbeat, bus->config->heartbeat.ns);
    rf_timer_init(&worker->beat, worker->loop, on_beat, worker);
    rf_timer_init(&worker->flush, worker->loop, on_flush, worker);
    rf_pulse_init(&worker->pulse, rf_ns(bus->config->heartbeat.ns * bus->config->heartbeat_misses),
                  rf_loop_now(worker->loop));
    rf_outcomes_init(worker);
    rf_told_init(&worker->told);
    if (rf_ledger_init(&worker->ledger, offers, count) != RF_OK)
        goto cleanup;
    err = rf_socket_connect(ZMQ_DEALER, bus->config->workers, &bus->keys, &worker->socket, error);
    if (err == RF_OK)
        err = rf_handshake_watch(&worker->handshake, worker->loop, worker->socket,
                                 bus->config->workers, &bus->keys, error);
    if (err == RF_OK)
        err = rf_loop_socket_add(worker->loop, worker->socket, on_workers, worker);
    if (err != RF_OK)
        goto cleanup;
    rf_timer_after(&worker->beat, rf_ns(0));
    *out = worker;
    return RF_OK;
cleanup:
    rf_worker_destroy(&worker);
    return err;
}

static void say_goodbye(struct rf_worker *worker) {
    struct rf_worker_bye bye = {.instance = worker->instance};
    flush(worker);
    zsock_set_linger(worker->socket, worker->ledger.draining ? DRAINED_GOODBYE_MS : GOODBYE_MS);
    (void)!rf_worker_send(worker, RF_MESSAGE_worker_bye, &bye);
}

void rf_worker_destroy(struct rf_worker **out) {
    struct rf_worker *worker = *out;
    if (worker == NULL)
        return;
    *out = NULL;
    if (worker->pulse.connected)
        say_goodbye(worker);
    rf_timer_stop(&worker->beat);
    rf_timer_stop(&worker->flush);
    rf_handshake_end(&worker->handshake);
    if (worker->socket != NULL)
        rf_loop_socket_remove(worker->loop, worker->socket);
    zsock_destroy(&worker->socket);
    rf_told_fini(&worker->told);
    rf_wishes_fini(worker);
    rf_views_fini(worker);
    rf_backlog_fini(&worker->outcomes);
    if (worker->ledger.in_hand != NULL)
        rf_ledger_fini(&worker->ledger);
    free(worker);
}
