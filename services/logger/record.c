#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/sentence.h"

#define NAME_BYTES 128

// A text for JSON: as it is if it is UTF-8, else cleaned.
static json_t *json_text(const char *outside) {
    json_t *text = json_string(outside);
    if (text == NULL) {
        struct rf_text clean = {0};
        rf_text_add_clean(&clean, outside, strlen(outside) * 3);
        char *data = rf_text_take(&clean);
        text = data == NULL ? NULL : json_string(data);
        free(data);
    }
    return text;
}

static void set_text(json_t *object, const char *key, const char *value, bool *failed) {
    if (value != NULL && value[0] != '\0' &&
        json_object_set_new(object, key, json_text(value)) != 0)
        *failed = true;
}

static json_t *sentence_of(const struct rf_event *event) {
    struct rf_text text = {0};
    rf_event_sentence(event, &text);
    char *sentence = rf_text_take(&text);
    json_t *value = sentence == NULL ? NULL : json_string(sentence);
    free(sentence);
    return value;
}

static json_t *object_of(const struct rf_event *event) {
    char time[RF_RFC3339_SIZE];
    bool failed = false;
    json_t *object = json_pack("{s:I, s:s}", "n", (json_int_t)event->n, "time",
                               rf_utc_format((struct rf_utc){event->ts}, time));
    if (object == NULL)
        return NULL;
    set_text(object, "id", event->id, &failed);
    set_text(object, "type", event->type, &failed);
    set_text(object, "severity", event->severity, &failed);
    set_text(object, "subject", event->subject, &failed);
    set_text(object, "service", event->service, &failed);
    set_text(object, "campaign", event->campaign, &failed);
    set_text(object, "contact", event->contact, &failed);
    set_text(object, "origin", event->origin, &failed);
    // The place in its publisher's stream: whoever reads the file can see that none is missing.
    set_text(object, "stream", event->stream, &failed);
    if (event->seq > 0)
        failed = json_object_set_new(object, "seq", json_integer(event->seq)) != 0 || failed;
    failed = json_object_set_new(object, "message", sentence_of(event)) != 0 || failed;
    if (event->data != NULL)
        failed = json_object_set(object, "data", event->data) != 0 || failed;
    if (failed) {
        json_decref(object);
        return NULL;
    }
    return object;
}

// jansson escapes the controls of ASCII. The line ends that Unicode has besides, which some
// readers split at, can only stand within a JSON string, so that each can be written as an escape.
static void add_without_line_ends(struct rf_text *out, const char *json, size_t size) {
    static const struct {
        const char *bytes, *escape;
    } ends[] = {{"\xC2\x85", "\\u0085"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}};
    size_t plain = 0;
    for (size_t i = 0; i < size; i++) {
        for (size_t e = 0; e < sizeof ends / sizeof ends[0]; e++) {
            size_t length = strlen(ends[e].bytes);
            if (size - i < length || memcmp(json + i, ends[e].bytes, length) != 0)
                continue;
            rf_text_add_bytes(out, json + plain, i - plain);
            rf_text_add(out, "%s", ends[e].escape);
            plain = i + length;
            i = plain - 1;
            break;
        }
    }
    rf_text_add_bytes(out, json + plain, size - plain);
}

static void add_json(const struct rf_event *event, struct rf_text *out) {
    json_t *object = object_of(event);
    char *json = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    if (json == NULL)
        out->failed = true;
    else {
        add_without_line_ends(out, json, strlen(json));
        rf_text_add(out, "\n");
    }
    free(json);
    json_decref(object);
}

// Pads what was added since `start` to `width` bytes.
static void pad(struct rf_text *out, size_t start, size_t width) {
    while (!out->failed && out->size - start < width)
        rf_text_add_bytes(out, " ", 1);
}

static void add_text(const struct rf_event *event, struct rf_text *out) {
    char time[RF_RFC3339_SIZE];
    rf_text_add(out, "%10" PRId64 "  %s  ", event->n,
                rf_utc_format((struct rf_utc){event->ts}, time));
    size_t start = out->size;
    rf_text_add_clean(out, event->severity, NAME_BYTES);
    pad(out, start, 8);
    rf_text_add(out, "  ");
    start = out->size;
    rf_text_add_clean(out, event->type, NAME_BYTES);
    pad(out, start, 18);
    rf_text_add(out, "  ");
    rf_event_sentence(event, out);
    rf_text_add(out, "\n");
}

