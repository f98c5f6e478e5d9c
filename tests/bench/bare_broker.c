// The reference for calls: two ROUTER sockets and nothing between them. It knows its workers by
// their first message, gives each request to the next of them, and keeps no books.
//   bare_broker CALLS_ENDPOINT WORKERS_ENDPOINT WORKERS
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

#include "samples.h"

#define MESSAGES_PER_PASS 100 // as our broker's loop takes them

static void *bind_socket(void *context, const char *endpoint) {
    void *socket = zmq_socket(context, ZMQ_ROUTER);
    int yes = 1;
    zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &yes, sizeof yes);
    if (zmq_bind(socket, endpoint) == 0)
        return socket;
    fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
    exit(1);
}

static void send_copy(zmq_msg_t *part, void *socket) {
    zmq_msg_t copy;
    zmq_msg_init(&copy);
    zmq_msg_copy(&copy, part);
    zmq_msg_send(&copy, socket, ZMQ_SNDMORE);
}

// One message of `from`, behind `worker` if it is not NULL, else without its first part.
static int pass(void *from, void *to, zmq_msg_t *worker) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, from, ZMQ_DONTWAIT) < 0)
        return 0;
    if (worker != NULL) {
        send_copy(worker, to);
        zmq_msg_send(&part, to, ZMQ_SNDMORE);
    }
    int more = 1;
    while (more) {
        zmq_msg_init(&part);
        zmq_msg_recv(&part, from, 0);
        more = zmq_msg_more(&part);
        zmq_msg_send(&part, to, more ? ZMQ_SNDMORE : 0);
    }
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: bare_broker CALLS_ENDPOINT WORKERS_ENDPOINT WORKERS\n");
        return 2;
    }
    void *context = zmq_ctx_new();
    void *front = bind_socket(context, argv[1]), *back = bind_socket(context, argv[2]);
    size_t count = samples_number(argv[3], "WORKERS"), next = 0;
    zmq_msg_t *workers = calloc(count, sizeof *workers), hello;
    printf("ready\n");
    fflush(stdout);
    zmq_msg_init(&hello);
    for (size_t i = 0; i < count; i++) {
        zmq_msg_init(&workers[i]);
        zmq_msg_recv(&workers[i], back, 0);
        zmq_msg_recv(&hello, back, 0);
    }
    printf("workers\n");
    fflush(stdout);
    zmq_pollitem_t items[] = {{.socket = front, .events = ZMQ_POLLIN},
                              {.socket = back, .events = ZMQ_POLLIN}};
    while (zmq_poll(items, 2, -1) >= 0) {
        if (items[0].revents & ZMQ_POLLIN)
            for (int i = 0; i < MESSAGES_PER_PASS && pass(front, back, &workers[next]); i++)
                next = (next + 1) % count;
        if (items[1].revents & ZMQ_POLLIN)
            for (int i = 0; i < MESSAGES_PER_PASS && pass(back, front, NULL); i++)
                ;
    }
    return 0;
}
