// Recent answers: a repeated id gets the answer that it got before, for a while.
#ifndef RF_BROKER_ANSWERS_H
#define RF_BROKER_ANSWERS_H

#include <sys/queue.h>

#include "base/map.h"
#include "ground.h"
#include "wire/wire.h"

#define RF_ANSWERS_MAX   10000
#define RF_ANSWERS_BYTES ((size_t)64 * 1024 * 1024)
#define RF_ANSWERS_KEEP  (600 * RF_NS_PER_S)

struct rf_answer {
    struct rf_map_node by_id;
    TAILQ_ENTRY(rf_answer) by_age;
    struct rf_message *message; // the worker's reply; NULL: `reply` is the broker's own
    struct rf_call_reply reply; // its texts live in `message`, or for ever
    size_t bytes;
    struct rf_instant at;
    char *worker; // who gave it; behind the id in `texts`
    char texts[]; // the id
};

struct rf_answers {
    struct rf_map map;
    TAILQ_HEAD(, rf_answer) ages;
    size_t count, bytes;
    bool dropped;
    struct rf_instant newest_dropped; // the latest answer that gave way is of then
};

void rf_answers_init(struct rf_answers *answers);
void rf_answers_fini(struct rf_answers *answers);

// rf_answers_find: the answer to `id`, if it is not older than RF_ANSWERS_KEEP; or NULL.
const struct rf_answer *rf_answers_find(struct rf_answers *answers, const char *id,
                                        struct rf_instant now);

// rf_answers_keep: keeps a worker's reply of `size` bytes, taking it over (*message becomes NULL),
// in the place of what was known under its id. Out of memory: it is not kept.
void rf_answers_keep(struct rf_answers *answers, struct rf_message **message, size_t size,
                     const char *worker, struct rf_instant now);

// rf_answers_keep_own: keeps an answer of the broker's own, whose texts but the id live for ever.
void rf_answers_keep_own(struct rf_answers *answers, const struct rf_call_reply *reply,
                         struct rf_instant now);

// rf_answers_complete: whether no answer since `since` has given way to the bounds.
bool rf_answers_complete(const struct rf_answers *answers, struct rf_instant since);

// rf_answers_forget: the id is in hand again.
void rf_answers_forget(struct rf_answers *answers, const char *id);

#endif
