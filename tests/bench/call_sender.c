// A client on a bare DEALER socket, with so many calls in flight: prepared requests in which only
// the id changes, so that what is measured is what stands between it and the workers.
//   call_sender ENDPOINT IN_FLIGHT WARMUP REQUESTS [RATE]
// With a rate it is an open loop: a call is late from when it was due, and IN_FLIGHT the most.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "base/clock.h"
#include "call_id.h"
#include "pace.h"
#include "samples.h"
#include "stamp.h"
#include "wire/wire.h"

#define PATIENCE_NS INT64_C(30000000000)

static struct rf_frame prepared_request(char *id) {
    struct rf_frame frame;
    struct rf_error error;
    json_t *params =
        json_pack("{s:s, s:s}", "prompt", "Write one greeting of at most 40 words, as plain text.",
                  "voice", "21m00Tcm4TlvDq8ikWAM");
    struct rf_call_request request = {
        .id = id,
        .service = "echo",
        .operation = "echo",
        .deadline = rf_utc_add(rf_clock_utc(), rf_seconds(600)).ns,
        .repeatable = true,
        .params = params,
        .campaign = "bench",
        .contact = "+15550100",
    };
    if (rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, &error) != RF_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    json_decref(params);
    return frame;
}

struct sender {
    void *socket;
    struct rf_frame request;
    char *id;       // within the request
    int64_t *began; // of each slot
    size_t *free;   // slots without a call
    size_t in_hand, room, sent;
    struct pace pace;
};

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, zmq_strerror(zmq_errno()));
    exit(1);
}

static void fire(struct sender *sender, int64_t began) {
    size_t slot = sender->free[--sender->room];
    call_id_write(sender->id, slot, sender->sent++);
    sender->began[slot] = began;
    sender->in_hand++;
    if (zmq_send(sender->socket, sender->request.data, sender->request.size, 0) < 0)
        fail("not sent");
}

// All that is due and has a slot; how long until the next is due, -1 when replies come first.
static int64_t fire_due(struct sender *sender) {
    while (sender->room > 0) {
        if (sender->pace.rate == 0) {
            fire(sender, samples_now());
            continue;
        }
        int64_t early = pace_due(&sender->pace, sender->sent) - stamp_utc();
        if (early > 0)
            return early;
        fire(sender, samples_now() + early);
    }
    return -1;
}

// True when all have been answered.
static int take_reply(struct sender *sender, struct samples *samples, zmq_msg_t *reply) {
    const char *data = zmq_msg_data(reply);
    size_t size = zmq_msg_size(reply);
    size_t slot = call_id_slot(call_id_find(data, size));
    samples->bytes += size;
    sender->free[sender->room++] = slot;
    sender->in_hand--;
    return samples_end(samples, sender->began[slot], memmem(data, size, "\xa2ok\xc2", 4) == NULL);
}

static void wait_for_reply(const struct sender *sender, int64_t wait_ns) {
    struct pollfd item = {.events = POLLIN};
    size_t size = sizeof item.fd;
    zmq_getsockopt(sender->socket, ZMQ_FD, &item.fd, &size);
    if (wait_ns < 0)
        wait_ns = PATIENCE_NS;
    struct timespec left = {wait_ns / 1000000000, wait_ns % 1000000000};
    if (ppoll(&item, 1, &left, NULL) == 0 && wait_ns == PATIENCE_NS)
        fail("no reply");
}

// ZMQ_FD tells of news once: so a look for replies comes between sending and waiting.
static void run(struct sender *sender, struct samples *samples) {
    zmq_msg_t reply;
    zmq_msg_init(&reply);
    for (;;) {
        int64_t wait_ns = fire_due(sender);
        int took = 0;
        while (zmq_msg_recv(&reply, sender->socket, ZMQ_DONTWAIT) >= 0) {
            if (take_reply(sender, samples, &reply))
                return;
            took = 1;
            if (sender->pace.rate == 0)
                wait_ns = fire_due(sender);
        }
        if (!took || sender->pace.rate != 0)
            wait_for_reply(sender, wait_ns);
    }
}

int main(int argc, char **argv) {
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: call_sender ENDPOINT IN_FLIGHT WARMUP REQUESTS [RATE]\n");
        return 2;
    }
    size_t in_flight = samples_number(argv[2], "IN_FLIGHT");
    char id[CALL_ID_BYTES + 1] = "";
    call_id_write(id, 0, 0);
    struct sender sender = {.socket = zmq_socket(zmq_ctx_new(), ZMQ_DEALER),
                            .request = prepared_request(id),
                            .began = calloc(in_flight, sizeof(int64_t)),
                            .free = calloc(in_flight, sizeof(size_t))};
    for (; sender.room < in_flight; sender.room++)
        sender.free[sender.room] = sender.room;
    sender.id = call_id_find(sender.request.data, sender.request.size);
    int zero = 0;
    zmq_setsockopt(sender.socket, ZMQ_LINGER, &zero, sizeof zero);
    if (zmq_connect(sender.socket, argv[1]) != 0)
        fail(argv[1]);
    struct samples samples;
    samples_init(&samples, samples_number(argv[3], "WARMUP"), samples_number(argv[4], "REQUESTS"));
    pace_begin(&sender.pace, argc == 6 ? samples_number(argv[5], "RATE") : 0);
    run(&sender, &samples);
    samples_print(&samples);
    samples_fini(&samples);
    rf_frame_free(&sender.request);
    free(sender.began);
    free(sender.free);
    return 0;
}
