// Questions to ingest: state operations, and how all of them are sent.
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "bus/client.h"

#define ANSWER_LIMIT rf_seconds(10)

struct rf_pending_op *rf_question_new(struct rf_bus *bus, enum rf_question question,
                                      const char *rid, enum rf_message_type type, const void *body,
                                      struct rf_duration limit) {
    struct rf_error error;
    struct rf_pending_op *op = rf_pending_add(&bus->questions, rid);
    // Its owner waits for an answer that could never come.
    if (op == NULL)
        abort();
    op->question = question;
    rf_pending_end_at(&bus->questions, op, rf_instant_add(rf_loop_now(bus->loop), limit));
    if (rf_wire_encode(type, body, &op->frame, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "not sent: %s", error.message);
        op->failure = "invalid";
        rf_pending_end_at(&bus->questions, op, rf_loop_now(bus->loop));
    }
    rf_bus_expect(bus, op);
    rf_bus_flush_soon(bus);
    return op;
}

struct rf_pending_op *rf_question_take(struct rf_bus *bus, enum rf_question question,
                                       const char *rid) {
    struct rf_pending_op *op = rid == NULL ? NULL : rf_pending_find(&bus->questions, rid);
    if (op == NULL || op->question != question)
        return NULL;
    rf_pending_take(&bus->questions, op);
    return op;
}

bool rf_questions_flush(struct rf_bus *bus) {
    struct rf_pending_op *op;
    while ((op = rf_pending_unsent(&bus->questions)) != NULL) {
        if (rf_socket_send(bus->loop, bus->ingest, op->frame.data, op->frame.size) != RF_OK)
            return false;
        rf_pending_sent(&bus->questions, op);
    }
    return true;
}

void rf_question_end(struct rf_pending_op *op, const char *code) {
    if (op->question == RF_QUESTION_STATE && op->fn.state != NULL)
        op->fn.state(op->arg, code, NULL);
    if (op->question == RF_QUESTION_STATUS && op->fn.status != NULL)
        op->fn.status(op->arg, NULL);
    if (op->question == RF_QUESTION_CONTROL && op->fn.control != NULL)
        op->fn.control(op->arg, code, NULL);
    rf_pending_op_free(op);
}

static void ask(struct rf_bus *bus, const char *rid, enum rf_message_type type, const void *body,
                rf_state_fn *fn, void *arg) {
    struct rf_pending_op *op =
        rf_question_new(bus, RF_QUESTION_STATE, rid, type, body, ANSWER_LIMIT);
    op->fn.state = fn;
    op->arg = arg;
}

void rf_bus_state_get(struct rf_bus *bus, const char *key, rf_state_fn *fn, void *arg) {
    char rid[RF_RID_SIZE];
    struct rf_state_get get = {.rid = rf_bus_rid(bus, rid), .key = key};
    ask(bus, rid, RF_MESSAGE_state_get, &get, fn, arg);
}

void rf_bus_state_put(struct rf_bus *bus, const char *key, json_t *value, struct rf_duration ttl,
                      rf_state_fn *fn, void *arg) {
    char rid[RF_RID_SIZE];
    struct rf_state_put put = {
        .rid = rf_bus_rid(bus, rid), .key = key, .value = value, .ttl_ns = ttl.ns};
    ask(bus, rid, RF_MESSAGE_state_put, &put, fn, arg);
}

void rf_bus_state_cas(struct rf_bus *bus, const char *key, int64_t version, json_t *value,
                      struct rf_duration ttl, rf_state_fn *fn, void *arg) {
    char rid[RF_RID_SIZE];
    struct rf_state_cas cas = {.rid = rf_bus_rid(bus, rid),
                               .key = key,
                               .version = version,
                               .value = value,
                               .ttl_ns = ttl.ns};
    ask(bus, rid, RF_MESSAGE_state_cas, &cas, fn, arg);
}

void rf_bus_on_state_reply(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_state_reply *reply = &message->as.state_reply;
    struct rf_pending_op *op = rf_question_take(bus, RF_QUESTION_STATE, reply->rid);
    const char *code = reply->ok ? NULL : reply->code != NULL ? reply->code : "refused";
    if (op == NULL && code != NULL)
        rf_watches_refused(bus, reply->rid, code);
    if (op == NULL)
        return;
    if (op->fn.state != NULL)
        op->fn.state(op->arg, code, reply->entries.count > 0 ? &reply->entries.items[0] : NULL);
    rf_pending_op_free(op);
}
