#include "unread.h"

#include <stdatomic.h>
#include <stdlib.h>

struct rf_unread {
    struct rf_unread *next;
    struct rf_peer peer;
    atomic_size_t bytes;
    atomic_size_t holders; // the book, and each frame on its way
};

// One frame on its way.
struct parcel {
    struct rf_unread *unread;
    size_t size;
};

static void let_go(struct rf_unread *unread) {
    if (atomic_fetch_sub(&unread->holders, 1) == 1)
        free(unread);
}

static void on_free(void *data, void *hint) {
    struct parcel *parcel = hint;
    atomic_fetch_sub(&parcel->unread->bytes, parcel->size);
    let_go(parcel->unread);
    free(parcel);
    free(data);
}

// Of the peers that are passed, those that have read everything are forgotten.
static struct rf_unread *find(struct rf_unread_book *book, const struct rf_peer *peer) {
    struct rf_unread **at = &book->first;
    while (*at != NULL) {
        struct rf_unread *unread = *at;
        if (rf_peer_same(&unread->peer, peer))
            return unread;
        if (atomic_load(&unread->bytes) > 0) {
            at = &unread->next;
            continue;
        }
        *at = unread->next;
        let_go(unread);
    }
    return NULL;
}

static struct rf_unread *add(struct rf_unread_book *book, const struct rf_peer *peer) {
    struct rf_unread *unread = calloc(1, sizeof *unread);
    if (unread == NULL)
        return NULL;
    unread->peer = *peer;
    atomic_init(&unread->holders, 1);
    unread->next = book->first;
    book->first = unread;
    return unread;
}

bool rf_unread_full(struct rf_unread_book *book, const struct rf_peer *peer) {
    struct rf_unread *unread = find(book, peer);
    return unread != NULL && atomic_load(&unread->bytes) >= RF_UNREAD_OF_ONE;
}

bool rf_unread_wrap(struct rf_unread_book *book, const struct rf_peer *peer, struct rf_frame *frame,
                    zmq_msg_t *message) {
    struct rf_unread *unread = find(book, peer);
    struct parcel *parcel = malloc(sizeof *parcel);
    if (unread == NULL)
        unread = add(book, peer);
    if (unread == NULL || parcel == NULL ||
        zmq_msg_init_data(message, frame->data, frame->size, on_free, parcel) != 0) {
        free(parcel);
        return false;
    }
    *parcel = (struct parcel){unread, frame->size};
    atomic_fetch_add(&unread->holders, 1);
    atomic_fetch_add(&unread->bytes, frame->size);
    *frame = (struct rf_frame){NULL, 0};
    return true;
}

void rf_unread_fini(struct rf_unread_book *book) {
    while (book->first != NULL) {
        struct rf_unread *unread = book->first;
        book->first = unread->next;
        let_go(unread);
    }
}
