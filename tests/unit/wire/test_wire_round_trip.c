// Every message there and back, and what encoding refuses.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sample.h"
#include "wire/bound.h"
#include "wire/catalogue.h"
#include "wire/text.h"

static void round_trip(enum rf_message_type type, unsigned seed, bool required_only) {
    const struct rf_shape *shape = rf_shape_of(type);
    void *body = rf_sample_body(shape);
    struct rf_frame frame;
    struct rf_message *message;
    struct rf_error error = {0};
    rf_sample_fill(shape, body, seed, required_only);
    if (rf_wire_encode(type, body, &frame, &error) != RF_OK)
        fail_msg("%s", error.message);
    if (rf_wire_decode(frame.data, frame.size, &message, &error) != RF_OK)
        fail_msg("%s", error.message);
    assert_int_equal(message->type, type);
    assert_int_equal(message->version, RF_WIRE_VERSION);
    assert_true(rf_sample_equal(shape, body, &message->as));
    rf_message_destroy(&message);
    assert_null(message);
    rf_frame_free(&frame);
    assert_null(frame.data);
    rf_sample_clear(shape, body);
    free(body);
}

static void every_message_with_all_its_fields_comes_back_equal(void **state) {
    (void)state;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++)
        for (unsigned seed = 0; seed < 4; seed++)
            round_trip((enum rf_message_type)type, seed, false);
}

static void every_message_with_required_fields_only_comes_back_equal(void **state) {
    (void)state;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++)
        round_trip((enum rf_message_type)type, 1, true);
}

// Its own encoding is the shortest there is, so nothing may change on the way.
static void every_message_passes_a_relay_byte_for_byte(void **state) {
    (void)state;
    for (unsigned type = 0; type < RF_MESSAGE_COUNT; type++) {
        const struct rf_shape *shape = rf_shape_of((enum rf_message_type)type);
        void *body = rf_sample_body(shape);
        struct rf_frame frame, passed;
        struct rf_message *message;
        rf_sample_fill(shape, body, type, false);
        assert_int_equal(rf_wire_encode((enum rf_message_type)type, body, &frame, NULL), RF_OK);
        assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, NULL), RF_OK);
        assert_int_equal(rf_wire_encode(message->type, &message->as, &passed, NULL), RF_OK);
        assert_int_equal(passed.size, frame.size);
        assert_memory_equal(passed.data, frame.data, frame.size);
        rf_message_destroy(&message);
        rf_frame_free(&passed);
        rf_frame_free(&frame);
        rf_sample_clear(shape, body);
        free(body);
    }
}

static void a_relay_keeps_json_packed_and_makes_no_tree(void **state) {
    (void)state;
    struct rf_call_request request = {.id = "1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = 1,
                                      .params = json_pack("{s:s}", "text", "hello")};
    struct rf_frame frame;
    struct rf_message *message;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, NULL), RF_OK);
    static const char packed[] = "\x81\xa4text\xa5hello";
    assert_null(message->as.call_request.params);
    assert_int_equal(message->as.call_request.params_packed.size, sizeof packed - 1);
    assert_memory_equal(message->as.call_request.params_packed.data, packed, sizeof packed - 1);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    json_decref(request.params);
}

// A page of the journal is made from the frames of its events as they were stored.
static void the_items_of_a_list_may_be_packed_already(void **state) {
    (void)state;
    struct rf_event events[2] = {
        {.n = 7, .severity = "info", .type = "a.b", .subject = "c", .data = json_pack("[i]", 1)},
        {.n = 9, .severity = "error", .type = "a.b", .subject = "d"}};
    struct rf_frame frames[2], frame;
    struct rf_bytes packed[2];
    struct rf_message *message;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rf_wire_encode_event(&events[i], &frames[i], NULL), RF_OK);
        packed[i] = (struct rf_bytes){frames[i].data, frames[i].size};
    }
    struct rf_journal_page page = {.rid = "1", .events = {NULL, 2}, .events_packed = packed};
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &page, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &message, NULL), RF_OK);
    const struct rf_journal_page *got = &message->as.journal_page;
    assert_int_equal(got->events.count, 2);
    assert_null(got->events_packed);
    for (size_t i = 0; i < 2; i++)
        assert_true(rf_sample_equal(rf_shape_of_event(), &events[i], &got->events.items[i]));
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    for (size_t i = 0; i < 2; i++)
        rf_frame_free(&frames[i]);
    json_decref(events[0].data);
}

