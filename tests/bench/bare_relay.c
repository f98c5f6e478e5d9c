// The reference: a DEALER client, a broker of two ROUTER sockets that passes frames on, and a
// DEALER worker that sends them back, each a process of its own, over ipc. No codec, no books, no
// work.
//   bare_relay FOLDER SIZE WARMUP REQUESTS
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "samples.h"

static char calls[200], workers[200];

static void *open_socket(void *context, int type, const char *endpoint, int binds) {
    void *socket = zmq_socket(context, type);
    int zero = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero);
    if ((binds ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint)) != 0) {
        fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
        exit(1);
    }
    return socket;
}

static void serve(void) {
    void *socket = open_socket(zmq_ctx_new(), ZMQ_DEALER, workers, 0);
    char hello = 0;
    zmq_send(socket, &hello, 1, 0); // the broker learns our identity
    for (;;) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0)
            _exit(0);
        int more = zmq_msg_more(&part);
        zmq_msg_send(&part, socket, more ? ZMQ_SNDMORE : 0);
    }
}

// All parts of the message that waits on `from`, after `first` parts are left out.
static void pass(void *from, void *to, const zmq_msg_t *identity, int skip) {
    int more = 1;
    if (identity != NULL) {
        zmq_msg_t copy;
        zmq_msg_init(&copy);
        zmq_msg_copy(&copy, (zmq_msg_t *)identity);
        zmq_msg_send(&copy, to, ZMQ_SNDMORE);
    }
    while (more) {
        zmq_msg_t part;
        zmq_msg_init(&part);
        zmq_msg_recv(&part, from, 0);
        more = zmq_msg_more(&part);
        if (skip-- > 0)
            zmq_msg_close(&part);
        else
            zmq_msg_send(&part, to, more ? ZMQ_SNDMORE : 0);
    }
}

static void relay(void) {
    void *context = zmq_ctx_new();
    void *front = open_socket(context, ZMQ_ROUTER, calls, 1);
    void *back = open_socket(context, ZMQ_ROUTER, workers, 1);
    zmq_msg_t worker, hello;
    zmq_msg_init(&worker);
    zmq_msg_init(&hello);
    zmq_msg_recv(&worker, back, 0);
    zmq_msg_recv(&hello, back, 0);
    zmq_pollitem_t items[] = {{.socket = front, .events = ZMQ_POLLIN},
                              {.socket = back, .events = ZMQ_POLLIN}};
    while (zmq_poll(items, 2, -1) >= 0) {
        if (items[0].revents & ZMQ_POLLIN)
            pass(front, back, &worker, 0);
        if (items[1].revents & ZMQ_POLLIN)
            pass(back, front, NULL, 1);
    }
}

static pid_t begin(void (*what)(void)) {
    pid_t pid = fork();
    if (pid == 0) {
        what();
        _exit(0);
    }
    return pid;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: bare_relay FOLDER SIZE WARMUP REQUESTS\n");
        return 2;
    }
    struct samples samples;
    size_t size = samples_number(argv[2], "SIZE");
    char *message = calloc(1, size), *reply = malloc(size);
    snprintf(calls, sizeof calls, "ipc://%s/relay-calls", argv[1]);
    snprintf(workers, sizeof workers, "ipc://%s/relay-workers", argv[1]);
    pid_t broker = begin(relay), worker = begin(serve);
    void *socket = open_socket(zmq_ctx_new(), ZMQ_DEALER, calls, 0);
    samples_init(&samples, samples_number(argv[3], "WARMUP"), samples_number(argv[4], "REQUESTS"));
    for (int done = 0; !done;) {
        int64_t began = samples_now();
        zmq_send(socket, message, size, 0);
        int got = zmq_recv(socket, reply, size, 0);
        done = samples_end(&samples, began, got == (int)size);
    }
    samples_print(&samples);
    kill(worker, SIGKILL);
    kill(broker, SIGKILL);
    waitpid(worker, NULL, 0);
    waitpid(broker, NULL, 0);
    samples_fini(&samples);
    free(message);
    free(reply);
    return 0;
}
