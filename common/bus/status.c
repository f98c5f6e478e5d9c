// How is the broker: one question, one answer.
#include "bus/client.h"

#define STATUS_LIMIT rf_seconds(5)

void rf_bus_status(struct rf_bus *bus, rf_status_fn *fn, void *arg) {
    char rid[RF_RID_SIZE];
    struct rf_status_request request = {.rid = rf_bus_rid(bus, rid)};
    struct rf_pending_op *op = rf_question_new(bus, RF_QUESTION_STATUS, rid,
                                               RF_MESSAGE_status_request, &request, STATUS_LIMIT);
    op->fn.status = fn;
    op->arg = arg;
}

void rf_bus_on_status_reply(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_status_reply *reply = &message->as.status_reply;
    struct rf_pending_op *op = rf_question_take(bus, RF_QUESTION_STATUS, reply->rid);
    if (op == NULL)
        return;
    if (op->fn.status != NULL)
        op->fn.status(op->arg, reply->status);
    rf_pending_op_free(op);
}
