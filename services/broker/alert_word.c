#include "alert_word.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "core.h"

#define SILENCES   "alert/silence/"
#define ACKS       "alert/ack/"
#define TEXT_BYTES 1000 // of a person's reason

static bool begins_with(const char *key, const char *prefix) {
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

bool rf_alert_word_is(const char *key) {
    return begins_with(key, SILENCES) || begins_with(key, ACKS);
}

static const char *text_of(const json_t *value, const char *key) {
    const char *text = json_string_value(json_object_get(value, key));
    return text == NULL ? "" : text;
}

static void set_text(json_t *data, const char *name, const char *text) {
    size_t size = rf_utf8_cut(text, strlen(text), TEXT_BYTES);
    if (size > 0)
        (void)json_object_set_new(data, name, json_stringn(text, size));
}

static void set_time(json_t *data, const char *name, const json_t *value) {
    json_t *number = json_object_get(value, name);
    if (json_is_integer(number))
        (void)json_object_set(data, name, number);
}

// "incident=breaker/*, severity=info", as a person said it.
static void set_match(json_t *data, const json_t *silence) {
    char text[TEXT_BYTES] = "";
    size_t used = 0;
    const char *key;
    json_t *pattern;
    json_object_foreach(json_object_get(silence, "match"), key, pattern) {
        int wrote = snprintf(text + used, sizeof text - used, "%s%s=%s", used > 0 ? ", " : "", key,
                             json_is_string(pattern) ? json_string_value(pattern) : "?");
        if (wrote < 0 || (size_t)wrote >= sizeof text - used) {
            text[used] = '\0'; // no half of a pattern
            break;
        }
        used += (size_t)wrote;
    }
    set_text(data, "match", text);
}

static void tell(struct rf_core *core, enum rf_event_type type, const char *subject, json_t *data) {
    struct rf_event event = {.severity = rf_event_severity(type),
                             .type = rf_event_type_name(type),
                             .subject = subject,
                             .data = data};
    rf_core_publish(core, &event);
    json_decref(data);
}

static json_t *silence_data(const json_t *silence) {
    json_t *data = json_object();
    set_match(data, silence);
    set_text(data, "who", text_of(silence, "by"));
    set_text(data, "why", text_of(silence, "why"));
    set_time(data, "from", silence);
    set_time(data, "until", silence);
    return data;
}

static bool is_ended(const json_t *silence) {
    return json_object_get(silence, "ended_by") != NULL;
}

static void tell_unsilenced(struct rf_core *core, const char *id, const json_t *before,
                            const json_t *after) {
    json_t *data = json_object();
    set_match(data, after);
    set_text(data, "who", text_of(after, "ended_by"));
    set_text(data, "why", text_of(after, "ended_why"));
    set_time(data, "until", before);
    tell(core, RF_EVENT_ALERT_UNSILENCED, id, data);
}

static void tell_acknowledged(struct rf_core *core, const char *id, const json_t *word) {
    json_t *data = json_object();
    const char *name = text_of(word, "incident");
    set_text(data, "incident", id);
    set_text(data, "title", text_of(word, "title"));
    set_text(data, "who", text_of(word, "by"));
    set_text(data, "why", text_of(word, "why"));
    tell(core, RF_EVENT_ALERT_ACKNOWLEDGED, name[0] != '\0' ? name : id, data);
}

void rf_alert_word_written(struct rf_core *core, const char *key, json_t *before, json_t *after) {
    if (!json_is_object(after) || (before != NULL && json_equal(before, after)))
        return;
    if (begins_with(key, ACKS))
        tell_acknowledged(core, key + strlen(ACKS), after);
    else if (!is_ended(after))
        tell(core, RF_EVENT_ALERT_SILENCED, key + strlen(SILENCES), silence_data(after));
    else if (json_is_object(before) && !is_ended(before))
        tell_unsilenced(core, key + strlen(SILENCES), before, after);
}

void rf_alert_word_gone(struct rf_core *core, const char *key, const json_t *last) {
    if (begins_with(key, SILENCES) && json_is_object(last) && !is_ended(last))
        tell(core, RF_EVENT_ALERT_SILENCE_ENDED, key + strlen(SILENCES), silence_data(last));
}
