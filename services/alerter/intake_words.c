// What people say: silences and acknowledgements, retained by the broker. What comes while a page
// is being stored waits, as the engine's incidents are in use then.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "intake.h"

#define SILENCES "alert/silence/"
#define ACKS     "alert/ack/"

static const char *text_of(const json_t *value, const char *key) {
    const char *text = json_string_value(json_object_get(value, key));
    return text == NULL ? "" : text;
}

static void take(struct rf_intake *intake, bool ack, const char *id, const json_t *value) {
    struct rf_engine *engine = &intake->engine;
    if (!ack && !rf_silences_put(&engine->silences, id, value))
        rf_log(RF_LOG_WARNING,
               "silence %s is not heeded: it matches nothing, has no end, or is "
               "one of more than %d",
               id, RF_SILENCES_MOST);
    if (!ack)
        return;
    int64_t at = (int64_t)json_integer_value(json_object_get(value, "at"));
    if (value != NULL && at <= 0)
        at = rf_clock_utc().ns;
    rf_engine_ack(engine, id, text_of(value, "by"), text_of(value, "why"), (struct rf_utc){at});
}

static void keep(struct rf_intake *intake, bool ack, const char *id, json_t *value) {
    struct rf_intake_word *word = calloc(1, sizeof *word);
    char *copy = strdup(id);
    if (word == NULL || copy == NULL) {
        rf_log(RF_LOG_ERROR, "no memory for what was said about alerts: it is heard again at the "
                             "next start");
        free(word);
        free(copy);
        return;
    }
    *word = (struct rf_intake_word){.ack = ack, .id = copy, .value = json_incref(value)};
    *intake->words_end = word;
    intake->words_end = &word->next;
}

static void say(struct rf_intake *intake, bool ack, const char *id, json_t *value) {
    if (intake->busy)
        keep(intake, ack, id, value);
    else
        take(intake, ack, id, value);
}

void rf_intake_take_words(struct rf_intake *intake) {
    for (const struct rf_intake_word *word = intake->words; word != NULL; word = word->next)
        take(intake, word->ack, word->id, word->value);
    rf_intake_drop_words(intake);
}

void rf_intake_drop_words(struct rf_intake *intake) {
    for (struct rf_intake_word *word = intake->words, *next; word != NULL; word = next) {
        next = word->next;
        free(word->id);
        json_decref(word->value);
        free(word);
    }
    intake->words = NULL;
    intake->words_end = &intake->words;
}

// A silence that is not in a snapshot was taken back while the broker was away.
static void take_back_absent(struct rf_intake *intake, const struct rf_state_entry *entries,
                             size_t count) {
    const struct rf_silences *silences = &intake->engine.silences;
    for (size_t i = silences->count; i-- > 0;) {
        bool there = false;
        for (size_t e = 0; e < count && !there; e++)
            there = strcmp(entries[e].key + strlen(SILENCES), silences->items[i].id) == 0;
        if (!there)
            say(intake, false, silences->items[i].id, NULL);
    }
}

static void on_entries(struct rf_intake *intake, bool ack, const struct rf_state_entry *entries,
                       size_t count) {
    for (size_t i = 0; i < count; i++)
        say(intake, ack, entries[i].key + strlen(ack ? ACKS : SILENCES),
            entries[i].version == 0 ? NULL : entries[i].value);
    if (count > 0)
        rf_intake_wake(intake);
}

static void on_silences(void *arg, bool snapshot, const struct rf_state_entry *entries,
                        size_t count) {
    struct rf_intake *intake = arg;
    if (snapshot)
        take_back_absent(intake, entries, count);
    on_entries(intake, false, entries, count);
    rf_intake_heard(intake);
}

static void on_acks(void *arg, bool snapshot, const struct rf_state_entry *entries, size_t count) {
    (void)snapshot;
    on_entries(arg, true, entries, count);
}

enum rf_err rf_intake_watch(struct rf_intake *intake, struct rf_error *error) {
    enum rf_err result = rf_bus_watch(intake->process->bus, ACKS, on_acks, intake, error);
    if (result == RF_OK)
        result = rf_bus_watch(intake->process->bus, SILENCES, on_silences, intake, error);
    return result;
}
