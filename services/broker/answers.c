#include "answers.h"

#include <stdlib.h>
#include <string.h>

void rf_answers_init(struct rf_answers *answers, size_t limit) {
    *answers = (struct rf_answers){.limit = limit};
    for (int i = 0; i < RF_ANSWERS_MEMORIES; i++) {
        TAILQ_INIT(&answers->memories[i].bare);
        TAILQ_INIT(&answers->memories[i].whole);
    }
}

static struct rf_answer_list *list_of(struct rf_answers *answers, const struct rf_answer *answer) {
    return answer->size > 0 ? &answers->memories[answer->memory].whole
                            : &answers->memories[answer->memory].bare;
}

static struct rf_answer *oldest(const struct rf_answers *answers, enum rf_answers_memory memory) {
    struct rf_answer *bare = TAILQ_FIRST(&answers->memories[memory].bare);
    return bare != NULL ? bare : TAILQ_FIRST(&answers->memories[memory].whole);
}

static size_t weight(const struct rf_answer *answer) {
    return answer->size == 0
               ? 0
               : sizeof *answer + rf_map_key_of(&answer->by_id).size + 1 + answer->size;
}

// The opposite of put: it is in no list and uncounted, and still allocated.
static void take(struct rf_answers *answers, struct rf_answer *answer) {
    TAILQ_REMOVE(list_of(answers, answer), answer, by_age);
    answers->memories[answer->memory].count--;
    answers->memories[answer->memory].bytes -= weight(answer);
    rf_map_remove(&answers->map, &answer->by_id);
    if (answer->share != NULL)
        --*answer->share;
}

// `hash`: of its id.
static bool put(struct rf_answers *answers, struct rf_answer *answer, size_t id_size,
                uint64_t hash) {
    struct rf_map_key key = {answer->id, id_size, hash};
    if (!rf_map_add_key(&answers->map, &answer->by_id, &key))
        return false;
    TAILQ_INSERT_TAIL(list_of(answers, answer), answer, by_age);
    answers->memories[answer->memory].count++;
    answers->memories[answer->memory].bytes += weight(answer);
    if (answer->share != NULL)
        ++*answer->share;
    return true;
}

static void drop(struct rf_answers *answers, struct rf_answer *answer) {
    take(answers, answer);
    free(answer);
}

void rf_answers_fini(struct rf_answers *answers) {
    for (int i = 0; i < RF_ANSWERS_MEMORIES; i++) {
        struct rf_answer *answer;
        while ((answer = oldest(answers, (enum rf_answers_memory)i)) != NULL)
            drop(answers, answer);
    }
    rf_map_fini(&answers->map);
    rf_answers_init(answers, answers->limit);
}

static struct rf_answer *find(const struct rf_answers *answers, const struct rf_map_key *id) {
    struct rf_map_node *node = rf_map_find_key(&answers->map, id);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_answer, by_id);
}

static bool too_old(const struct rf_answer *answer, struct rf_instant now) {
    return rf_instant_since(now, answer->at).ns >= RF_ANSWERS_KEEP;
}

const struct rf_answer *rf_answers_find(struct rf_answers *answers, const struct rf_map_key *id,
                                        struct rf_instant now) {
    struct rf_answer *answer = find(answers, id);
    return answer == NULL || too_old(answer, now) ? NULL : answer;
}

static bool knows_all(const struct rf_answers *answers, enum rf_answers_memory memory,
                      struct rf_instant since) {
    return !answers->memories[memory].dropped ||
           rf_instant_before(answers->memories[memory].newest_dropped, since);
}

bool rf_answers_complete(const struct rf_answers *answers, bool may_be_repeated,
                         struct rf_instant since) {
    return knows_all(answers, RF_ANSWERS_ONCE, since) &&
           knows_all(answers, RF_ANSWERS_ONCE_NO, since) &&
           knows_all(answers, RF_ANSWERS_OVERFLOW, since) &&
           (!may_be_repeated || (knows_all(answers, RF_ANSWERS_REPEATABLE, since) &&
                                 knows_all(answers, RF_ANSWERS_REPEATABLE_NO, since)));
}

void rf_answers_forget(struct rf_answers *answers, const struct rf_map_key *id) {
    struct rf_answer *answer = find(answers, id);
    if (answer != NULL)
        drop(answers, answer);
}

// ---- the bounds ----

static void expire(struct rf_answers *answers, enum rf_answers_memory memory,
                   struct rf_instant now) {
    struct rf_answer *answer;
    while ((answer = oldest(answers, memory)) != NULL && too_old(answer, now))
        drop(answers, answer);
}