static void a_missing_required_field_is_named_when_encoding(void **state) {
    (void)state;
    struct rf_call_request request = {.id = "1", .operation = "speak", .deadline = 1};
    struct rf_frame frame;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, &error),
                     RF_ERR_INVALID);
    assert_string_equal(error.message, "call.request: service: missing");
    assert_null(frame.data);
}

static void a_number_out_of_range_is_named_when_encoding(void **state) {
    (void)state;
    struct rf_call_request request = {.id = "1", .service = "s", .operation = "o", .deadline = 0};
    struct rf_frame frame;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, &error),
                     RF_ERR_INVALID);
    assert_string_equal(error.message,
                        "call.request: deadline: 0 is not between 1 and 9223372036854775807");
}

static void a_bad_item_of_a_list_is_named_with_its_place(void **state) {
    (void)state;
    struct rf_event events[] = {{.severity = "info", .type = "a.b", .subject = "c"},
                                {.severity = "info", .type = "a.b"}};
    struct rf_event_publish publish = {.stream = "s", .events = {events, 2}};
    struct rf_frame frame;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_event_publish, &publish, &frame, &error),
                     RF_ERR_INVALID);
    assert_string_equal(error.message, "event.publish: events: [1] subject: missing");
}

static void text_that_is_not_utf8_is_refused_when_encoding(void **state) {
    (void)state;
    static const char *const bad[] = {"\xff",     "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                      "\xe2\x82", "\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rf_stream_open open = {.stream = bad[i], .next = 1};
        struct rf_frame frame;
        struct rf_error error;
        assert_int_equal(rf_wire_encode(RF_MESSAGE_stream_open, &open, &frame, &error),
                         RF_ERR_INVALID);
        assert_string_equal(error.message, "stream.open: stream: not UTF-8");
    }
}

static json_t *nested(int depth) {
    json_t *json = json_array();
    for (int i = 1; i < depth; i++)
        json = json_pack("[o]", json);
    return json;
}

// The message is one level, its JSON field begins at the second.
static void json_as_deep_as_the_bound_passes_and_deeper_is_refused(void **state) {
    (void)state;
    struct rf_state_put put = {.rid = "1", .key = "k", .value = nested(RF_WIRE_MAX_DEPTH - 1)};
    struct rf_frame frame;
    struct rf_message *message;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, &error), RF_OK);
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &message, &error), RF_OK);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    json_decref(put.value);
    put.value = nested(RF_WIRE_MAX_DEPTH);
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, &error), RF_ERR_INVALID);
    json_decref(put.value);
}

// An event stands alone when it is stored and published, and two deeper in the page that brings it.
static void an_event_is_as_deep_as_fits_a_page_and_no_deeper(void **state) {
    (void)state;
    struct rf_event event = {.n = 1, .severity = "info", .type = "a.b", .subject = "c"};
    struct rf_frame frame, whole;
    struct rf_message *message;
    struct rf_error error;
    event.data = nested(RF_WIRE_MAX_DEPTH - 3);
    assert_int_equal(rf_wire_encode_event(&event, &frame, NULL), RF_OK);
    struct rf_bytes packed = {frame.data, frame.size};
    struct rf_journal_page page = {.rid = "1", .events = {NULL, 1}, .events_packed = &packed};
    assert_int_equal(rf_wire_encode(RF_MESSAGE_journal_page, &page, &whole, NULL), RF_OK);
    assert_int_equal(rf_wire_decode(whole.data, whole.size, &message, NULL), RF_OK);
    rf_message_destroy(&message);
    rf_frame_free(&whole);
    rf_frame_free(&frame);
    json_decref(event.data);
    event.data = nested(RF_WIRE_MAX_DEPTH - 2);
    assert_int_equal(rf_wire_encode_event(&event, &frame, &error), RF_ERR_INVALID);
    json_decref(event.data);
}

