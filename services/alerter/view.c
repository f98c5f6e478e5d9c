// The alert's text is a few lines that say what happened, an empty line, and then facts: a label
// with its colon and a value, which lines that begin with blanks go on. rules.c writes it so; a
// text of another shape is shown as lines.
#include "view.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/field.h"
#include "events/text.h"

#define LABEL_MOST  24
#define LABEL_BYTES 256 // of an incident's name and the like
#define ADVICE      "What to do"

char *rf_view_age(const struct rf_alert *alert, struct rf_utc now, char out[RF_AGE_SIZE]) {
    struct rf_duration age = rf_utc_since(now, alert->at);
    char span[RF_TIME_TEXT_SIZE];
    out[0] = '\0';
    if (age.ns >= 60 * RF_NS_PER_S)
        snprintf(out, RF_AGE_SIZE, "Late: this happened %s ago and could not be told earlier.",
                 rf_span_text(age, span));
    return out;
}

static struct rf_duration lasted(const struct rf_alert *alert) {
    if (alert->opened.ns <= 0 || alert->at.ns < alert->opened.ns)
        return rf_ns(0);
    return rf_utc_since(alert->at, alert->opened);
}

char *rf_view_state(const struct rf_alert *alert, char out[RF_STATE_SIZE]) {
    static const char *const words[RF_NOTICE_COUNT] = {
        [RF_NOTICE_OPENED] = "",
        [RF_NOTICE_UPDATED] = "Update after ",
        [RF_NOTICE_REMINDER] = "Still open after ",
        [RF_NOTICE_ESCALATED] = "Escalated: nobody acknowledged it for ",
        [RF_NOTICE_RESOLVED] = "Resolved after ",
        [RF_NOTICE_ACKED] = "Acknowledged after ",
        [RF_NOTICE_DIGEST] = "",
        [RF_NOTICE_TEST] = "",
    };
    char span[RF_TIME_TEXT_SIZE];
    const char *word = (unsigned)alert->kind < RF_NOTICE_COUNT ? words[alert->kind] : "";
    snprintf(out, RF_STATE_SIZE, "%s%s", word,
             word[0] == '\0' ? "" : rf_span_text(lasted(alert), span));
    return out;
}

unsigned rf_view_color(const struct rf_alert *alert) {
    static const struct {
        const char *severity;
        unsigned color;
    } colors[] = {
        {"critical", 0xB42318}, {"error", 0xD92D20}, {"warning", 0xDC6803}, {"info", 0x2E6FD8}};
    if (alert->kind == RF_NOTICE_RESOLVED)
        return 0x2E7D32;
    for (size_t i = 0; i < sizeof colors / sizeof colors[0]; i++)
        if (strcmp(colors[i].severity, alert->severity) == 0)
            return colors[i].color;
    return 0x667085;
}

// The length of the label at the start of a line, without its colon; 0: there is none.
static size_t label_length(const char *line, size_t size) {
    size_t length = 0;
    if (size == 0 || line[0] < 'A' || line[0] > 'Z')
        return 0;
    while (length < size && length < LABEL_MOST &&
           (line[length] == ' ' || (line[length] >= 'A' && line[length] <= 'Z') ||
            (line[length] >= 'a' && line[length] <= 'z')))
        length++;
    return length + 1 < size && line[length] == ':' && line[length + 1] == ' ' ? length : 0;
}

static json_t *trimmed(const char *text, size_t size) {
    for (; size > 0 && *text == ' '; text++)
        size--;
    return json_stringn(text, size);
}

// What the reading of the text is at.
struct story {
    json_t *lines, *facts;
    json_t *advice;
    bool in_facts;
};

static bool add_to_last(json_t *facts, const char *line, size_t size) {
    json_t *last = json_array_get(facts, json_array_size(facts) - 1);
    json_t *more = trimmed(line, size);
    json_t *both = json_sprintf("%s\n%s", json_string_value(json_object_get(last, "value")),
                                json_string_value(more));
    json_decref(more);
    return json_object_set_new(last, "value", both) == 0;
}