static void note_dropped(struct rf_answers *answers, enum rf_answers_memory memory,
                         struct rf_instant at) {
    answers->memories[memory].dropped = true;
    if (rf_instant_before(answers->memories[memory].newest_dropped, at))
        answers->memories[memory].newest_dropped = at;
}

static void give_way(struct rf_answers *answers, struct rf_answer *answer) {
    note_dropped(answers, answer->memory, answer->at);
    drop(answers, answer);
}

// Leaves that it was answered, and not how. Its bytes stand behind its id, so that what is left is
// an allocation of its own; the map and the lists know it by another address then.
static void strip(struct rf_answers *answers, struct rf_answer *answer) {
    take(answers, answer);
    struct rf_map_key key = rf_map_key_of(&answer->by_id);
    struct rf_answer *less = realloc(answer, sizeof *answer + key.size + 1);
    if (less == NULL)
        less = answer;
    less->size = 0;
    less->data = NULL;
    // A map that had a node has its buckets: this cannot fail.
    if (!put(answers, less, key.size, key.hash))
        abort();
}

static bool repeatable(enum rf_answers_memory memory) {
    return memory == RF_ANSWERS_REPEATABLE || memory == RF_ANSWERS_REPEATABLE_NO;
}

static size_t bytes_most(enum rf_answers_memory memory) {
    return repeatable(memory) ? RF_ANSWERS_BYTES_REPEATABLE : RF_ANSWERS_BYTES;
}

static void bound(struct rf_answers *answers, enum rf_answers_memory memory) {
    while (memory != RF_ANSWERS_ONCE && answers->memories[memory].count > RF_ANSWERS_MAX)
        give_way(answers, oldest(answers, memory));
    while (answers->memories[memory].bytes > bytes_most(memory)) {
        struct rf_answer *answer = TAILQ_FIRST(&answers->memories[memory].whole);
        if (memory == RF_ANSWERS_ONCE || memory == RF_ANSWERS_OVERFLOW)
            strip(answers, answer);
        else
            give_way(answers, answer);
    }
}

// What is taken and not answered yet will be: its room is taken as well. Never more than the limit.
static size_t room_left(const struct rf_answers *answers) {
    return answers->limit - answers->memories[RF_ANSWERS_ONCE].count - answers->awaited;
}

bool rf_answers_room(struct rf_answers *answers, size_t share, struct rf_instant now) {
    expire(answers, RF_ANSWERS_ONCE, now);
    return share < room_left(answers);
}

bool rf_answers_await(struct rf_answers *answers, size_t *share, bool awaited) {
    if (awaited && room_left(answers) == 0)
        return false;
    answers->awaited += awaited ? 1 : (size_t)-1;
    if (share != NULL)
        *share += awaited ? 1 : (size_t)-1;
    return true;
}

// What is known under the id has its room already.
static enum rf_answers_memory with_room(const struct rf_answers *answers,
                                        enum rf_answers_memory memory,
                                        const struct rf_map_key *id) {
    if (memory != RF_ANSWERS_ONCE || room_left(answers) > 0)
        return memory;
    const struct rf_answer *known = find(answers, id);
    return known != NULL && known->memory == RF_ANSWERS_ONCE ? memory : RF_ANSWERS_OVERFLOW;
}

void rf_answers_keep(struct rf_answers *answers, enum rf_answers_memory memory,
                     const struct rf_map_key *id, const struct rf_bytes *reply, bool own,
                     size_t *share, struct rf_instant now) {
    expire(answers, RF_ANSWERS_ONCE, now);
    memory = with_room(answers, memory, id);
    expire(answers, memory, now);
    if (repeatable(memory) && reply->size > RF_ANSWERS_LARGE) {
        rf_answers_forget(answers, id);
        note_dropped(answers, memory, now);
        return;
    }
    struct rf_answer *known = find(answers, id);
    struct rf_answer *answer = malloc(sizeof *answer + id->size + 1 + reply->size);
    if (answer == NULL) {
        note_dropped(answers, memory, now);
        // That nobody began it may be wrong now; the rest is better than nothing.
        if (known != NULL && rf_answers_said_no(known))
            drop(answers, known);
        return;
    }
    if (known != NULL)
        drop(answers, known);
    *answer = (struct rf_answer){.memory = memory,
                                 .own = own,
                                 .share = memory == RF_ANSWERS_ONCE ? share : NULL,
                                 .at = now,
                                 .size = reply->size,
                                 .data = (unsigned char *)answer->id + id->size + 1};
    memcpy(answer->id, id->bytes, id->size);
    answer->id[id->size] = 0;
    memcpy(answer->data, reply->data, reply->size);
    if (!put(answers, answer, id->size, id->hash)) {
        free(answer);
        note_dropped(answers, memory, now);
        return;
    }
    bound(answers, memory);
}
