// What is read of a page where it stands is what the decoder reads, and the decoder takes whatever
// was read so; a list that comes again is read once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mutate.h"
#include "sample.h"
#include "wire/page.h"

#define SUBSETS   300
#define MUTATIONS 30000

// ---- beside the decoder ----

static bool same_page(const struct rf_journal_page *a, const struct rf_journal_page *b) {
    return rf_sample_equal(rf_shape_of(RF_MESSAGE_journal_page), a, b);
}

// The data of both are packed: held against each other as bytes, and then left out.
static bool same_data(const struct rf_journal_page *a, const struct rf_journal_page *b) {
    for (size_t i = 0; i < a->events.count; i++) {
        struct rf_event *x = &a->events.items[i], *y = &b->events.items[i];
        if (x->data_packed.size != y->data_packed.size ||
            (x->data_packed.size > 0 &&
             memcmp(x->data_packed.data, y->data_packed.data, x->data_packed.size) != 0))
            return false;
    }
    return true;
}

// Whether it was read where it stands. Reading beyond the end is seen by the sanitizers in memory
// of just this size.
static bool judge(struct rf_page *page, const void *data, size_t size) {
    unsigned char *bytes = malloc(size > 0 ? size : 1);
    struct rf_message *message;
    struct rf_error error = {.message = ""};
    assert_non_null(bytes);
    memcpy(bytes, data, size);
    bool read = rf_page_read(page, bytes, size);
    free(bytes); // what was read is the page's own
    enum rf_err err = rf_wire_decode_relay(data, size, &message, &error);
    if (read && err != RF_OK)
        fail_msg("read as a page, but refused by the decoder: %s", error.message);
    if (read) {
        assert_int_equal(message->type, RF_MESSAGE_journal_page);
        assert_true(same_page(&message->as.journal_page, &page->body));
        assert_true(same_data(&message->as.journal_page, &page->body));
    }
    rf_message_destroy(&message);
    return read;
}

static struct rf_frame sample_frame(unsigned seed, bool required_only) {
    const struct rf_shape *shape = rf_shape_of(RF_MESSAGE_journal_page);
    struct rf_journal_page *body = rf_sample_body(shape);
    struct rf_frame frame;
    struct rf_error error;
    rf_sample_fill(shape, body, seed, required_only);
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, body, &frame, &error), RF_OK);
    rf_sample_clear(shape, body);
    free(body);
    return frame;
}

// An event as its publisher sends it and the broker numbers it (`n`), or as the broker writes its
// own, which has the number already.
static struct rf_frame envelope_of(struct rf_event *event, int64_t n) {
    struct rf_frame sent, numbered;
    struct rf_error error;
    assert_int_equal(rf_wire_encode_event(event, &sent, &error), RF_OK);
    if (n == 0)
        return sent;
    struct rf_bytes whole = {sent.data, sent.size};
    assert_int_equal(rf_wire_number_event(&whole, n, &numbered, &error), RF_OK);
    rf_frame_free(&sent);
    return numbered;
}

// Of three events that differ in how they were numbered, with all of their fields.
static struct rf_frame kept_frame(unsigned seed, bool required_only) {
    const struct rf_shape *shape = rf_shape_of_event();
    struct rf_frame envelopes[3], frame;
    struct rf_bytes packed[3];
    struct rf_error error;
    for (unsigned i = 0; i < 3; i++) {
        struct rf_event event = {0};
        rf_sample_fill(shape, &event, seed * 3 + i, required_only && i != 1);
        if (i != 1)
            event.n = 0;
        envelopes[i] = envelope_of(&event, i != 1 ? 70 + (int64_t)i : 0);
        packed[i] = (struct rf_bytes){envelopes[i].data, envelopes[i].size};
        rf_sample_clear(shape, &event);
    }
    struct rf_journal_page body = {
        .rid = "r", .events = {NULL, 3}, .events_packed = packed, .scanned = 72, .last = 80};
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &body, &frame, &error), RF_OK);
    for (unsigned i = 0; i < 3; i++)
        rf_frame_free(&envelopes[i]);
    return frame;
}

