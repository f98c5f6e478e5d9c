// Calls: requests that a worker carries out somewhere behind the broker.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/client.h"
#include "bus/message.h"
#include "wire/request.h"

// The broker and the worker end a call at its deadline themselves, and tell why: their word may
// come a little later.
#define GRACE rf_seconds(2)
// The broker has had the last word by then.
#define PRESS rf_ms(1500)
// A request that waited longer than this is told anew how much time is left.
#define FRESH rf_ms(10)

// Asked again it tells since when, in a field more.
#define AGAIN_BYTES 32

#define MESSAGES_PER_PASS 256

void rf_call_end(struct rf_pending_op *op, const char *code, const char *message) {
    struct rf_call_reply reply = {.id = op->id,
                                  .ok = false,
                                  .class = "local",
                                  .code = code,
                                  .message = message,
                                  .sent = op->sent ? "maybe" : "no"};
    op->fn.reply(op->arg, &reply);
    rf_pending_op_free(op);
}

// ---- what comes back ----

static void on_reply(struct rf_bus *bus, const struct rf_call_reply *reply) {
    struct rf_pending_op *op = rf_pending_find(&bus->pending_calls, reply->id);
    if (op == NULL)
        return; // cancelled, or given up already
    rf_pending_take(&bus->pending_calls, op);
    op->fn.reply(op->arg, reply);
    rf_pending_op_free(op);
}

static void on_refusal(struct rf_bus *bus, const struct rf_refusal *refusal) {
    if (rf_bus_barred(bus, refusal))
        return;
    rf_log(RF_LOG_WARNING, "the broker refused a message: %s: %s", refusal->code, refusal->message);
    struct rf_pending_op *op =
        refusal->rid == NULL ? NULL : rf_pending_find(&bus->pending_calls, refusal->rid);
    if (op == NULL)
        return;
    rf_pending_take(&bus->pending_calls, op);
    op->sent = op->again; // the broker did not take it; an earlier one may have
    rf_call_end(op, refusal->code, refusal->message);
}

static void on_calls(void *arg, zsock_t *socket) {
    struct rf_bus *bus = arg;
    struct rf_parts parts;
    for (int i = 0; i < MESSAGES_PER_PASS && rf_socket_receive(bus->loop, socket, &parts); i++) {
        struct rf_message *message = rf_message_read(&parts);
        if (message != NULL && message->type == RF_MESSAGE_call_reply)
            on_reply(bus, &message->as.call_reply);
        else if (message != NULL && message->type == RF_MESSAGE_refusal)
            on_refusal(bus, &message->as.refusal);
        rf_message_destroy(&message);
        rf_parts_free(&parts);
    }
}

// ---- sending ----

// It broke alone: ingest is well, and so is the broker, but requests and replies were lost with it.
static void on_renewed(void *arg) {
    struct rf_bus *bus = arg;
    rf_calls_reset(bus);
    rf_bus_flush_soon(bus);
}

static bool open_calls(struct rf_bus *bus) {
    struct rf_error error;
    if (bus->calls != NULL)
        return true;
    if (rf_bus_connect(bus, ZMQ_DEALER, bus->config->calls, &bus->calls, on_calls, &error) ==
        RF_OK) {
        rf_handshake_on_renewed(rf_bus_handshake(bus, &bus->calls), on_renewed, bus);
        return true;
    }
    rf_log(RF_LOG_ERROR, "%s", error.message);
    return false;
}

// What was asked before is asked again with its age: a broker that does not know the id carries it
// out only if surely nobody has it in hand.
static void refresh(struct rf_pending_op *op, struct rf_instant now) {
    struct rf_message *message;
    struct rf_frame frame;
    struct rf_duration left = rf_instant_since(op->deadline, now);
    if (!op->sent && rf_instant_since(now, op->began).ns < FRESH.ns)
        return;
    if (rf_wire_decode(op->frame.data, op->frame.size, &message, NULL) != RF_OK)
        return;
    struct rf_call_request *request = &message->as.call_request;
    // What was called off is only asked about: nobody is to begin it before its cancel is read.
    request->remaining_ns = left.ns > 0 && !op->called_off ? left.ns : 0;
    if (op->sent)
        request->asked_ns = rf_instant_since(now, op->asked).ns + 1;
    if (rf_wire_encode(RF_MESSAGE_call_request, request, &frame, NULL) == RF_OK) {
        rf_frame_free(&op->frame);
        op->frame = frame;
        op->began = now;
    }
    rf_message_destroy(&message);
}

// Best effort: a worker that does not hear of it carries the call out.
static bool send_cancel(struct rf_bus *bus, const struct rf_pending_op *op) {
    struct rf_call_cancel cancel = {.id = op->id};
    struct rf_frame frame;
    if (rf_wire_encode(RF_MESSAGE_call_cancel, &cancel, &frame, NULL) != RF_OK)
        return false;
    bool sent = rf_socket_send(bus->loop, bus->calls, frame.data, frame.size) == RF_OK;
    rf_frame_free(&frame);
    return sent;
}

