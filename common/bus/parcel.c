#include "bus/parcel.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// ZeroMQ keeps so few bytes in the message itself.
#define INSIDE 29

struct parcel {
    struct parcel *next;
    unsigned char bytes[];
};

// Handed back and not freed yet. Of the process, as ZeroMQ lets go of messages also when the socket
// that sent them is gone.
static _Atomic(struct parcel *) returned;

static void on_free(void *data, void *hint) {
    (void)data;
    struct parcel *parcel = hint;
    parcel->next = atomic_load_explicit(&returned, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&returned, &parcel->next, parcel,
                                                  memory_order_release, memory_order_relaxed))
        ;
}

static void free_returned(void) {
    if (atomic_load_explicit(&returned, memory_order_relaxed) == NULL)
        return;
    struct parcel *parcel = atomic_exchange_explicit(&returned, NULL, memory_order_acquire);
    while (parcel != NULL) {
        struct parcel *next = parcel->next;
        free(parcel);
        parcel = next;
    }
}

bool rf_parcel_make(const void *data, size_t size, zmq_msg_t *message) {
    free_returned();
    if (size <= INSIDE) {
        if (zmq_msg_init_size(message, size) != 0)
            return false;
        if (size > 0)
            memcpy(zmq_msg_data(message), data, size);
        return true;
    }
    struct parcel *parcel = malloc(sizeof *parcel + size);
    if (parcel == NULL)
        return false;
    memcpy(parcel->bytes, data, size);
    if (zmq_msg_init_data(message, parcel->bytes, size, on_free, parcel) == 0)
        return true;
    free(parcel);
    return false;
}

int rf_parcel_send(void *socket, const void *data, size_t size, int flags) {
    zmq_msg_t message;
    if (!rf_parcel_make(data, size, &message)) {
        errno = ENOMEM;
        return -1;
    }
    int sent = zmq_msg_send(&message, socket, flags | ZMQ_DONTWAIT);
    if (sent < 0) {
        int why = errno;
        zmq_msg_close(&message);
        errno = why;
    }
    return sent;
}
