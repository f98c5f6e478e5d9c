#include "scribe.h"

#include <stdlib.h>
#include <string.h>

struct rf_scribe_answer {
    STAILQ_ENTRY(rf_scribe_answer) link;
    int64_t position;
    struct rf_peer to;
    enum rf_message_type type;
    int64_t number; // seq, last, or version
    size_t bytes;   // that it counts for
    json_t *value;
    char *key;
    char text[]; // the stream's name, or the rid
};

void rf_scribe_init(struct rf_scribe *scribe, struct rf_ground *ground, size_t max_records,
                    size_t max_bytes) {
    *scribe =
        (struct rf_scribe){.ground = ground, .max_records = max_records, .max_bytes = max_bytes};
    STAILQ_INIT(&scribe->answers);
    STAILQ_INIT(&scribe->later);
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
    scribe->answer_bytes -= answer->bytes;
    return answer;
}

void rf_scribe_fini(struct rf_scribe *scribe) {
    STAILQ_CONCAT(&scribe->answers, &scribe->later);
    while (!STAILQ_EMPTY(&scribe->answers))
        free_answer(take_first(scribe));
    free(scribe->sizes);
}

// ---- what waits ----

static size_t waiting(const struct rf_scribe *scribe) {
    return (size_t)(scribe->given - scribe->written);
}

static size_t *size_at(const struct rf_scribe *scribe, int64_t position) {
    return &scribe->sizes[(size_t)position % scribe->room];
}

static void grow(struct rf_scribe *scribe) {
    size_t room = scribe->room == 0 ? 1024 : scribe->room * 2;
    size_t *sizes = calloc(room, sizeof *sizes);
    if (sizes == NULL)
        abort(); // as for a record: see rf_disk_put
    // Before the first growth nothing waits.
    for (int64_t position = scribe->written + 1; scribe->room > 0 && position <= scribe->given;
         position++)
        sizes[(size_t)position % room] = *size_at(scribe, position);
    free(scribe->sizes);
    scribe->sizes = sizes;
    scribe->room = room;
}

static void count(struct rf_scribe *scribe, const struct rf_record *record) {
    if (waiting(scribe) == scribe->room)
        grow(scribe);
    size_t size = sizeof *record + record->body_size;
    if (record->name != NULL)
        size += strlen(record->name) + 1;
    scribe->given++;
    *size_at(scribe, scribe->given) = size;
    scribe->bytes += size;
}

static bool within(const struct rf_scribe *scribe, size_t quarters) {
    return waiting(scribe) < scribe->max_records / 4 * quarters &&
           scribe->bytes < scribe->max_bytes / 4 * quarters;
}

static void hold(struct rf_scribe *scribe, bool held) {
    if (held == scribe->held)
        return;
    scribe->held = held;
    scribe->held_since = scribe->ground->now.utc;
    if (held)
        scribe->ground->counters.publishers_held++;
}

bool rf_scribe_has_room(struct rf_scribe *scribe, enum rf_scribe_share share) {
    switch (share) {
    case RF_SHARE_EVENTS:
        hold(scribe, !within(scribe, scribe->held ? 2 : 4));
        return !scribe->held;
    case RF_SHARE_VALUES:
        return within(scribe, 5);
    case RF_SHARE_OWN:
        break;
    }
    return within(scribe, 6);
}

void rf_scribe_wrote(struct rf_scribe *scribe, int64_t position) {
    while (scribe->written < position)
        scribe->bytes -= *size_at(scribe, ++scribe->written);
    if (scribe->held)
        hold(scribe, !within(scribe, 2));
}

int64_t rf_scribe_put(struct rf_scribe *scribe, struct rf_record record) {
    count(scribe, &record);
    record.position = scribe->given;
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

// The value may be shared with its row, but a later write leaves it to the answer alone.
static size_t size_of(const char *text, const char *key, const json_t *value) {
    size_t bytes = sizeof(struct rf_scribe_answer) + strlen(text) + 1;
    if (key != NULL)
        bytes += strlen(key) + 1;
    if (value != NULL)
        bytes += json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    return bytes;
}

static void answer(struct rf_scribe *scribe, int64_t position, const struct rf_peer *to,
                   enum rf_message_type type, const char *text, int64_t number, const char *key,
                   json_t *value) {
    if (position <= scribe->written) {
        send_answer(scribe, to, type, text, number, key, value);
        return;
    }
    size_t size = strlen(text) + 1;
    size_t bytes = size_of(text, key, value);
    struct rf_scribe_answer *answer = NULL;
    if (scribe->answer_count < RF_SCRIBE_ANSWERS_MAX &&
        scribe->answer_bytes + bytes <= RF_SCRIBE_ANSWERS_BYTES)
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
    answer->bytes = bytes;
    answer->value = json_incref(value);
    if (position == RF_SCRIBE_LATER)
        STAILQ_INSERT_TAIL(&scribe->later, answer, link);
    else
        STAILQ_INSERT_TAIL(&scribe->answers, answer, link);
    scribe->answer_count++;
    scribe->answer_bytes += bytes;
}

void rf_scribe_catch_up(struct rf_scribe *scribe) {
    struct rf_scribe_answer *answer;
    STAILQ_FOREACH(answer, &scribe->later, link)
    answer->position = scribe->given;
    STAILQ_CONCAT(&scribe->answers, &scribe->later);
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
