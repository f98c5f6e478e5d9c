// What a worker tells of its calls: replies, and calls that are handed back. Each is kept until the
// broker has surely read it, as a message to a peer that is gone vanishes without an error; the
// replies of calls that may not be carried out twice are kept for a while longer, for a broker that
// was restarted. Pure.
//
// One list in the order of sending: what the broker has read, what is under way (from `unread` on),
// what is to be sent (from `next` on). Both go back when the connection was another.
#ifndef RF_BUS_TOLD_H
#define RF_BUS_TOLD_H

#include <sys/queue.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "base/map.h"
#include "wire/wire.h"

#define RF_TOLD_KEEP      (600 * RF_NS_PER_S) // as long as a broker remembers its answers
#define RF_TOLD_MAX       10000               // remembered replies
#define RF_TOLD_BYTES     ((size_t)16 * 1024 * 1024)
#define RF_TOLD_UNDER_WAY 1000 // to a broker that never says what it has read

enum rf_told_kind {
    RF_TOLD_REPLY,
    RF_TOLD_REMEMBERED, // the reply of a call that may not be carried out twice
    RF_TOLD_HANDBACK,
};

struct rf_telling {
    TAILQ_ENTRY(rf_telling) link;
    struct rf_map_node by_id; // if it is remembered, or a handback
    struct rf_frame frame;
    struct rf_instant at;
    enum rf_told_kind kind;
    bool sent;
    int64_t beat; // the last heartbeat before it was sent
    char id[];    // of its call
};

struct rf_told {
    TAILQ_HEAD(, rf_telling) list;
    struct rf_telling *unread, *next; // NULL: none
    struct rf_map by_id;              // remembered
    struct rf_map handbacks;          // by id
    size_t unsent;                    // never sent
    size_t under_way;                 // sent, not remembered, and not known to be read
    size_t count, bytes;              // remembered
    bool forgot;
    struct rf_instant forgotten; // the latest reply that is no longer remembered is of then
};

void rf_told_init(struct rf_told *told);
void rf_told_fini(struct rf_told *told);

// rf_told_add: takes the frame over, to be sent behind all others. `id` is its call's.
// RF_ERR_NOMEM: not taken.
RF_NODISCARD enum rf_err rf_told_add(struct rf_told *told, struct rf_frame *frame, const char *id,
                                     enum rf_told_kind kind, struct rf_instant now);

// rf_told_withdraw: the call with this id was given to us again: that it was handed back before is
// not told any more, as that would take it from us. Fine if it was not.
void rf_told_withdraw(struct rf_told *told, const char *id);

// rf_told_unsent: the ids of those that were never sent, into `ids`, which has room for
// told->unsent of them; borrowed. Their calls are still in our hand, as the broker sees it.
void rf_told_unsent(const struct rf_told *told, const char **ids);

// rf_told_unread: how many the broker is not known to have read.
size_t rf_told_unread(const struct rf_told *told);

// rf_told_next: the frame to send now, or NULL. rf_told_sent: it was, after heartbeat `beat`.
const struct rf_frame *rf_told_next(const struct rf_told *told);
void rf_told_sent(struct rf_told *told, int64_t beat);

// rf_told_read: the broker has read heartbeat `beat`, and all that was sent before it.
void rf_told_read(struct rf_told *told, int64_t beat);

// rf_told_again: what may be lost is sent again; `all`: whatever is remembered as well.
void rf_told_again(struct rf_told *told, bool all);

// rf_told_repeat: whether the call with this id was answered, and is remembered: its reply is sent
// again.
bool rf_told_repeat(struct rf_told *told, const char *id);

// rf_told_known_ns: the replies of which calls are remembered: of all that ended within so long; 0:
// of all there were. What is too old is forgotten by it.
int64_t rf_told_known_ns(struct rf_told *told, struct rf_instant now);

#endif