static void json_that_is_neither_object_nor_array_is_refused_when_encoding(void **state) {
    (void)state;
    struct rf_state_put put = {.rid = "1", .key = "k", .value = json_integer(1)};
    struct rf_frame frame;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, &error), RF_ERR_INVALID);
    assert_string_equal(error.message, "state.put: value: neither an object nor an array");
    json_decref(put.value);
}

static void json_text_with_nul_is_refused_when_encoding(void **state) {
    (void)state;
    struct rf_state_put put = {.rid = "1", .key = "k", .value = json_array()};
    struct rf_frame frame;
    json_array_append_new(put.value, json_stringn("a\0b", 3));
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, NULL), RF_ERR_INVALID);
    json_decref(put.value);
}

static void a_frame_over_the_bound_is_refused_when_encoding(void **state) {
    (void)state;
    char *body = calloc(1, RF_WIRE_MAX_BYTES);
    struct rf_call_reply reply = {
        .id = "1", .class = "ok", .ok = true, .body = {body, RF_WIRE_MAX_BYTES}};
    struct rf_frame frame;
    struct rf_message *message;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_reply, &reply, &frame, NULL), RF_ERR_FULL);
    reply.body.size -= 100;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_reply, &reply, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &message, NULL), RF_OK);
    assert_int_equal(message->as.call_reply.body.size, RF_WIRE_MAX_BYTES - 100);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    free(body);
}

// The frame has more bytes than it may have values: encoding counts them.
static void more_values_than_the_other_side_takes_are_refused_when_encoding(void **state) {
    (void)state;
    struct rf_state_put put = {.rid = "1", .key = "k", .value = json_array()};
    struct rf_frame frame;
    struct rf_message *message;
    struct rf_error error;
    // Beside the items: the message, ten keys and values with `value` itself.
    for (size_t i = 0; i < RF_WIRE_MAX_VALUES - 11; i++)
        json_array_append_new(put.value, json_true());
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, &error), RF_OK);
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &message, &error), RF_OK);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    json_array_append_new(put.value, json_true());
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, &error), RF_ERR_FULL);
    assert_string_equal(error.message, "state.put: more than 1048576 values");
    json_decref(put.value);
}

// Wherever the bad bytes stand among plain ones: the eight at a time do not hide them.
static void text_is_looked_at_byte_by_byte_wherever_it_is_not_plain(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        bool valid;
    } parts[] = {{"\0", 1, false},       {"\x80", 1, false},        {"\xff", 1, false},
                 {"\xc3\xa4", 2, true},  {"\xe2\x82\xac", 3, true}, {"\xf0\x9f\x93\x9e", 4, true},
                 {"\xe2\x82", 2, false}, {"\x01", 1, true},         {"\x7f", 1, true}};
    for (size_t size = 0; size <= 24; size++)
        for (size_t at = 0; at <= size; at++)
            for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
                // On the heap without a byte to spare, so that reading on is seen.
                char *text = malloc(size + parts[i].size);
                memset(text, 'x', size + parts[i].size);
                memcpy(text + at, parts[i].bytes, parts[i].size);
                assert_int_equal(rf_text_valid(text, size + parts[i].size), parts[i].valid);
                free(text);
            }
}

