// Large frames on their way to peers that may not read them: their bytes are counted from the send
// until ZeroMQ has let go of them, as its queues are bounded by messages alone. ZeroMQ frees a
// frame on a thread of its own, and some only after the sockets are closed.
#ifndef RF_BROKER_UNREAD_H
#define RF_BROKER_UNREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <zmq.h>

#include "peer.h"
#include "wire/wire.h"

// A frame from here on is large: it is counted, and sent without being copied.
#define RF_UNREAD_LARGE ((size_t)16 * 1024)
// What a peer may have unread before it gets no more large frames: a page or a reply or two. One
// frame can be larger; it is sent to a peer that has nothing unread.
#define RF_UNREAD_OF_ONE ((size_t)4 * 1024 * 1024)

struct rf_unread;

// Zero-initialised is empty.
struct rf_unread_book {
    struct rf_unread *first; // of peers that had something unread when they were looked at last
};

// rf_unread_full: whether the peer has so much unread that it gets no further large frame.
bool rf_unread_full(struct rf_unread_book *book, const struct rf_peer *peer);

// rf_unread_wrap: makes `message` of the frame, which is taken over and counted for the peer until
// ZeroMQ frees it. False, and nothing is taken over, without memory.
bool rf_unread_wrap(struct rf_unread_book *book, const struct rf_peer *peer, struct rf_frame *frame,
                    zmq_msg_t *message);

// rf_unread_fini: forgets the peers; frames that are still on their way may be freed later.
void rf_unread_fini(struct rf_unread_book *book);

#endif
