// Workers that answer at once, on bare DEALER sockets in one process: of our broker (heartbeats, a
// prepared reply in which only the id changes, credit once a pass, by the client library's rule),
// or with "bare" of the bare broker, which gets back what it sent.
//   echo_worker ENDPOINT WORKERS CAPACITY [bare]
// Ends when its stdin does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "bus/ledger.h"
#include "call_id.h"
#include "samples.h"
#include "wire/wire.h"

#define MESSAGES_PER_PASS 256
#define HEARTBEAT_NS      INT64_C(500000000)

struct worker {
    void *socket;
    char instance[64];
    int64_t released, told;
    struct rf_frame reply;
    char *id; // within the reply
};

struct crew {
    struct worker *workers;
    zmq_pollitem_t *items; // the last one is stdin
    size_t count;
    int64_t capacity;
    int bare;
};

static void send_message(struct worker *worker, enum rf_message_type type, const void *body) {
    struct rf_frame frame;
    struct rf_error error;
    if (rf_wire_encode(type, body, &frame, &error) != RF_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    zmq_send(worker->socket, frame.data, frame.size, 0);
    rf_frame_free(&frame);
}

static void heartbeat(const struct crew *crew, struct worker *worker) {
    struct rf_offer offer = {
        .service = "echo", .capacity = crew->capacity, .released = worker->released};
    struct rf_worker_heartbeat beat = {.instance = worker->instance, .offers = {&offer, 1}};
    if (crew->bare)
        zmq_send(worker->socket, "", 0, 0);
    else
        send_message(worker, RF_MESSAGE_worker_heartbeat, &beat);
    worker->told = worker->released;
}

// All that came is answered by then.
static void give_credit(const struct crew *crew, struct worker *worker) {
    struct rf_worker_credit credit = {.service = "echo", .released = worker->released};
    int64_t untold = worker->released - worker->told;
    if (!rf_ledger_credit_due(crew->capacity, crew->capacity - untold, untold))
        return;
    send_message(worker, RF_MESSAGE_worker_credit, &credit);
    worker->told = worker->released;
}

static int is_request(const void *data, size_t size) {
    static const char begin[] = "\xa1t\xac"
                                "call.request";
    return size > sizeof begin && memcmp((const char *)data + 1, begin, sizeof begin - 1) == 0;
}

static int answer(struct worker *worker) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, worker->socket, ZMQ_DONTWAIT) < 0)
        return 0;
    if (is_request(zmq_msg_data(&part), zmq_msg_size(&part))) {
        memcpy(worker->id, call_id_find(zmq_msg_data(&part), zmq_msg_size(&part)), CALL_ID_BYTES);
        zmq_send(worker->socket, worker->reply.data, worker->reply.size, 0);
        worker->released++;
    }
    zmq_msg_close(&part);
    return 1;
}

static int give_back(struct worker *worker) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, worker->socket, ZMQ_DONTWAIT) < 0)
        return 0;
    while (zmq_msg_more(&part)) {
        zmq_msg_send(&part, worker->socket, ZMQ_SNDMORE);
        zmq_msg_init(&part);
        zmq_msg_recv(&part, worker->socket, 0);
    }
    zmq_msg_send(&part, worker->socket, 0);
    return 1;
}

static void prepare_reply(struct worker *worker) {
    char id[CALL_ID_BYTES + 1] = "";
    struct rf_error error;
    json_t *result =
        json_pack("{s:s}", "text", "Hello, this is a friendly greeting of some words.");
    struct rf_call_reply reply = {.id = id,
                                  .ok = true,
                                  .class = "ok",
                                  .result = result,
                                  .provider = "echo",
                                  .sent = "yes",
                                  .worker = worker->instance};
    call_id_write(id, 0, 0);
    if (rf_wire_encode(RF_MESSAGE_call_reply, &reply, &worker->reply, &error) != RF_OK) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    json_decref(result);
    worker->id = call_id_find(worker->reply.data, worker->reply.size);
}

static void open_crew(struct crew *crew, const char *endpoint) {
    void *context = zmq_ctx_new();
    int zero = 0;
    crew->workers = calloc(crew->count, sizeof *crew->workers);
    crew->items = calloc(crew->count + 1, sizeof *crew->items);
    for (size_t i = 0; i < crew->count; i++) {
        struct worker *worker = &crew->workers[i];
        snprintf(worker->instance, sizeof worker->instance, "echo-%d-%zu", (int)getpid(), i);
        prepare_reply(worker);
        worker->socket = zmq_socket(context, ZMQ_DEALER);
        zmq_setsockopt(worker->socket, ZMQ_LINGER, &zero, sizeof zero);
        if (zmq_connect(worker->socket, endpoint) != 0) {
            fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
            exit(1);
        }
        crew->items[i] = (zmq_pollitem_t){.socket = worker->socket, .events = ZMQ_POLLIN};
        heartbeat(crew, worker);
    }
    crew->items[crew->count] = (zmq_pollitem_t){.fd = STDIN_FILENO, .events = ZMQ_POLLIN};
}

static void serve(struct crew *crew, struct worker *worker) {
    for (int i = 0; i < MESSAGES_PER_PASS; i++)
        if (!(crew->bare ? give_back(worker) : answer(worker)))
            break;
    if (!crew->bare)
        give_credit(crew, worker);
}

static void run(struct crew *crew) {
    int64_t due = samples_now() + HEARTBEAT_NS;
    while (zmq_poll(crew->items, (int)crew->count + 1, 100) >= 0) {
        for (size_t i = 0; i < crew->count; i++)
            if (crew->items[i].revents & ZMQ_POLLIN)
                serve(crew, &crew->workers[i]);
        if (crew->items[crew->count].revents != 0)
            return;
        if (!crew->bare && samples_now() >= due) {
            due += HEARTBEAT_NS;
            for (size_t i = 0; i < crew->count; i++)
                heartbeat(crew, &crew->workers[i]);
        }
    }
}

int main(int argc, char **argv) {
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: echo_worker ENDPOINT WORKERS CAPACITY [bare]\n");
        return 2;
    }
    struct crew crew = {.count = samples_number(argv[2], "WORKERS"),
                        .capacity = (int64_t)samples_number(argv[3], "CAPACITY"),
                        .bare = argc == 5};
    open_crew(&crew, argv[1]);
    printf("ready\n");
    fflush(stdout);
    run(&crew);
    for (size_t i = 0; i < crew.count; i++)
        rf_frame_free(&crew.workers[i].reply);
    free(crew.workers);
    free(crew.items);
    return 0;
}