static void events_as_the_broker_keeps_them_are_read_as_the_decoder_does(void **state) {
    (void)state;
    struct rf_page page = {0};
    for (unsigned seed = 0; seed < SUBSETS; seed++) {
        struct rf_frame frame = kept_frame(seed, seed % 3 == 0);
        assert_true(judge(&page, frame.data, frame.size));
        assert_int_equal(page.body.events.items[0].n, 70);
        assert_int_equal(page.body.events.items[2].n, 72);
        rf_frame_free(&frame);
    }
    rf_page_fini(&page);
}

static void a_page_of_our_encoder_is_read_as_the_decoder_does(void **state) {
    (void)state;
    struct rf_page page = {0};
    for (unsigned seed = 0; seed < SUBSETS; seed++) {
        struct rf_frame frame = sample_frame(seed, seed % 3 == 0);
        assert_true(judge(&page, frame.data, frame.size));
        rf_frame_free(&frame);
    }
    rf_page_fini(&page);
}

static void a_damaged_page_is_read_as_the_decoder_does_or_not_at_all(void **state) {
    (void)state;
    struct rf_page page = {0};
    size_t read = 0;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        struct rf_frame frame =
            i % 2 == 0 ? sample_frame(i % 16, i % 5 == 0) : kept_frame(i % 16, i % 5 == 0);
        size_t size;
        unsigned char *damaged = rf_mutate(&frame, &size);
        read += judge(&page, damaged, size);
        free(damaged);
        rf_frame_free(&frame);
    }
    assert_in_range(read, MUTATIONS / 100, MUTATIONS - MUTATIONS / 100);
    rf_page_fini(&page);
}

static void a_page_that_is_cut_anywhere_is_none(void **state) {
    (void)state;
    struct rf_page page = {0};
    struct rf_frame frames[] = {sample_frame(7, false), kept_frame(7, false)};
    for (size_t i = 0; i < 2; i++) {
        for (size_t size = 0; size < frames[i].size; size++)
            assert_false(judge(&page, frames[i].data, size));
        rf_frame_free(&frames[i]);
    }
    rf_page_fini(&page);
}

// ---- what must not be in it ----

static struct rf_frame frame_of(const char *rid, struct rf_event *events, size_t count,
                                int64_t last) {
    struct rf_journal_page body = {
        .rid = rid, .events = {events, count}, .scanned = 7, .last = last};
    struct rf_frame frame;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &body, &frame, &error), RF_OK);
    return frame;
}

// The page of an event with such a text in its data.
static struct rf_frame frame_with(const char *key, const char *text) {
    struct rf_event event = {.n = 7, .type = "a.b", .subject = "x", .severity = "info"};
    event.data = json_pack("{s:i, s:s, s:i}", "a", 1, key, text, "z", 2);
    assert_non_null(event.data);
    struct rf_frame frame = frame_of("1", &event, 1, 7);
    json_decref(event.data);
    return frame;
}

static unsigned char *find(const struct rf_frame *frame, const char *text) {
    unsigned char *at = memmem(frame->data, frame->size, text, strlen(text));
    assert_non_null(at);
    return at;
}

static void a_byte_that_is_no_text_is_seen_wherever_it_stands(void **state) {
    (void)state;
    static const unsigned char wrong[] = {0x00, 0x80, 0xC3, 0xFF};
    static const char letters[] = "bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct rf_page page = {0};
    char text[sizeof letters];
    for (size_t size = 2; size < sizeof letters; size++)
        for (size_t at = 0; at < size; at++)
            for (size_t i = 0; i < 2 * sizeof wrong; i++) {
                memcpy(text, letters, size);
                text[size] = '\0';
                struct rf_frame frame = i % 2 == 0 ? frame_with("k", text) : frame_with(text, "v");
                assert_true(judge(&page, frame.data, frame.size));
                find(&frame, text)[at] = wrong[i / 2];
                assert_false(judge(&page, frame.data, frame.size));
                rf_frame_free(&frame);
            }
    rf_page_fini(&page);
}

static void a_key_that_stands_twice_is_seen_among_all_others(void **state) {
    (void)state;
    struct rf_page page = {0};
    for (int count = 2; count <= 20; count++)
        for (int twice = 1; twice < count; twice++) {
            json_t *data = json_object();
            char key[16];
            for (int i = 0; i < count; i++) {
                snprintf(key, sizeof key, "key_%02d", i);
                json_object_set_new(data, key, json_integer(i));
            }
            struct rf_event event = {
                .n = 7, .type = "a.b", .subject = "x", .severity = "info", .data = data};
            struct rf_frame frame = frame_of("1", &event, 1, 7);
            assert_true(judge(&page, frame.data, frame.size));
            snprintf(key, sizeof key, "key_%02d", twice);
            memcpy(find(&frame, key), "key_00", 6);
            assert_false(judge(&page, frame.data, frame.size));
            json_decref(data);
            rf_frame_free(&frame);
        }
    rf_page_fini(&page);
}

