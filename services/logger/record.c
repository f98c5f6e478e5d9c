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
static void add_value(struct rf_text *out, const char *value, size_t size) {
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

// What is left of an event is written as it is; what came is looked through on the way.
struct head {
    struct rf_text *out;
    const struct rf_redaction *redaction; // NULL: it is left of one
    struct rf_recorder *recorder;
    bool clean; // nothing that came has to be redacted
};

// Of a text that comes again in other events.
static void add_text(struct head *head, const char *value) {
    size_t size = strlen(value);
    if (head->redaction == NULL)
        add_value(head->out, value, size);
    else if (rf_redact_again(head->redaction, &head->recorder->seen, value, size,
                             &head->recorder->sentence, head->out))
        head->clean = false;
}

// Each event has an id of its own.
static void add_id(struct head *head, const char *value) {
    size_t size = strlen(value);
    if (head->redaction != NULL &&
        rf_redact(head->redaction, value, size, &head->recorder->sentence))
        head->clean = false;
    else
        add_value(head->out, value, size);
}

// A constant, such as `,"id":`.
#define ADD(out, text) rf_text_add_bytes(out, text, sizeof(text) - 1)

// `name`: likewise.
#define ADD_MEMBER(head, name, value, add)                                                         \
    if ((value) != NULL && (value)[0] != '\0') {                                                   \
        ADD((head)->out, name);                                                                    \
        add(head, value);                                                                          \
    }

static void add_head(struct head *head, const struct rf_event *event, const char *time) {
    struct rf_text *out = head->out;
    ADD(out, "{\"n\":");
    rf_text_add_number(out, event->n);
    ADD(out, ",\"time\":\"");
    rf_text_add_bytes(out, time, RF_RFC3339_SIZE - 1);
    ADD(out, "\"");
    ADD_MEMBER(head, ",\"id\":", event->id, add_id);
    ADD_MEMBER(head, ",\"type\":", event->type, add_text);
    ADD_MEMBER(head, ",\"severity\":", event->severity, add_text);
    ADD_MEMBER(head, ",\"subject\":", event->subject, add_text);
    ADD_MEMBER(head, ",\"service\":", event->service, add_text);
    ADD_MEMBER(head, ",\"campaign\":", event->campaign, add_text);
    ADD_MEMBER(head, ",\"contact\":", event->contact, add_text);
    ADD_MEMBER(head, ",\"trace\":", event->trace, add_text);
    ADD_MEMBER(head, ",\"origin\":", event->origin, add_text);
    // The place in its publisher's stream: whoever reads the file can see that none is missing.
    ADD_MEMBER(head, ",\"stream\":", event->stream, add_text);
    if (event->seq > 0) {
        ADD(out, ",\"seq\":");
        rf_text_add_number(out, event->seq);
    }
}

// Behind the head. `sentence`: what the event says; `data`: what is left of its data, as JSON.
static void add_body(const struct rf_text *data, const char *sentence, size_t size,
                     struct rf_text *out) {
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

// All but the head of the line of JSON. Both lines have the same sentence.
static void add_rest(struct rf_recorder *recorder, const struct rf_event *event, const char *time,
                     const struct lines *lines) {
    struct rf_text *said = lines->text == NULL ? &recorder->sentence : lines->text;
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
        add_body(&recorder->data, said->data == NULL ? "" : said->data + begin, said->size - begin,
                 lines->json);
    if (lines->text != NULL)
        rf_text_add_bytes(lines->text, "\n", 1);
}

// Of what is left of an event.
static void add_lines(struct rf_recorder *recorder, const struct rf_event *event,
                      const struct lines *lines) {
    const char *time = time_of(recorder, (struct rf_utc){event->ts});
    struct head head = {.out = lines->json};
    if (lines->json != NULL)
        add_head(&head, event, time);
    add_rest(recorder, event, time, lines);
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

// What people read names neither id, stream, origin nor trace, so that nothing of them has to be
// redacted.
static bool words_are_clean(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                            const struct rf_event *event) {
    const char *const words[] = {event->severity, event->type,     event->subject,
                                 event->service,  event->campaign, event->contact};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i] != NULL && rf_redact_again(redaction, &recorder->seen, words[i],
                                                strlen(words[i]), &recorder->sentence, NULL))
            return false;
    return true;
}

// The lines of an event whose own texts are clean, as those of nearly all are; its data have been
// looked through. False, with nothing added, for another.
static bool add_clean_lines(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                            const struct rf_event *event, const struct lines *lines) {
    const char *time = time_of(recorder, (struct rf_utc){event->ts});
    struct head head = {lines->json, redaction, recorder, true};
    size_t before = lines->json == NULL ? 0 : lines->json->size;
    if (lines->json != NULL)
        add_head(&head, event, time);
    else
        head.clean = words_are_clean(recorder, redaction, event);
    if (head.clean)
        add_rest(recorder, event, time, lines);
    else if (lines->json != NULL)
        lines->json->size = before;
    return head.clean;
}

// With data as they came: without a tree, wherever that is possible.
static bool record_packed(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                          const struct rf_event *event, const struct lines *lines) {
    struct rf_redacted_event redacted;
    struct rf_event listed = *event;
    recorder->data.size = 0;
    if (!rf_redact_packed(redaction, &recorder->seen, &event->data_packed,
                          lines->json == NULL ? NULL : &recorder->data, &recorder->fields))
        return false;
    listed.data_fields = &recorder->fields;
    if (add_clean_lines(recorder, redaction, &listed, lines))
        return true;
    if (rf_redact_event(redaction, &listed, &redacted) != RF_OK)
        return false;
    add_lines(recorder, &redacted.event, lines);
    rf_redacted_event_fini(&redacted);
    return true;
}

void rf_record(struct rf_recorder *recorder, const struct rf_redaction *redaction,
               const struct rf_event *event, struct rf_text *json, struct rf_text *text) {
    struct lines lines = {json, text};
    rf_seen_texts_begin(&recorder->seen, redaction);
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
