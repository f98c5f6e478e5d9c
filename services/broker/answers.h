// Recent answers: a repeated id gets the answer that it got before, for a while.
//
// What may not be carried out twice has a memory of its own, which what may be cannot fill. Within
// RF_ANSWERS_KEEP no id of it is forgotten: a new call is only taken while there is room for its
// answer (rf_answers_room), what nobody here took is only kept there beside what is awaited, and
// beyond RF_ANSWERS_BYTES it is the oldest answers' bytes that go, not their ids. Of the others the
// oldest give way: of what workers told beyond that room as well, which callers cannot fill. An id
// has RF_CALL_ID_BYTES at most, so that its number bounds what ids take.
#ifndef RF_BROKER_ANSWERS_H
#define RF_BROKER_ANSWERS_H

#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"
#include "wire/wire.h"

#define RF_ANSWERS_MAX   10000                      // of each memory but RF_ANSWERS_ONCE
#define RF_ANSWERS_BYTES ((size_t)64 * 1024 * 1024) // of each memory, with all that they take
// Of calls that may be repeated. Who lost an answer that is larger than the second asks anew: a
// million contacts are exported in 300 MB of such answers, which are no use to anybody twice.
#define RF_ANSWERS_BYTES_REPEATABLE ((size_t)16 * 1024 * 1024)
#define RF_ANSWERS_LARGE            ((size_t)64 * 1024)
#define RF_ANSWERS_KEEP             (600 * RF_NS_PER_S)

enum rf_answers_memory {
    RF_ANSWERS_ONCE,       // of calls that may not be repeated, or of which that is not known
    RF_ANSWERS_ONCE_NO,    // of them: what surely nobody began (`sent: no`, by our own word)
    RF_ANSWERS_REPEATABLE, // the same two of calls that may be repeated
    RF_ANSWERS_REPEATABLE_NO,
    RF_ANSWERS_UNSURE,   // of what was not taken here, and somebody may have begun elsewhere
    RF_ANSWERS_OVERFLOW, // what RF_ANSWERS_ONCE had no room for, as a worker told it
};
#define RF_ANSWERS_MEMORIES 6

struct rf_answer {
    struct rf_map_node by_id;
    TAILQ_ENTRY(rf_answer) by_age;
    enum rf_answers_memory memory;
    bool own;      // the broker's: a worker knows more
    size_t *share; // what counts it for its service, in RF_ANSWERS_ONCE; or NULL
    struct rf_instant at;
    size_t size;         // of the call.reply; 0: there was no room to keep it
    unsigned char *data; // the call.reply; behind the id
    char id[];
};

TAILQ_HEAD(rf_answer_list, rf_answer);

struct rf_answers {
    struct rf_map map; // of all memories: an id has one answer
    size_t limit;      // of RF_ANSWERS_ONCE
    size_t awaited;    // calls that were taken for it and are not answered
    struct {
        struct rf_answer_list bare, whole; // without their bytes, and with; by age. All bare ones
                                           // are older
        size_t count;
        size_t bytes; // of the whole ones, with their ids
        bool dropped;
        struct rf_instant newest_dropped; // the latest answer that gave way is of then
    } memories[RF_ANSWERS_MEMORIES];
};

// rf_answers_init: empty. `limit`: calls that may not be repeated, within RF_ANSWERS_KEEP.
void rf_answers_init(struct rf_answers *answers, size_t limit);
void rf_answers_fini(struct rf_answers *answers);

// Ids are keys of the seed that `map` has.

// rf_answers_find: the answer to `id`, if it is not older than RF_ANSWERS_KEEP; or NULL.
const struct rf_answer *rf_answers_find(struct rf_answers *answers, const struct rf_map_key *id,
                                        struct rf_instant now);

// rf_answers_said_no: whether it tells that surely nobody began the call.
static inline bool rf_answers_said_no(const struct rf_answer *answer) {
    return answer->memory == RF_ANSWERS_ONCE_NO || answer->memory == RF_ANSWERS_REPEATABLE_NO;
}

// rf_answers_repeatable: whether it is known that the call may be repeated.
static inline bool rf_answers_repeatable(const struct rf_answer *answer) {
    return answer->memory == RF_ANSWERS_REPEATABLE || answer->memory == RF_ANSWERS_REPEATABLE_NO;
}

// rf_answers_room: whether there is room for the answer to one call more that may not be repeated.
// A service may take as much as it leaves free, so that one that is flooded leaves room for others;
// `share` has what it took.
bool rf_answers_room(struct rf_answers *answers, size_t share, struct rf_instant now);

// rf_answers_await: such a call is taken, or (false) no longer awaited. False: beyond the limit,
// where it cannot be awaited.
bool rf_answers_await(struct rf_answers *answers, size_t *share, bool awaited);

// rf_answers_keep: keeps a copy of a packed call.reply in the place of what was known under its id.
// Where RF_ANSWERS_ONCE has no room beside what is awaited it goes to RF_ANSWERS_OVERFLOW: what was
// awaited finds its room when it no longer is, and what is known there has it. Of a
// call that may be repeated, one of more than RF_ANSWERS_LARGE counts as dropped. Out of memory it
// counts as dropped, and what was known stays, unless that said `no`. `share` (may be NULL) lives
// as long as the answers.
void rf_answers_keep(struct rf_answers *answers, enum rf_answers_memory memory,
                     const struct rf_map_key *id, const struct rf_bytes *reply, bool own,
                     size_t *share, struct rf_instant now);

// rf_answers_complete: whether no answer to such calls since `since` was dropped. What nobody took
// here does not count.
bool rf_answers_complete(const struct rf_answers *answers, bool repeatable,
                         struct rf_instant since);

// rf_answers_forget: the id is in hand again.
void rf_answers_forget(struct rf_answers *answers, const struct rf_map_key *id);

#endif
