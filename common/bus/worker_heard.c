// What a worker hears from the broker: welcomes, requests, and what goes to its other parts.
#include <string.h>

#include "base/log.h"
#include "bus/client.h"
#include "bus/message.h"
#include "bus/serving.h"

#define MESSAGES_PER_PASS 256

// What became of our registration, and of what is under way. Every welcome says which of our
// heartbeats made the registration and which began the connection: the one that answered that
// heartbeat may be lost, or meet us with the next one sent already.
struct standing {
    enum rf_pulse_news news;
    bool anew;  // another registration: counts begin at 0
    bool moved; // the same behind another connection: what was under way may be lost
};

static struct standing standing_of(struct rf_worker *worker,
                                   const struct rf_worker_welcome *welcome) {
    struct standing standing = {.anew = welcome->registered, .moved = welcome->moved};
    if (welcome->registration > 0) {
        // One that another overtook, over the connection before.
        bool old = welcome->seq < worker->answered;
        standing.anew = !old && welcome->registration != worker->registration;
        standing.moved = !old && !standing.anew && welcome->connection != worker->connection;
    }
    if (standing.anew)
        worker->registration = welcome->registration;
    if (standing.anew || standing.moved)
        worker->connection = welcome->connection;
    if (welcome->seq > worker->answered)
        worker->answered = welcome->seq;
    standing.news =
        rf_pulse_heard(&worker->pulse, welcome->broker, standing.anew, rf_loop_now(worker->loop));
    return standing;
}

// Which of our heartbeats the broker has read, and with it all that we had sent before. What it
// sends unasked answers none; one that numbers nothing counts as heard when we hear it.
static void take_seq(struct rf_worker *worker, int64_t seq, const struct standing *standing) {
    if (standing->news == RF_PULSE_CHANGED)
        worker->numbers = false;
    if (seq > 0 && seq <= worker->beats && worker->beats - seq < RF_WORKER_BEATS_UNDER_WAY) {
        worker->numbers = true;
        worker->leased = worker->beat_sent[seq % RF_WORKER_BEATS_UNDER_WAY];
        bool unread = worker->told.unread != NULL;
        if (!standing->anew && !standing->moved)
            rf_told_read(&worker->told, seq);
        if (unread && worker->told.unread == NULL && worker->handlers->all_sent != NULL)
            worker->handlers->all_sent(worker->arg);
    } else if (!worker->numbers) {
        worker->leased = rf_loop_now(worker->loop);
    }
}

static void begin_registration(struct rf_worker *worker, bool limits) {
    rf_ledger_registered(&worker->ledger);
    rf_limits_begin(worker, limits);
    rf_told_again(&worker->told, true);
    worker->recalling = true;
    // The heartbeat that registered us told the numbers of the registration before. What has come
    // is read before the next one, which names it.
    worker->settled = false;
    rf_timer_after(&worker->beat, rf_ms(1));
}

static void on_welcome(struct rf_worker *worker, const struct rf_message *message) {
    const struct rf_worker_welcome *welcome = &message->as.worker_welcome;
    struct standing standing = standing_of(worker, welcome);
    bool same = standing.news == RF_PULSE_SAME;
    take_seq(worker, welcome->seq, &standing);
    worker->interval = rf_pulse_interval(worker->config->heartbeat, welcome->heartbeat_ns);
    if (welcome->lease_ns < worker->pulse.limit.ns)
        worker->pulse.limit = rf_ns(welcome->lease_ns);
    if (standing.news == RF_PULSE_CHANGED) {
        rf_wishes_refuse_all(worker);
        worker->handlers->connected(worker->arg, false);
    }
    // Their numbers go on: some may be on their way here already, and come before the rest.
    if (standing.anew || standing.moved || !same)
        rf_backlog_rewind(&worker->outcomes, 0);
    if (standing.anew)
        begin_registration(worker, welcome->limits);
    else if (!same)
        rf_timer_after(&worker->beat, worker->interval);
    if (standing.moved) {
        rf_told_again(&worker->told, false);
        worker->recalling = true; // that all was told may be lost as well
    }
    if (!same)
        worker->handlers->connected(worker->arg, true);
    if (!same || standing.moved)
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
    switch (rf_ledger_request(&worker->ledger, request->service, request->id, request->repeatable,
                              request->remaining_ns)) {
    case RF_LEDGER_UNKNOWN:
        rf_log(RF_LOG_WARNING, "a request for %s, which is not offered", request->service);
        refuse_request(worker, request);
        return;
    case RF_LEDGER_KNOWN:
        rf_log(RF_LOG_WARNING, "call %s is in hand already", request->id);
        rf_timer_after(&worker->beat, rf_ns(0)); // tells the place that was given back
        return;
    case RF_LEDGER_NEW:
        rf_told_withdraw(&worker->told, request->id);
        rf_worker_credit_moved(worker); // it may have been the last place that the broker knew of
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
    // Another version is told of by the bus, which is refused for it as well.
    if (strcmp(message->as.refusal.code, "version") == 0)
        return;
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

void rf_worker_read(void *arg, zsock_t *socket) {
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
