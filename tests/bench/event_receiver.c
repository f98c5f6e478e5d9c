// A plain SUB socket, of the broker's events or of the bare proxy: counts what comes and how late.
//   event_receiver ENDPOINT PREFIX WARMUP COUNT
// Says "ready" when the first has come, as only then its subscription is known to be in place. Ends
// after COUNT events, or when nothing has come for a while: what is missing then was dropped on the
// way, and is told as failed.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "samples.h"
#include "stamp.h"

#define QUEUE_MESSAGES 10000
#define SILENCE_MS     2000

static void *open_socket(const char *endpoint, const char *prefix) {
    void *socket = zmq_socket(zmq_ctx_new(), ZMQ_SUB);
    int queue = QUEUE_MESSAGES;
    zmq_setsockopt(socket, ZMQ_RCVHWM, &queue, sizeof queue);
    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, prefix, strlen(prefix));
    if (zmq_connect(socket, endpoint) == 0)
        return socket;
    fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: event_receiver ENDPOINT PREFIX WARMUP COUNT\n");
        return 2;
    }
    void *socket = open_socket(argv[1], argv[2]);
    struct samples samples;
    samples_init(&samples, samples_number(argv[3], "WARMUP"), samples_number(argv[4], "COUNT"));
    zmq_msg_t topic, envelope;
    zmq_msg_init(&topic);
    zmq_msg_init(&envelope);
    for (int done = 0; !done;) {
        if (zmq_msg_recv(&topic, socket, 0) < 0 || zmq_msg_recv(&envelope, socket, 0) < 0)
            break;
        if (samples.ended == 0) {
            printf("ready\n");
            fflush(stdout);
            int silence = SILENCE_MS;
            zmq_setsockopt(socket, ZMQ_RCVTIMEO, &silence, sizeof silence);
        }
        samples.bytes += zmq_msg_size(&envelope);
        int64_t late = stamp_utc() - stamp_read(zmq_msg_data(&envelope), zmq_msg_size(&envelope));
        done = samples_end(&samples, samples_now() - late, 1);
    }
    samples_cut(&samples);
    samples_print(&samples);
    samples_fini(&samples);
    return 0;
}
