#include "events/sentence_words.h"

#include <string.h>

#include "events/field.h"

#define WORDS_BYTES 400 // of messages

static void say(struct rf_text *text, const char *before, const char *what, const char *after) {
    rf_text_add_bytes(text, before, strlen(before));
    rf_text_add_bytes(text, what, strlen(what));
    rf_text_add_bytes(text, after, strlen(after));
}

void rf_say_name(struct rf_text *text, const char *name) {
    rf_text_add_clean(text, name == NULL || name[0] == '\0' ? "?" : name, RF_SAY_NAME_BYTES);
}

void rf_say_subject(struct rf_text *text, const struct rf_event *event, const char *before,
                    const char *after) {
    rf_text_add_bytes(text, before, strlen(before));
    rf_say_name(text, event->subject);
    rf_text_add_bytes(text, after, strlen(after));
}

void rf_say_field(struct rf_text *text, const struct rf_event *event, const char *before,
                  const char *key, const char *after) {
    const char *value = rf_field_text(event, key);
    if (value == NULL)
        return;
    rf_text_add_bytes(text, before, strlen(before));
    rf_text_add_clean(text, value, WORDS_BYTES);
    rf_text_add_bytes(text, after, strlen(after));
}

void rf_say_number(struct rf_text *text, const struct rf_event *event, const char *before,
                   const char *key, const char *after) {
    int64_t number;
    if (!rf_field_count(event, key, &number))
        return;
    rf_text_add_bytes(text, before, strlen(before));
    rf_text_add_number(text, number);
    rf_text_add_bytes(text, after, strlen(after));
}

void rf_say_time(struct rf_text *text, const struct rf_event *event, const char *before,
                 const char *key) {
    int64_t ns;
    char when[RF_TIME_TEXT_SIZE];
    if (rf_field_number(event, key, &ns) && ns > 0)
        say(text, before, rf_time_text((struct rf_utc){ns}, when), "");
}

void rf_say_span(struct rf_text *text, const struct rf_event *event, const char *before,
                 const char *key, const char *after) {
    int64_t ns;
    char span[RF_TIME_TEXT_SIZE];
    if (rf_field_number(event, key, &ns) && ns >= 0)
        say(text, before, rf_span_text(rf_ns(ns), span), after);
}

void rf_say_failure(struct rf_text *text, const struct rf_event *event) {
    int64_t status = 0;
    const char *class = rf_field_text(event, "class");
    rf_field_number(event, "status", &status);
    if (class != NULL || status > 0) {
        rf_text_add(text, " (");
        rf_text_add_clean(text, class, RF_SAY_NAME_BYTES);
        if (status > 0) {
            rf_text_add(text, class == NULL ? "HTTP " : ", HTTP ");
            rf_text_add_number(text, status);
        }
        rf_text_add(text, ")");
    }
    rf_say_field(text, event, ": ", "message", "");
}

void rf_say_person(struct rf_text *text, const struct rf_event *event) {
    rf_say_field(text, event, " by ", "who", "");
    rf_say_field(text, event, ": ", "why", "");
}
