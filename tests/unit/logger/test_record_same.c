// The lines of an event as it comes from the broker, read where it stands, beside the same lines
// made the plain way: from a tree, by the library that others redact with, and jansson.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/sentence.h"
#include "odd_events.h"
#include "record.h"
#include "wire/page.h"
#include "wire/wire.h"

#include "../redact/corpus.h"

#define PAGES       100
#define PAGE_EVENTS 20

// ---- the plain way ----

static void set_text(json_t *line, const char *name, const char *text) {
    if (text != NULL && text[0] != '\0')
        json_object_set_new(line, name, json_string(text));
}

// jansson leaves the line ends of Unicode as they are.
static void add_on_one_line(const char *text, struct rf_text *out) {
    static const char *const ends[][2] = {
        {"\xC2\x85", "\\u0085"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}};
    for (const char *at = text; *at != '\0';) {
        size_t i = 0;
        while (i < 3 && strncmp(at, ends[i][0], strlen(ends[i][0])) != 0)
            i++;
        rf_text_add_bytes(out, i < 3 ? ends[i][1] : at, i < 3 ? 6 : 1);
        at += i < 3 ? strlen(ends[i][0]) : 1;
    }
}

static void plain_json(const struct rf_event *event, struct rf_text *out) {
    char time[RF_RFC3339_SIZE];
    struct rf_text sentence = {0};
    rf_event_sentence(event, &sentence);
    json_t *line = json_pack("{s:I, s:s}", "n", (json_int_t)event->n, "time",
                             rf_utc_format((struct rf_utc){event->ts}, time));
    set_text(line, "id", event->id);
    set_text(line, "type", event->type);
    set_text(line, "severity", event->severity);
    set_text(line, "subject", event->subject);
    set_text(line, "service", event->service);
    set_text(line, "campaign", event->campaign);
    set_text(line, "contact", event->contact);
    set_text(line, "trace", event->trace);
    set_text(line, "origin", event->origin);
    set_text(line, "stream", event->stream);
    if (event->seq > 0)
        json_object_set_new(line, "seq", json_integer(event->seq));
    json_object_set_new(line, "message", json_stringn(sentence.data, sentence.size));
    if (event->data != NULL)
        json_object_set(line, "data", event->data);
    char *dumped = json_dumps(line, JSON_COMPACT);
    assert_non_null(dumped);
    add_on_one_line(dumped, out);
    rf_text_add(out, "\n");
    free(dumped);
    json_decref(line);
    rf_text_fini(&sentence);
}

static void add_column(const char *text, size_t width, struct rf_text *out) {
    size_t begin = out->size;
    rf_text_add_clean(out, text, 128);
    while (out->size - begin < width)
        rf_text_add(out, " ");
    rf_text_add(out, "  ");
}

static void plain_text(const struct rf_event *event, struct rf_text *out) {
    char time[RF_RFC3339_SIZE];
    rf_text_add(out, "%10" PRId64 "  %s  ", event->n,
                rf_utc_format((struct rf_utc){event->ts}, time));
    add_column(event->severity, 8, out);
    add_column(event->type, 20, out);
    rf_event_sentence(event, out);
    rf_text_add(out, "\n");
}

static void plain_lines(const struct rf_redaction *redaction, const struct rf_event *event,
                        struct rf_text *json, struct rf_text *text) {
    struct rf_redacted_event redacted;
    assert_int_equal(rf_redact_event(redaction, event, &redacted), RF_OK);
    plain_json(&redacted.event, json);
    plain_text(&redacted.event, text);
    rf_redacted_event_fini(&redacted);
}

// ---- beside it ----

static void assert_same(const struct rf_text *is, const struct rf_text *should) {
    assert_false(is->failed || should->failed);
    if (strcmp(is->data, should->data) != 0)
        fail_msg("is\n%sbut should be\n%s", is->data, should->data);
}

// Both lines at once, and each alone.
static void check_event(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                        const struct rf_event *came, const struct rf_event *original) {
    struct rf_text json[2] = {{0}}, text[2] = {{0}}, plain[2] = {{0}};
    rf_record(recorder, redaction, came, &json[0], &text[0]);
    rf_record(recorder, redaction, came, &json[1], NULL);
    rf_record(recorder, redaction, came, NULL, &text[1]);
    plain_lines(redaction, original, &plain[0], &plain[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_same(&json[i], &plain[0]);
        assert_same(&text[i], &plain[1]);
        rf_text_fini(&json[i]);
        rf_text_fini(&text[i]);
    }
    rf_text_fini(&plain[0]);
    rf_text_fini(&plain[1]);
}

static void check_page(struct rf_recorder *recorder, const struct rf_redaction *redaction,
                       struct odd_events *odd) {
    struct rf_event events[PAGE_EVENTS];
    struct rf_bytes packed[PAGE_EVENTS];
    struct rf_frame envelopes[PAGE_EVENTS], frame;
    struct rf_journal_page page = {
        .rid = "r", .events = {NULL, PAGE_EVENTS}, .events_packed = packed, .last = 1};
    struct rf_page read = {0};
    struct rf_error error;
    for (size_t i = 0; i < PAGE_EVENTS; i++) {
        odd_event(odd, &events[i]);
        assert_int_equal(rf_wire_encode_event(&events[i], &envelopes[i], &error), RF_OK);
        packed[i] = (struct rf_bytes){envelopes[i].data, envelopes[i].size};
    }
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &page, &frame, &error), RF_OK);
    assert_true(rf_page_read(&read, frame.data, frame.size));
    for (size_t i = 0; i < PAGE_EVENTS; i++) {
        check_event(recorder, redaction, &read.body.events.items[i], &events[i]);
        odd_event_fini(&events[i]);
        rf_frame_free(&envelopes[i]);
    }
    rf_page_fini(&read);
    rf_frame_free(&frame);
}

static void lines_are_those_of_the_plain_way(void **state) {
    (void)state;
    static const enum rf_redact_names names[] = {RF_REDACT_NAMES_SHOW, RF_REDACT_NAMES_HIDE};
    json_t *corpus = corpus_load();
    struct rf_recorder recorder = {0};
    for (size_t i = 0; i < 2; i++) {
        struct rf_redaction *redaction = corpus_redaction(corpus, names[i]);
        struct odd_events odd = {corpus, i};
        for (size_t page = 0; page < PAGES; page++)
            check_page(&recorder, redaction, &odd);
        rf_redaction_destroy(&redaction);
    }
    rf_recorder_fini(&recorder);
    json_decref(corpus);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_those_of_the_plain_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