// ---- the same list ----

static void read_frame(struct rf_page *page, struct rf_frame frame) {
    assert_true(judge(page, frame.data, frame.size));
    rf_frame_free(&frame);
}

static void a_list_that_comes_again_is_read_once(void **state) {
    (void)state;
    struct rf_page page = {0};
    struct rf_event events[] = {
        {.n = 6, .type = "a.b", .subject = "x", .severity = "info", .id = "1"},
        {.n = 7, .type = "a.c", .subject = "y", .severity = "info", .trace = "t"}};
    read_frame(&page, frame_of("12", events, 2, 7));
    uint64_t first = page.list;
    const char *type = page.body.events.items[1].type;
    assert_int_not_equal(first, 0);
    // Another question, and the journal has grown: the events are the same.
    read_frame(&page, frame_of("9113", events, 2, 8));
    assert_int_equal(page.list, first);
    assert_ptr_equal(page.body.events.items[1].type, type);
    assert_string_equal(page.body.rid, "9113");
    assert_int_equal(page.body.last, 8);
    // Fewer, more, others.
    read_frame(&page, frame_of("12", events, 1, 7));
    assert_int_not_equal(page.list, first);
    uint64_t second = page.list;
    read_frame(&page, frame_of("12", events, 2, 7));
    assert_int_not_equal(page.list, second);
    uint64_t third = page.list;
    events[1].n = 8;
    read_frame(&page, frame_of("12", events, 2, 7));
    assert_int_not_equal(page.list, third);
    rf_page_fini(&page);
}

// Half of the other list is there, but nobody may take it for the one before.
static void a_page_that_cannot_be_read_leaves_no_list_behind(void **state) {
    (void)state;
    struct rf_page page = {0};
    struct rf_event events[] = {{.n = 6, .type = "a.b", .subject = "x", .severity = "info"},
                                {.n = 7, .type = "a.c", .subject = "y", .severity = "info"}};
    read_frame(&page, frame_of("1", events, 2, 7));
    uint64_t first = page.list;
    events[0].n = 5;
    struct rf_frame broken = frame_of("1", events, 2, 7);
    assert_false(judge(&page, broken.data, broken.size - 30));
    rf_frame_free(&broken);
    events[0].n = 6;
    read_frame(&page, frame_of("1", events, 2, 7));
    assert_int_not_equal(page.list, first);
    assert_int_equal(page.body.events.items[0].n, 6);
    rf_page_fini(&page);
}

static void a_page_tells_which_question_it_answers(void **state) {
    (void)state;
    struct rf_frame frame = frame_of("42", NULL, 0, 7);
    struct rf_str rid;
    assert_true(rf_page_rid(frame.data, frame.size, &rid));
    assert_true(rf_str_is(rid, "42"));
    for (size_t size = 0; size < 20; size++)
        assert_false(rf_page_rid(frame.data, size, &rid));
    rf_frame_free(&frame);
    struct rf_error error;
    struct rf_journal_read other = {.rid = "42", .limit = 1};
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_read, &other, &frame, &error), RF_OK);
    assert_false(rf_page_rid(frame.data, frame.size, &rid));
    rf_frame_free(&frame);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_as_the_broker_keeps_them_are_read_as_the_decoder_does),
        cmocka_unit_test(a_page_of_our_encoder_is_read_as_the_decoder_does),
        cmocka_unit_test(a_damaged_page_is_read_as_the_decoder_does_or_not_at_all),
        cmocka_unit_test(a_page_that_is_cut_anywhere_is_none),
        cmocka_unit_test(a_byte_that_is_no_text_is_seen_wherever_it_stands),
        cmocka_unit_test(a_key_that_stands_twice_is_seen_among_all_others),
        cmocka_unit_test(a_list_that_comes_again_is_read_once),
        cmocka_unit_test(a_page_that_cannot_be_read_leaves_no_list_behind),
        cmocka_unit_test(a_page_tells_which_question_it_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