// After spaces too, as some readers take them off; the other half of each are the wide forms that
// East Asian editions of Excel take for the same. Tab and line ends became spaces.
static bool begins_formula(const char *text) {
    static const char *const signs[] = {
        "=", "+", "-", "@", "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"};
    text += strspn(text, " ");
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return true;
    return false;
}

static bool append_cell(json_t *row, char *clean) {
    json_t *cell = clean == NULL           ? NULL
                   : begins_formula(clean) ? json_sprintf("'%s", clean)
                                           : json_string(clean);
    free(clean);
    return json_array_append_new(row, cell) == 0;
}

static bool append_clean(json_t *row, const char *outside) {
    struct rf_text text = {0};
    rf_text_add_clean(&text, outside, NAME_BYTES);
    return append_cell(row, rf_text_take(&text));
}

static bool append_sentence(json_t *row, const struct rf_event *event) {
    struct rf_text text = {0};
    rf_event_sentence(event, &text);
    return append_cell(row, rf_text_take(&text));
}

json_t *rf_record_header(void) {
    return json_pack("[[s, s, s, s, s, s, s]]", "n", "time", "type", "severity", "subject",
                     "contact", "message");
}

static json_t *row_of(const struct rf_event *event) {
    char time[RF_RFC3339_SIZE];
    json_t *row = json_pack("[o, s]", json_sprintf("%" PRId64, event->n),
                            rf_utc_format((struct rf_utc){event->ts}, time));
    if (row == NULL || !append_clean(row, event->type) || !append_clean(row, event->severity) ||
        !append_clean(row, event->subject) || !append_clean(row, event->contact) ||
        !append_sentence(row, event)) {
        json_decref(row);
        return NULL;
    }
    return row;
}

// ---- what is left of it ----

typedef void add_fn(const struct rf_event *event, struct rf_text *out);

static void add_redacted(const struct rf_redaction *redaction, const struct rf_event *event,
                         add_fn *add, struct rf_text *out) {
    struct rf_redacted_event redacted;
    if (rf_redact_event(redaction, event, &redacted) != RF_OK) {
        out->failed = true;
        return;
    }
    add(&redacted.event, out);
    rf_redacted_event_fini(&redacted);
}

void rf_record_json(const struct rf_redaction *redaction, const struct rf_event *event,
                    struct rf_text *out) {
    add_redacted(redaction, event, add_json, out);
}

void rf_record_text(const struct rf_redaction *redaction, const struct rf_event *event,
                    struct rf_text *out) {
    add_redacted(redaction, event, add_text, out);
}

json_t *rf_record_row(const struct rf_redaction *redaction, const struct rf_event *event) {
    struct rf_redacted_event redacted;
    if (rf_redact_event(redaction, event, &redacted) != RF_OK)
        return NULL;
    json_t *row = row_of(&redacted.event);
    rf_redacted_event_fini(&redacted);
    return row;
}

// ---- its number ----

bool rf_record_json_n(const char *line, size_t size, int64_t *n) {
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *number = json_object_get(object, "n");
    bool found = json_is_integer(number) && json_integer_value(number) >= 0;
    if (found)
        *n = json_integer_value(number);
    json_decref(object);
    return found;
}

bool rf_record_text_n(const char *line, size_t size, int64_t *n) {
    size_t i = 0;
    int64_t number = 0;
    while (i < size && line[i] == ' ')
        i++;
    size_t first = i;
    for (; i < size && line[i] >= '0' && line[i] <= '9'; i++)
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, line[i] - '0', &number))
            return false;
    // A number, two spaces, and a date's beginning: a line of another program is none of ours.
    if (i == first || size - i < 13 || memcmp(line + i, "  ", 2) != 0 || line[i + 6] != '-' ||
        line[i + 12] != 'T')
        return false;
    *n = number;
    return true;
}