static bool send_request(struct rf_bus *bus, const struct rf_pending_op *op) {
    return rf_socket_send(bus->loop, bus->calls, op->frame.data, op->frame.size) == RF_OK &&
           (!op->called_off || send_cancel(bus, op));
}

bool rf_calls_flush(struct rf_bus *bus) {
    struct rf_pending_op *op = rf_pending_unsent(&bus->pending_calls);
    if (op != NULL && !open_calls(bus))
        return false;
    for (; op != NULL; op = rf_pending_unsent(&bus->pending_calls)) {
        struct rf_instant now = rf_loop_now(bus->loop);
        bool over = !rf_instant_before(now, op->deadline);
        // It ends now. A request cannot say that nothing is left: its deadline alone would count,
        // by the broker's clock.
        if (over && !op->sent) {
            op->failure = "deadline_exceeded";
            continue;
        }
        // Asked again after its deadline it would only be refused; a late answer may still come.
        refresh(op, now);
        if (!over && !send_request(bus, op))
            return false;
        op->again = op->sent;
        if (!op->sent) {
            op->asked = now;
            rf_pending_end_at(&bus->pending_calls, op, rf_instant_add(op->deadline, PRESS));
        }
        rf_pending_sent(&bus->pending_calls, op);
    }
    return true;
}

// Behind its deadline nothing is begun any more, whoever asks.
bool rf_call_press(struct rf_bus *bus, struct rf_pending_op *op) {
    if (op->pressed || !op->sent || op->failure != NULL || !bus->pulse.connected)
        return false;
    op->pressed = op->again = true;
    rf_pending_end_at(&bus->pending_calls, op, rf_instant_add(op->deadline, GRACE));
    refresh(op, rf_loop_now(bus->loop));
    (void)!send_request(bus, op);
    return true;
}

// The broker is another, or was silent, or has lost sight of us: it, or its answer, may not have
// what was sent.
void rf_calls_reset(struct rf_bus *bus) {
    rf_pending_again(&bus->pending_calls);
}

// What the broker would refuse is not sent to it.
static enum rf_err pack(const struct rf_bus *bus, const struct rf_call_request *request,
                        struct rf_frame *frame, struct rf_error *error) {
    if (bus->config->calls == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "bus.calls: no endpoint is given");
    enum rf_err err = rf_wire_encode(RF_MESSAGE_call_request, request, frame, error);
    if (err != RF_OK)
        return err;
    struct rf_call_request_glance names = {.id = rf_str_of(request->id),
                                           .service = rf_str_of(request->service),
                                           .operation = rf_str_of(request->operation)};
    err = rf_wire_request_check(&names, frame->size + AGAIN_BYTES, error);
    if (err != RF_OK)
        rf_frame_free(frame);
    return err;
}

void rf_bus_call(struct rf_bus *bus, const struct rf_call_request *request, rf_reply_fn *fn,
                 void *arg) {
    struct rf_call_request full = *request;
    struct rf_error error;
    struct rf_utc deadline = {request->deadline};
    struct rf_duration left = rf_utc_since(deadline, rf_clock_utc());
    full.remaining_ns = left.ns > 0 ? left.ns : 0;
    struct rf_pending_op *op = rf_pending_add(&bus->pending_calls, request->id);
    // Its owner waits for a reply that could never come. (Or it gave the same id to two calls.)
    if (op == NULL)
        abort();
    op->question = RF_QUESTION_CALL;
    op->fn.reply = fn;
    op->arg = arg;
    op->began = rf_loop_now(bus->loop);
    op->deadline = rf_instant_add(op->began, rf_ns(full.remaining_ns));
    rf_pending_end_at(&bus->pending_calls, op, op->deadline);
    if (pack(bus, &full, &op->frame, &error) != RF_OK) {
        rf_log(RF_LOG_ERROR, "call %.*s is not sent: %s", RF_CALL_ID_BYTES, request->id,
               error.message);
        op->failure = "invalid";
        rf_pending_end_at(&bus->pending_calls, op, rf_loop_now(bus->loop));
    }
    rf_bus_expect(bus, op);
    rf_bus_flush_soon(bus);
}

void rf_bus_call_off(struct rf_bus *bus, const char *id) {
    struct rf_pending_op *op = rf_pending_find(&bus->pending_calls, id);
    if (op == NULL || op->failure != NULL)
        return;
    if (op->sent) {
        op->called_off = true;
        (void)!send_cancel(bus, op);
        return;
    }
    op->failure = "cancelled";
    rf_pending_end_at(&bus->pending_calls, op, rf_loop_now(bus->loop));
    rf_bus_expect(bus, op);
}

static void on_forgotten(void *arg, const struct rf_call_reply *reply) {
    (void)arg;
    (void)reply;
}

// What was sent is kept until it is answered: if the connection breaks, the cancel is told again.
void rf_bus_cancel(struct rf_bus *bus, const char *id) {
    struct rf_pending_op *op = rf_pending_find(&bus->pending_calls, id);
    if (op == NULL)
        return;
    if (op->sent) {
        op->fn.reply = on_forgotten;
        rf_bus_call_off(bus, id);
        return;
    }
    rf_pending_take(&bus->pending_calls, op);
    rf_pending_op_free(op);
}