static bool take_line(struct story *story, const char *line, size_t size) {
    size_t label = story->in_facts ? label_length(line, size) : 0;
    if (size == 0) {
        story->in_facts = story->in_facts || json_array_size(story->lines) > 0;
        return true;
    }
    if (story->in_facts && line[0] == ' ' && json_array_size(story->facts) > 0)
        return add_to_last(story->facts, line, size);
    if (label == 0)
        return json_array_append_new(story->lines, json_stringn(line, size)) == 0;
    json_t *value = trimmed(line + label + 1, size - label - 1);
    if (label == sizeof ADVICE - 1 && memcmp(line, ADVICE, label) == 0 && story->advice == NULL) {
        story->advice = value;
        return value != NULL;
    }
    return json_array_append_new(
               story->facts, json_pack("{s:s%, s:o}", "label", line, label, "value", value)) == 0;
}

static bool take_text(struct story *story, const char *text) {
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (!take_line(story, text, size))
            return false;
        text += size;
        text += *text == '\n';
    }
    return true;
}

static bool set_kind(json_t *view, enum rf_notice kind) {
    char name[24];
    snprintf(name, sizeof name, "is_%s", rf_notice_name(kind));
    return json_object_set_new(view, name, json_true()) == 0;
}

// The rules clean and cut what comes from outside; a form does not rely on it. Lines stay, all
// other controls become spaces, what is not UTF-8 becomes U+FFFD.
static char *mended(const char *text) {
    struct rf_text out = {0};
    for (;; text++) {
        size_t size = strcspn(text, "\n");
        char *line = strndup(text, size);
        out.failed = out.failed || line == NULL;
        rf_text_add_clean(&out, line, 3 * size + 1);
        free(line);
        text += size;
        if (*text == '\0')
            return rf_text_take(&out);
        rf_text_add_bytes(&out, "\n", 1);
    }
}

static bool set_text(json_t *view, const char *name, char *clean) {
    bool done = clean != NULL && json_object_set_new(view, name, json_string(clean)) == 0;
    free(clean);
    return done;
}

static bool set_label(json_t *view, const char *name, const char *value) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, value, LABEL_BYTES);
    return set_text(view, name, rf_text_take(&clean));
}

static bool set_texts(json_t *view, const struct rf_alert *alert) {
    return set_label(view, "severity", alert->severity) && set_label(view, "type", alert->type) &&
           set_label(view, "subject", alert->subject) &&
           set_label(view, "incident", alert->incident) &&
           set_text(view, "title", mended(alert->title)) &&
           set_text(view, "text", mended(alert->text));
}

static json_t *facts_of(const struct rf_alert *alert, struct rf_utc now) {
    char age[RF_AGE_SIZE], state[RF_STATE_SIZE], at[RF_TIME_TEXT_SIZE], opened[RF_TIME_TEXT_SIZE];
    char span[RF_TIME_TEXT_SIZE] = "", color[8];
    if (alert->kind != RF_NOTICE_OPENED && lasted(alert).ns > 0)
        rf_span_text(lasted(alert), span);
    snprintf(color, sizeof color, "#%06X", rf_view_color(alert));
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", alert->id, "thread",
                     alert->thread, "kind", rf_notice_name(alert->kind), "state",
                     rf_view_state(alert, state), "late", rf_view_age(alert, now, age), "at",
                     rf_time_text(alert->at, at), "opened", rf_time_text(alert->opened, opened),
                     "lasted", span, "color", color);
}

json_t *rf_view_new(const struct rf_alert *alert, struct rf_utc now) {
    struct story story = {.lines = json_array(), .facts = json_array()};
    json_t *view = facts_of(alert, now);
    bool done = view != NULL && story.lines != NULL && story.facts != NULL &&
                set_texts(view, alert) &&
                take_text(&story, json_string_value(json_object_get(view, "text"))) &&
                set_kind(view, alert->kind) && json_object_set(view, "lines", story.lines) == 0 &&
                json_object_set(view, "facts", story.facts) == 0 &&
                (story.advice == NULL || json_object_set(view, "advice", story.advice) == 0) &&
                (strcmp(alert->id, alert->thread) != 0 ||
                 json_object_set_new(view, "first", json_true()) == 0);
    json_decref(story.lines);
    json_decref(story.facts);
    json_decref(story.advice);
    if (!done) {
        json_decref(view);
        return NULL;
    }
    return view;
}
