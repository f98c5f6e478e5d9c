#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/json_line.h"
#include "events/sentence.h"
#include "redact/packed.h"
#include "wire/text.h"
#include "wire/wire.h"

#define NAME_BYTES   128
#define TYPE_COLUMNS 20 // the longest type of the catalogue

// ---- a line of JSON ----

// As it is if it is UTF-8, else cleaned.
static void add_value(struct rf_text *out, const char *value) {
    size_t size = strlen(value);
    if (rf_json_line_add_plain(out, value, size))
        return;
    if (rf_text_valid(value, size)) {
        rf_json_line_add(out, value, size);
        return;
    }
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, value, size * 3);
    if (clean.failed)
        out->failed = true;
    else
        rf_json_line_add(out, clean.data, clean.size);
    rf_text_fini(&clean);
}

// A constant, such as `,"id":`.
#define ADD(out, text) rf_text_add_bytes(out, text, sizeof(text) - 1)

// `name`: likewise.
#define ADD_MEMBER(out, name, value)                                                               \
    if ((value) != NULL && (value)[0] != '\0') {                                                   \
        ADD(out, name);                                                                            \
        add_value(out, value);                                                                     \
    }

static void add_head(const struct rf_event *event, const char *time, struct rf_text *out) {
    ADD(out, "{\"n\":");
    rf_text_add_number(out, event->n);
    ADD(out, ",\"time\":\"");
    rf_text_add_bytes(out, time, RF_RFC3339_SIZE - 1);
    ADD(out, "\"");
    ADD_MEMBER(out, ",\"id\":", event->id);
    ADD_MEMBER(out, ",\"type\":", event->type);
    ADD_MEMBER(out, ",\"severity\":", event->severity);
    ADD_MEMBER(out, ",\"subject\":", event->subject);
    ADD_MEMBER(out, ",\"service\":", event->service);
    ADD_MEMBER(out, ",\"campaign\":", event->campaign);
    ADD_MEMBER(out, ",\"contact\":", event->contact);
    ADD_MEMBER(out, ",\"trace\":", event->trace);
    ADD_MEMBER(out, ",\"origin\":", event->origin);
    // The place in its publisher's stream: whoever reads the file can see that none is missing.
    ADD_MEMBER(out, ",\"stream\":", event->stream);
    if (event->seq > 0) {
        ADD(out, ",\"seq\":");
        rf_text_add_number(out, event->seq);
    }
}

// `sentence`: what the event says; `data`: what is left of its data, as JSON.
static void add_json(const struct rf_event *event, const char *time, const struct rf_text *data,
                     const char *sentence, size_t size, struct rf_text *out) {
    add_head(event, time, out);
    ADD(out, ",\"message\":");
    rf_json_line_add(out, sentence, size);
    if (data->size > 0) {
        ADD(out, ",\"data\":");
        rf_text_add_bytes(out, data->data, data->size);
    }
    ADD(out, "}\n");
}

// ---- a line for people ----

// Pads what was added since `start` to `width` bytes, of which there are at most 20.
static void pad(struct rf_text *out, size_t start, size_t width) {
    static const char spaces[] = "                    ";
    _Static_assert(sizeof spaces > TYPE_COLUMNS, "the widest column");
    if (!out->failed && out->size - start < width)
        rf_text_add_bytes(out, spaces, width - (out->size - start));
}

// Puts spaces before it instead.
static void shift(struct rf_text *out, size_t start, size_t width) {
    size_t size = out->size - start;
    pad(out, start, width);
    if (out->failed || size >= width)
        return;
    memmove(out->data + start + width - size, out->data + start, size);
    memset(out->data + start, ' ', width - size);
}

// The columns before the sentence.
static void add_columns(const struct rf_event *event, const char *time, struct rf_text *out) {
    size_t start = out->size;
    rf_text_add_number(out, event->n);
    shift(out, start, 10);
    ADD(out, "  ");
    rf_text_add_bytes(out, time, RF_RFC3339_SIZE - 1);
    ADD(out, "  ");
    start = out->size;
    rf_text_add_clean(out, event->severity, NAME_BYTES);
    pad(out, start, 8);
    ADD(out, "  ");
    start = out->size;
    rf_text_add_clean(out, event->type, NAME_BYTES);
    pad(out, start, TYPE_COLUMNS);
    ADD(out, "  ");
}

