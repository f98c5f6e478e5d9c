#include "scribe.h"

#include <stdlib.h>
#include <string.h>

struct rf_scribe_answer {
    STAILQ_ENTRY(rf_scribe_answer) link;
    int64_t position;
    struct rf_peer to;
    enum rf_message_type type;
    int64_t number; // seq, last, or version
    json_t *value;
    char *key;
    char text[]; // the stream's name, or the rid
};

void rf_scribe_init(struct rf_scribe *scribe, struct rf_ground *ground) {
    *scribe = (struct rf_scribe){.ground = ground};
    STAILQ_INIT(&scribe->answers);
}

static void free_answer(struct rf_scribe_answer *answer) {
    json_decref(answer->value);
    free(answer->key);
    free(answer);
}

static struct rf_scribe_answer *take_first(struct rf_scribe *scribe) {
    struct rf_scribe_answer *answer = STAILQ_FIRST(&scribe->answers);
    STAILQ_REMOVE_HEAD(&scribe->answers, link);
    scribe->answer_count--;
    return answer;
}

void rf_scribe_fini(struct rf_scribe *scribe) {
    while (!STAILQ_EMPTY(&scribe->answers))
        free_answer(take_first(scribe));
}

int64_t rf_scribe_put(struct rf_scribe *scribe, struct rf_record record) {
    record.position = ++scribe->given;
    scribe->ground->sink.write(scribe->ground->sink.arg, &record);
    return record.position;
}

// ---- answers ----

static void send_answer(struct rf_scribe *scribe, const struct rf_peer *to,
                        enum rf_message_type type, const char *text, int64_t number,
                        const char *key, json_t *value) {
    struct rf_state_entry entry = {.key = key, .version = number, .value = value};
    struct rf_event_ack ack = {.stream = text, .seq = number};
    struct rf_stream_opened opened = {.stream = text, .last = number};
    struct rf_state_reply reply = {
        .rid = text, .ok = true, .entries = {&entry, number != 0 ? 1 : 0}};
    const void *body = &reply;
    if (type == RF_MESSAGE_event_ack)
        body = &ack;
    else if (type == RF_MESSAGE_stream_opened)
        body = &opened;
    rf_ground_send(scribe->ground, to, type, body);
}

static void answer(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                   enum rf_message_type type, const char *text, int64_t number, const char *key,
                   json_t *value) {
    if (position <= scribe->written) {
        send_answer(scribe, to, type, text, number, key, value);
        return;
    }
    size_t size = strlen(text) + 1;
    struct rf_scribe_answer *answer = NULL;
    if (scribe->answer_count < RF_SCRIBE_ANSWERS_MAX)
        answer = calloc(1, sizeof *answer + size);
    if (answer == NULL || (key != NULL && (answer->key = strdup(key)) == NULL)) {
        free(answer);
        scribe->ground->counters.answers_dropped++;
        return;
    }
    memcpy(answer->text, text, size);
    answer->position = position;
    answer->to = *to;
    answer->type = type;
    answer->number = number;
    answer->value = json_incref(value);
    STAILQ_INSERT_TAIL(&scribe->answers, answer, link);
    scribe->answer_count++;
}

void rf_scribe_acknowledge(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                           const char *stream, int64_t seq) {
    answer(scribe, position, to, RF_MESSAGE_event_ack, stream, seq, NULL, NULL);
}

void rf_scribe_opened(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                      const char *stream, int64_t last) {
    answer(scribe, position, to, RF_MESSAGE_stream_opened, stream, last, NULL, NULL);
}

void rf_scribe_stored(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                      const char *rid, const struct rf_state_entry *entry) {
    answer(scribe, position, to, RF_MESSAGE_state_reply, rid, entry->version, entry->key,
           entry->value);
}

bool rf_scribe_due(const struct rf_scribe *scribe, int64_t *position) {
    const struct rf_scribe_answer *first = STAILQ_FIRST(&scribe->answers);
    if (first == NULL)
        return false;
    *position = first->position;
    return true;
}

static bool goes_further(const struct rf_scribe *scribe, const struct rf_scribe_answer *next,
                         const struct rf_scribe_answer *answer) {
    return next != NULL && next->position <= scribe->written && next->type == answer->type &&
           next->type == RF_MESSAGE_event_ack && next->number >= answer->number &&
           rf_peer_same(&next->to, &answer->to) && strcmp(next->text, answer->text) == 0;
}

void rf_scribe_send(struct rf_scribe *scribe) {
    struct rf_scribe_answer *first = take_first(scribe);
    if (!goes_further(scribe, STAILQ_FIRST(&scribe->answers), first))
        send_answer(scribe, &first->to, first->type, first->text, first->number, first->key,
                    first->value);
    free_answer(first);
}
