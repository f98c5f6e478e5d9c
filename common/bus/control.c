// A person's word to the broker about a circuit breaker.
#include "bus/client.h"

#define CONTROL_LIMIT rf_seconds(10)

void rf_bus_breaker_control(struct rf_bus *bus, const struct rf_breaker_control *control,
                            rf_control_fn *fn, void *arg) {
    char rid[RF_RID_SIZE];
    struct rf_breaker_control message = *control;
    message.rid = rf_bus_rid(bus, rid);
    struct rf_pending_op *op = rf_question_new(bus, RF_QUESTION_CONTROL, rid,
                                               RF_MESSAGE_breaker_control, &message, CONTROL_LIMIT);
    op->fn.control = fn;
    op->arg = arg;
}

void rf_bus_on_breaker_controlled(struct rf_bus *bus, const struct rf_message *message) {
    const struct rf_breaker_controlled *answer = &message->as.breaker_controlled;
    struct rf_pending_op *op = rf_question_take(bus, RF_QUESTION_CONTROL, answer->rid);
    if (op == NULL)
        return;
    const char *code = answer->ok ? NULL : answer->code != NULL ? answer->code : "refused";
    if (op->fn.control != NULL)
        op->fn.control(op->arg, code, answer->message);
    rf_pending_op_free(op);
}