static void an_event_comes_back_from_the_bare_envelope(void **state) {
    (void)state;
    struct rf_event *event = rf_sample_body(rf_shape_of_event());
    struct rf_frame frame;
    struct rf_message *message;
    rf_sample_fill(rf_shape_of_event(), event, 5, false);
    assert_int_equal(rf_wire_encode_event(event, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode_event(frame.data, frame.size, &message, NULL), RF_OK);
    assert_int_equal(message->type, RF_MESSAGE_event_publish);
    assert_int_equal(message->as.event_publish.events.count, 1);
    assert_true(
        rf_sample_equal(rf_shape_of_event(), event, message->as.event_publish.events.items));
    assert_string_equal(message->as.event_publish.stream, event->stream);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    rf_sample_clear(rf_shape_of_event(), event);
    free(event);
}

static void a_topic_is_type_and_subject(void **state) {
    (void)state;
    char topic[RF_TOPIC_SIZE];
    struct rf_event event = {.type = "breaker.opened", .subject = "elevenlabs"};
    assert_string_equal(rf_event_topic(&event, topic), "breaker.opened/elevenlabs");
}

static void a_topic_too_long_is_cut_between_characters(void **state) {
    (void)state;
    char topic[RF_TOPIC_SIZE], subject[600] = "";
    for (size_t i = 0; i + 2 < sizeof subject; i += 2)
        memcpy(subject + i, "\xc3\xa4", 3);
    for (size_t shift = 0; shift < 2; shift++) {
        struct rf_event event = {.type = shift ? "a.bc" : "a.b", .subject = subject};
        rf_event_topic(&event, topic);
        assert_true(strlen(topic) >= RF_TOPIC_SIZE - 2);
        assert_true(rf_text_valid(topic, strlen(topic)));
    }
}

static void unclean_text_becomes_valid_and_keeps_what_was(void **state) {
    (void)state;
    char text[] = "a\xff\xc3\xa4\xc0\xaf\xe2\x82";
    assert_string_equal(rf_text_clean(text), "a?\xc3\xa4????");
}

static void catalogue_names_are_those_of_the_wire(void **state) {
    (void)state;
    assert_string_equal(rf_message_type_name(RF_MESSAGE_call_request), "call.request");
    assert_string_equal(rf_message_type_name(RF_MESSAGE_COUNT), "unknown");
    assert_string_equal(rf_event_type_name(RF_EVENT_BREAKER_OPENED), "breaker.opened");
    assert_string_equal(rf_event_severity(RF_EVENT_BREAKER_OPENED), "error");
    for (unsigned i = 0; i < RF_EVENT_COUNT; i++)
        assert_string_equal(rf_event_severity_named(rf_event_type_name((enum rf_event_type)i)),
                            rf_event_severity((enum rf_event_type)i));
    assert_string_equal(rf_event_severity_named("breaker.openex"), "info");
    assert_string_equal(rf_event_severity_named(""), "info");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_with_all_its_fields_comes_back_equal),
        cmocka_unit_test(every_message_with_required_fields_only_comes_back_equal),
        cmocka_unit_test(every_message_passes_a_relay_byte_for_byte),
        cmocka_unit_test(a_relay_keeps_json_packed_and_makes_no_tree),
        cmocka_unit_test(the_items_of_a_list_may_be_packed_already),
        cmocka_unit_test(a_missing_required_field_is_named_when_encoding),
        cmocka_unit_test(a_number_out_of_range_is_named_when_encoding),
        cmocka_unit_test(a_bad_item_of_a_list_is_named_with_its_place),
        cmocka_unit_test(text_that_is_not_utf8_is_refused_when_encoding),
        cmocka_unit_test(json_as_deep_as_the_bound_passes_and_deeper_is_refused),
        cmocka_unit_test(an_event_is_as_deep_as_fits_a_page_and_no_deeper),
        cmocka_unit_test(json_that_is_neither_object_nor_array_is_refused_when_encoding),
        cmocka_unit_test(json_text_with_nul_is_refused_when_encoding),
        cmocka_unit_test(a_frame_over_the_bound_is_refused_when_encoding),
        cmocka_unit_test(more_values_than_the_other_side_takes_are_refused_when_encoding),
        cmocka_unit_test(text_is_looked_at_byte_by_byte_wherever_it_is_not_plain),
        cmocka_unit_test(an_event_comes_back_from_the_bare_envelope),
        cmocka_unit_test(a_topic_is_type_and_subject),
        cmocka_unit_test(a_topic_too_long_is_cut_between_characters),
        cmocka_unit_test(unclean_text_becomes_valid_and_keeps_what_was),
        cmocka_unit_test(catalogue_names_are_those_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
