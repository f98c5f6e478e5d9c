// Publishes to the bare proxy: a topic and an envelope of SIZE bytes with a time in it.
//   bare_publisher ENDPOINT TOPIC SIZE RATE COUNT     RATE 0: as fast as the socket takes them
// Begins when a subscriber is there.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "pace.h"
#include "samples.h"
#include "stamp.h"

#define QUEUE_MESSAGES 10000

static void *open_socket(void *context, const char *endpoint) {
    void *socket = zmq_socket(context, ZMQ_XPUB);
    int queue = QUEUE_MESSAGES, yes = 1, linger = 10000;
    zmq_setsockopt(socket, ZMQ_SNDHWM, &queue, sizeof queue);
    zmq_setsockopt(socket, ZMQ_XPUB_NODROP, &yes, sizeof yes);
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
    if (zmq_connect(socket, endpoint) == 0)
        return socket;
    fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
    exit(1);
}

static void sleep_until(int64_t utc_ns) {
    struct timespec until = {utc_ns / 1000000000, utc_ns % 1000000000};
    if (utc_ns > stamp_utc())
        clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: bare_publisher ENDPOINT TOPIC SIZE RATE COUNT\n");
        return 2;
    }
    size_t size = samples_number(argv[3], "SIZE"), count = samples_number(argv[5], "COUNT");
    size_t rate = strcmp(argv[4], "0") == 0 ? 0 : samples_number(argv[4], "RATE");
    unsigned char *envelope = calloc(1, size > STAMP_BYTES ? size : STAMP_BYTES);
    void *context = zmq_ctx_new(), *socket = open_socket(context, argv[1]);
    char subscription[256];
    zmq_recv(socket, subscription, sizeof subscription, 0);
    struct pace pace;
    pace_begin(&pace, rate);
    for (size_t i = 0; i < count; i++) {
        int64_t due = pace_due(&pace, i);
        if (rate != 0)
            sleep_until(due);
        stamp_write(envelope, due);
        zmq_send(socket, argv[2], strlen(argv[2]), ZMQ_SNDMORE);
        zmq_send(socket, envelope, size, 0);
    }
    double seconds = (double)(stamp_utc() - pace.began_utc) / 1e9;
    printf("{\"requests\": %zu, \"failed\": 0, \"per_second\": %.1f}\n", count,
           (double)count / seconds);
    zmq_close(socket);
    zmq_ctx_term(context); // waits until all is sent
    free(envelope);
    return 0;
}
