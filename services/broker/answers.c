#include "answers.h"

#include <stdlib.h>
#include <string.h>

void rf_answers_init(struct rf_answers *answers) {
    *answers = (struct rf_answers){0};
    TAILQ_INIT(&answers->ages);
}

static void free_answer(struct rf_answer *answer) {
    rf_message_destroy(&answer->message);
    free(answer);
}

static void drop(struct rf_answers *answers, struct rf_answer *answer) {
    TAILQ_REMOVE(&answers->ages, answer, by_age);
    rf_map_remove(&answers->map, &answer->by_id);
    answers->count--;
    answers->bytes -= answer->bytes;
    free_answer(answer);
}

void rf_answers_fini(struct rf_answers *answers) {
    struct rf_answer *answer, *next;
    for (answer = TAILQ_FIRST(&answers->ages); answer != NULL; answer = next) {
        next = TAILQ_NEXT(answer, by_age);
        free_answer(answer);
    }
    rf_map_fini(&answers->map);
    rf_answers_init(answers);
}

static struct rf_answer *find(const struct rf_answers *answers, const char *id) {
    struct rf_map_node *node = rf_map_find_text(&answers->map, id);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_answer, by_id);
}

static bool too_old(const struct rf_answer *answer, struct rf_instant now) {
    return rf_instant_since(now, answer->at).ns >= RF_ANSWERS_KEEP;
}

const struct rf_answer *rf_answers_find(struct rf_answers *answers, const char *id,
                                        struct rf_instant now) {
    struct rf_answer *answer = find(answers, id);
    return answer == NULL || too_old(answer, now) ? NULL : answer;
}

bool rf_answers_complete(const struct rf_answers *answers, struct rf_instant since) {
    return !answers->dropped || rf_instant_before(answers->newest_dropped, since);
}

void rf_answers_forget(struct rf_answers *answers, const char *id) {
    struct rf_answer *answer = find(answers, id);
    if (answer != NULL)
        drop(answers, answer);
}

// Takes the place of an earlier answer to the same id; the oldest give way to the bounds.
static struct rf_answer *add(struct rf_answers *answers, const char *id, const char *worker,
                             size_t size, struct rf_instant now) {
    rf_answers_forget(answers, id);
    size_t id_size = strlen(id) + 1, worker_size = strlen(worker) + 1;
    struct rf_answer *answer = calloc(1, sizeof *answer + id_size + worker_size);
    if (answer == NULL)
        return NULL;
    memcpy(answer->texts, id, id_size);
    answer->worker = memcpy(answer->texts + id_size, worker, worker_size);
    answer->at = now;
    answer->bytes = sizeof *answer + size;
    if (!rf_map_add(&answers->map, &answer->by_id, answer->texts, id_size - 1)) {
        free_answer(answer);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&answers->ages, answer, by_age);
    answers->count++;
    answers->bytes += answer->bytes;
    struct rf_answer *oldest;
    while ((oldest = TAILQ_FIRST(&answers->ages)) != answer &&
           (answers->count > RF_ANSWERS_MAX || answers->bytes > RF_ANSWERS_BYTES ||
            too_old(oldest, now))) {
        answers->dropped = true;
        answers->newest_dropped = oldest->at;
        drop(answers, oldest);
    }
    return answer;
}

void rf_answers_keep(struct rf_answers *answers, struct rf_message **message, size_t size,
                     const char *worker, struct rf_instant now) {
    struct rf_answer *answer = add(answers, (*message)->as.call_reply.id, worker, size, now);
    if (answer == NULL)
        return;
    answer->message = *message;
    answer->message->raw = (struct rf_bytes){NULL, 0}; // not ours for so long
    *message = NULL;
    answer->reply = answer->message->as.call_reply;
    answer->reply.worker = answer->worker;
}

void rf_answers_keep_own(struct rf_answers *answers, const struct rf_call_reply *reply,
                         struct rf_instant now) {
    struct rf_answer *answer = add(answers, reply->id, "", 0, now);
    if (answer == NULL)
        return;
    answer->reply = *reply;
    answer->reply.id = answer->texts;
}
