// The reference for events: libzmq's own proxy between an XSUB and an XPUB socket. Nothing is
// dropped: who cannot send waits.
//   bare_proxy FRONT_ENDPOINT BACK_ENDPOINT
#include <stdio.h>
#include <zmq.h>

#define QUEUE_MESSAGES 10000 // as on the broker's events socket

static void *bind_socket(void *context, int type, const char *endpoint) {
    void *socket = zmq_socket(context, type);
    int queue = QUEUE_MESSAGES, yes = 1;
    zmq_setsockopt(socket, ZMQ_SNDHWM, &queue, sizeof queue);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &queue, sizeof queue);
    if (type == ZMQ_XPUB)
        zmq_setsockopt(socket, ZMQ_XPUB_NODROP, &yes, sizeof yes);
    if (zmq_bind(socket, endpoint) == 0)
        return socket;
    fprintf(stderr, "%s: %s\n", endpoint, zmq_strerror(zmq_errno()));
    return NULL;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: bare_proxy FRONT_ENDPOINT BACK_ENDPOINT\n");
        return 2;
    }
    void *context = zmq_ctx_new();
    void *front = bind_socket(context, ZMQ_XSUB, argv[1]);
    void *back = bind_socket(context, ZMQ_XPUB, argv[2]);
    if (front == NULL || back == NULL)
        return 1;
    printf("ready\n");
    fflush(stdout);
    return zmq_proxy(front, back, NULL) == 0 ? 0 : 1;
}
