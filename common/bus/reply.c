// Answers to requests: replies, and calls that are handed back. Sent in order; kept while the
// broker is away, and until it has surely read them.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/serving.h"

static void keep(struct rf_worker *worker, struct rf_frame *frame, const char *id,
                 enum rf_told_kind kind) {
    // Somebody waits for it, and the call may have been carried out.
    if (rf_told_add(&worker->told, frame, id, kind, rf_loop_now(worker->loop)) != RF_OK)
        abort();
    rf_worker_flush_soon(worker);
}

// What cannot be encoded (a body over the limit, text that is not text) is still answered: the
// caller learns at least whether something was sent.
static void encode_poor_reply(const struct rf_call_reply *reply, const struct rf_error *why,
                              struct rf_frame *frame) {
    struct rf_error error;
    struct rf_call_reply poor = {
        .id = reply->id,
        .ok = false,
        .class = reply->ok ? "permanent.invalid" : reply->class,
        .code = "unencodable",
        .message = why->message,
        .sent = reply->sent,
        .mark_made = reply->mark_made,
        .destination = reply->destination,
        .exhausted = reply->exhausted,
        .worker = reply->worker,
    };
    if (rf_wire_encode(RF_MESSAGE_call_reply, &poor, frame, &error) == RF_OK)
        return;
    poor = (struct rf_call_reply){
        .id = reply->id, .class = "ambiguous", .code = "unencodable", .sent = "maybe"};
    if (rf_wire_encode(RF_MESSAGE_call_reply, &poor, frame, &error) != RF_OK)
        rf_log(RF_LOG_ERROR, "not answered: %s", error.message);
}

void rf_worker_reply(struct rf_worker *worker, const struct rf_call_reply *reply) {
    struct rf_call_reply full = *reply;
    struct rf_frame frame;
    struct rf_error error;
    bool repeatable;
    if (!rf_ledger_answered(&worker->ledger, reply->id, &repeatable)) {
        rf_log(RF_LOG_WARNING, "call %s is not in hand: its reply is dropped", reply->id);
        return;
    }
    if (full.worker == NULL)
        full.worker = worker->instance;
    if (rf_wire_encode(RF_MESSAGE_call_reply, &full, &frame, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "the reply to call %s: %s", reply->id, error.message);
        encode_poor_reply(&full, &error, &frame);
    }
    if (frame.data != NULL)
        keep(worker, &frame, reply->id, repeatable ? RF_TOLD_REPLY : RF_TOLD_REMEMBERED);
}

void rf_worker_handback(struct rf_worker *worker, const struct rf_worker_handback *handback) {
    struct rf_worker_handback full = *handback;
    struct rf_frame frame;
    struct rf_error error;
    bool repeatable;
    full.remaining_ns = rf_ledger_remaining(&worker->ledger, handback->id);
    if (!rf_ledger_answered(&worker->ledger, handback->id, &repeatable)) {
        rf_log(RF_LOG_WARNING, "call %s is not in hand: it is not handed back", handback->id);
        return;
    }
    if (rf_wire_encode(RF_MESSAGE_worker_handback, &full, &frame, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "call %s is handed back without its history: %s", handback->id,
               error.message);
        struct rf_worker_handback poor = {.id = handback->id, .remaining_ns = full.remaining_ns};
        if (rf_wire_encode(RF_MESSAGE_worker_handback, &poor, &frame, NULL) != RF_OK)
            return;
    }
    keep(worker, &frame, handback->id, RF_TOLD_HANDBACK);
}

size_t rf_worker_unsent(const struct rf_worker *worker) {
    // A broker that does not number what it reads is trusted with all that has left us.
    return worker->numbers ? rf_told_unread(&worker->told) : worker->told.unsent;
}

// After a registration the broker is told when all that we remember has been sent, and a heartbeat
// of it, which flushes again: it names what came since the one that registered us.
static bool finish_recall(struct rf_worker *worker) {
    if (!worker->recalling || !worker->settled)
        return true;
    struct rf_worker_recalled recalled = {
        .known_ns = rf_told_known_ns(&worker->told, rf_loop_now(worker->loop)),
        .registration = worker->registration};
    worker->recalling = rf_worker_send(worker, RF_MESSAGE_worker_recalled, &recalled) != RF_OK;
    return !worker->recalling;
}

bool rf_answers_flush(struct rf_worker *worker) {
    const struct rf_frame *frame;
    while ((frame = rf_told_next(&worker->told)) != NULL) {
        if (rf_socket_send(worker->loop, worker->socket, frame->data, frame->size) != RF_OK)
            return false;
        rf_told_sent(&worker->told, worker->beats);
    }
    return finish_recall(worker);
}
