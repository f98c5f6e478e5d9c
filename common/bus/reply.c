// Answers to requests: replies, and calls that are handed back. Sent in order; kept while the
// broker is away.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/serving.h"

struct rf_answer {
    struct rf_frame frame;
    struct rf_answer *next;
};

static void keep(struct rf_worker *worker, struct rf_frame frame) {
    struct rf_answer *answer = calloc(1, sizeof *answer);
    // Somebody waits for it, and the call may have been carried out.
    if (answer == NULL)
        abort();
    answer->frame = frame;
    if (worker->last_answer != NULL)
        worker->last_answer->next = answer;
    else
        worker->first_answer = answer;
    worker->last_answer = answer;
    worker->answer_count++;
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
    if (!rf_ledger_answered(&worker->ledger, reply->id)) {
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
        keep(worker, frame);
}

void rf_worker_handback(struct rf_worker *worker, const struct rf_worker_handback *handback) {
    struct rf_frame frame;
    struct rf_error error;
    if (!rf_ledger_answered(&worker->ledger, handback->id)) {
        rf_log(RF_LOG_WARNING, "call %s is not in hand: it is not handed back", handback->id);
        return;
    }
    if (rf_wire_encode(RF_MESSAGE_worker_handback, handback, &frame, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "call %s is handed back without its history: %s", handback->id,
               error.message);
        struct rf_worker_handback poor = {.id = handback->id};
        if (rf_wire_encode(RF_MESSAGE_worker_handback, &poor, &frame, NULL) != RF_OK)
            return;
    }
    keep(worker, frame);
}

static void drop_first(struct rf_worker *worker) {
    struct rf_answer *answer = worker->first_answer;
    worker->first_answer = answer->next;
    if (worker->first_answer == NULL)
        worker->last_answer = NULL;
    worker->answer_count--;
    rf_frame_free(&answer->frame);
    free(answer);
}

size_t rf_worker_unsent(const struct rf_worker *worker) {
    return worker->answer_count;
}

bool rf_answers_flush(struct rf_worker *worker) {
    while (worker->first_answer != NULL) {
        const struct rf_frame *frame = &worker->first_answer->frame;
        if (rf_socket_send(worker->loop, worker->socket, frame->data, frame->size) != RF_OK)
            return false;
        drop_first(worker);
    }
    return true;
}

void rf_answers_fini(struct rf_worker *worker) {
    while (worker->first_answer != NULL)
        drop_first(worker);
}