// ---- a row ----

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

// Where an event's lines go.
struct lines {
    struct rf_text *json, *text; // NULL: not wanted
};

static void fail(const struct lines *lines) {
    if (lines->json != NULL)
        lines->json->failed = true;
    if (lines->text != NULL)
        lines->text->failed = true;
}

// Of events, most have the second of the one before.
static const char *time_of(struct rf_recorder *recorder, struct rf_utc ts) {
    int64_t second = ts.ns / RF_NS_PER_S;
    if (second <= 0 || second != recorder->second)
        rf_utc_format(ts, recorder->time);
    else
        rf_utc_format_part(ts, recorder->time);
    recorder->second = second;
    return recorder->time;
}

// Both lines have the same sentence.
static void add_lines(struct rf_recorder *recorder, const struct rf_event *event,
                      const struct lines *lines) {
    struct rf_text *said = lines->text == NULL ? &recorder->sentence : lines->text;
    const char *time = time_of(recorder, (struct rf_utc){event->ts});
    recorder->sentence.size = 0;
    if (lines->text != NULL)
        add_columns(event, time, lines->text);
    size_t begin = said->size;
    rf_event_sentence(event, said);
    if (said->failed || recorder->data.failed) {
        fail(lines);
        return;
    }
    if (lines->json != NULL)
        add_json(event, time, &recorder->data, said->data == NULL ? "" : said->data + begin,
                 said->size - begin, lines->json);
    if (lines->text != NULL)
        rf_text_add_bytes(lines->text, "\n", 1);
}

// With data in a tree.
static void record_tree(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                        const struct rf_event *event, const struct lines *lines) {
    struct rf_redacted_event redacted;
    if (rf_redact_event(redaction, event, &redacted) != RF_OK) {
        fail(lines);
        return;
    }
    recorder->data.size = 0;
    if (redacted.data != NULL && lines->json != NULL)
        rf_json_line_tree(&recorder->data, redacted.data);
    add_lines(recorder, &redacted.event, lines);
    rf_redacted_event_fini(&redacted);
}

static void record_unpacked(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                            const struct rf_event *event, const struct lines *lines) {
    struct rf_event whole = *event;
    whole.data = rf_wire_tree(&event->data_packed);
    whole.data_packed = (struct rf_bytes){0};
    if (whole.data == NULL)
        fail(lines);
    else
        record_tree(recorder, redaction, &whole, lines);
    json_decref(whole.data);
}

// With data as they came: without a tree, wherever that is possible.
static bool record_packed(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                          const struct rf_event *event, const struct lines *lines) {
    struct rf_redacted_event redacted;
    recorder->data.size = 0;
    if (!rf_redact_packed(redaction, &recorder->clean, &event->data_packed,
                          lines->json == NULL ? NULL : &recorder->data, &recorder->fields) ||
        rf_redact_event_again(redaction, &recorder->clean, event, &redacted) != RF_OK)
        return false;
    redacted.event.data_fields = &recorder->fields;
    add_lines(recorder, &redacted.event, lines);
    rf_redacted_event_fini(&redacted);
    return true;
}

// What people read names neither of these, so that nothing of them has to be redacted.
static struct rf_event without_ids(const struct rf_event *event) {
    struct rf_event words = *event;
    words.id = words.stream = words.origin = words.trace = NULL;
    return words;
}

void rf_record(struct rf_recorder *recorder, const struct rf_redaction *redaction,
               const struct rf_event *event, struct rf_text *json, struct rf_text *text) {
    struct lines lines = {json, text};
    struct rf_event words;
    if (json == NULL) {
        words = without_ids(event);
        event = &words;
    }
    if (event->data_packed.size == 0)
        record_tree(recorder, redaction, event, &lines);
    else if (rf_sentence_needs_tree(event->type) ||
             !record_packed(recorder, redaction, event, &lines))
        record_unpacked(recorder, redaction, event, &lines);
}

void rf_recorder_fini(struct rf_recorder *recorder) {
    rf_text_fini(&recorder->data);
    rf_text_fini(&recorder->sentence);
    rf_fields_fini(&recorder->fields);
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
