// Events that are relayed: their envelope goes on as it came when it is whole, and is left to be
// made anew when anything in it is missing, strange, or not for the publisher to say.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <msgpack.h>

#include "wire/glance.h"
#include "wire/wire.h"

static const struct rf_event event = {.id = "01HZX0000000000000000000AA",
                                      .stream = "outbox",
                                      .seq = 7,
                                      .ts = 1700000000000000000,
                                      .origin = "gateway-1",
                                      .severity = "info",
                                      .type = "call.done",
                                      .subject = "speech"};

// The message that the client library sends: whole envelopes in a list.
static struct rf_message *relay(const struct rf_bytes *items, size_t count) {
    struct rf_event_publish publish = {
        .stream = "outbox", .events = {NULL, count}, .events_packed = items};
    struct rf_frame frame;
    struct rf_message *message;
    struct rf_error error;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_event_publish, &publish, &frame, &error), RF_OK);
    if (rf_wire_decode_relay(frame.data, frame.size, &message, &error) != RF_OK)
        fail_msg("%s", error.message);
    rf_frame_free(&frame);
    assert_int_equal(message->as.event_publish.events.count, count);
    return message;
}

static void assert_numbered(const struct rf_bytes *envelope, const struct rf_event *original,
                            int64_t n) {
    struct rf_event numbered = *original;
    struct rf_frame frame, expected;
    struct rf_message *message;
    struct rf_error error;
    numbered.n = n;
    assert_int_equal(rf_wire_number_event(envelope, n, &frame, &error), RF_OK);
    if (rf_wire_decode_event(frame.data, frame.size, &message, &error) != RF_OK)
        fail_msg("%s", error.message);
    assert_int_equal(message->as.event_publish.events.items[0].n, n);
    // Made anew from what a subscriber reads, it is what the original is.
    struct rf_frame again;
    assert_int_equal(rf_wire_encode_event(message->as.event_publish.events.items, &again, &error),
                     RF_OK);
    assert_int_equal(rf_wire_encode_event(&numbered, &expected, &error), RF_OK);
    assert_int_equal(again.size, expected.size);
    assert_memory_equal(again.data, expected.data, expected.size);
    rf_frame_free(&again);
    rf_frame_free(&expected);
    rf_frame_free(&frame);
    rf_message_destroy(&message);
}

static void a_whole_envelope_goes_on_with_its_number_alone(void **state) {
    (void)state;
    json_t *data = json_pack("{s:[i,i,{s:n}], s:s}", "list", 1, 2, "none", "text", "ä");
    struct rf_event events[] = {event, event, event};
    events[1].data = data;
    events[2].service = "elevenlabs";
    events[2].campaign = "c";
    events[2].contact = "+12025550100";
    events[2].trace = "t";
    struct rf_frame frames[3];
    struct rf_bytes items[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rf_wire_encode_event(&events[i], &frames[i], NULL), RF_OK);
        items[i] = (struct rf_bytes){frames[i].data, frames[i].size};
    }
    struct rf_message *message = relay(items, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(message->envelopes[i].size, items[i].size);
        assert_memory_equal(message->envelopes[i].data, items[i].data, items[i].size);
        assert_numbered(&message->envelopes[i], &events[i], 0);
        assert_numbered(&message->envelopes[i], &events[i], 1);
        assert_numbered(&message->envelopes[i], &events[i], INT64_MAX);
        rf_frame_free(&frames[i]);
    }
    rf_message_destroy(&message);
    json_decref(data);
}

// What a foreign publisher may write: pairs of text and value.
struct pair {
    const char *key, *text; // text NULL: `number`, or nil where that is NIL
    int64_t number;
};

#define NIL INT64_MIN
#define WHOLE                                                                                      \
    {"v", NULL, 1}, {"id", "i", 0}, {"stream", "outbox", 0}, {"seq", NULL, 7}, {"ts", NULL, 5},    \
        {"origin", "o", 0}, {"severity", "info", 0}, {"type", "a.b", 0}, {                         \
        "subject", "s", 0                                                                          \
    }
#define WITHOUT_V                                                                                  \
    {"id", "i", 0}, {"stream", "outbox", 0}, {"seq", NULL, 7}, {"ts", NULL, 5},                    \
        {"origin", "o", 0}, {"severity", "info", 0}, {"type", "a.b", 0}, {                         \
        "subject", "s", 0                                                                          \
    }

static void pack_text(msgpack_packer *packer, const char *text) {
    msgpack_pack_str(packer, strlen(text));
    msgpack_pack_str_body(packer, text, strlen(text));
}

static void pack_pairs(msgpack_sbuffer *buffer, const struct pair *pairs, size_t count) {
    msgpack_packer packer;
    msgpack_packer_init(&packer, buffer, msgpack_sbuffer_write);
    msgpack_pack_map(&packer, count);
    for (size_t i = 0; i < count; i++) {
        pack_text(&packer, pairs[i].key);
        if (pairs[i].text != NULL)
            pack_text(&packer, pairs[i].text);
        else if (pairs[i].number == NIL)
            msgpack_pack_nil(&packer);
        else
            msgpack_pack_int64(&packer, pairs[i].number);
    }
}

static void an_envelope_that_is_not_whole_is_left_to_be_made_anew(void **state) {
    (void)state;
    static const struct {
        const char *what;
        bool whole;
        struct pair pairs[12];
        size_t count;
    } cases[] = {
        {"whole", true, {WHOLE}, 9},
        {"without version", false, {WITHOUT_V}, 8},
        {"another version", false, {{"v", NULL, 2}, WITHOUT_V}, 9},
        {"a version that is text", false, {{"v", "1", 0}, WITHOUT_V}, 9},
        {"the version at the end", false, {WITHOUT_V, {"v", NULL, 1}}, 9},
        {"two versions", false, {WHOLE, {"v", NULL, 2}}, 10},
        {"a number", false, {WHOLE, {"n", NULL, 3}}, 10},
        {"the number 0", false, {WHOLE, {"n", NULL, 0}}, 10},
        {"a number that is nil", false, {WHOLE, {"n", NULL, NIL}}, 10},
        {"an unknown field", false, {WHOLE, {"new", "x", 0}}, 10},
        {"a field that is nil", false, {WHOLE, {"trace", NULL, NIL}}, 10},
        {"without id",
         false,
         {{"v", NULL, 1},
          {"stream", "outbox", 0},
          {"seq", NULL, 7},
          {"ts", NULL, 5},
          {"origin", "o", 0},
          {"severity", "info", 0},
          {"type", "a.b", 0},
          {"subject", "s", 0}},
         8},
        {"without stream",
         false,
         {{"v", NULL, 1},
          {"id", "i", 0},
          {"seq", NULL, 7},
          {"ts", NULL, 5},
          {"origin", "o", 0},
          {"severity", "info", 0},
          {"type", "a.b", 0},
          {"subject", "s", 0}},
         8},
        {"without time",
         false,
         {{"v", NULL, 1},
          {"id", "i", 0},
          {"stream", "outbox", 0},
          {"seq", NULL, 7},
          {"origin", "o", 0},
          {"severity", "info", 0},
          {"type", "a.b", 0},
          {"subject", "s", 0}},
         8},
        {"the time 0",
         false,
         {{"v", NULL, 1},
          {"id", "i", 0},
          {"stream", "outbox", 0},
          {"seq", NULL, 7},
          {"ts", NULL, 0},
          {"origin", "o", 0},
          {"severity", "info", 0},
          {"type", "a.b", 0},
          {"subject", "s", 0}},
         9},
        {"without origin",
         false,
         {{"v", NULL, 1},
          {"id", "i", 0},
          {"stream", "outbox", 0},
          {"seq", NULL, 7},
          {"ts", NULL, 5},
          {"severity", "info", 0},
          {"type", "a.b", 0},
          {"subject", "s", 0}},
         8},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        msgpack_sbuffer buffer;
        msgpack_sbuffer_init(&buffer);
        pack_pairs(&buffer, cases[i].pairs, cases[i].count);
        struct rf_bytes item = {buffer.data, buffer.size};
        struct rf_message *message = relay(&item, 1);
        if ((message->envelopes[0].size > 0) != cases[i].whole)
            fail_msg("%s: %s", cases[i].what, cases[i].whole ? "left" : "taken as whole");
        rf_message_destroy(&message);
        msgpack_sbuffer_destroy(&buffer);
    }
}

static struct rf_call_request request_of(json_t *params) {
    return (struct rf_call_request){.id = "call-1",
                                    .service = "speech",
                                    .operation = "speak",
                                    .deadline = 1700000000000000000,
                                    .send_before = 5,
                                    .params = params,
                                    .trace = "t"};
}

// The request, held and given `remaining`, is what it would be if it had been made with that.
static void assert_held_request(const struct rf_call_request *request, int64_t remaining) {
    struct rf_frame frame, expected, again;
    struct rf_message *decoded;
    struct rf_glance glance;
    struct rf_call_request with = *request;
    with.remaining_ns = remaining;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, request, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &with, &expected, NULL), RF_OK);
    assert_true(rf_wire_glance(frame.data, frame.size, &glance));
    unsigned char *held = malloc(frame.size + RF_WIRE_HOLD_MORE);
    assert_non_null(held);
    size_t remaining_at,
        size = rf_wire_hold_request(&glance.raw, &glance.as.call_request.remaining_ns_pair, held,
                                    &remaining_at);
    assert_true(size <= frame.size + RF_WIRE_HOLD_MORE);
    rf_wire_set_remaining(held, remaining_at, INT64_MAX - 1); // set as often as it is sent
    rf_wire_set_remaining(held, remaining_at, remaining);
    assert_int_equal(rf_wire_decode(held, size, &decoded, NULL), RF_OK);
    free(held);
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &decoded->as, &again, NULL), RF_OK);
    assert_int_equal(again.size, expected.size);
    assert_memory_equal(again.data, expected.data, expected.size);
    rf_message_destroy(&decoded);
    rf_frame_free(&frame);
    rf_frame_free(&expected);
    rf_frame_free(&again);
}

static void a_request_that_is_held_goes_on_with_another_time_that_is_left(void **state) {
    (void)state;
    json_t *params = json_pack("{s:{s:i}, s:s}", "remaining_ns", "remaining_ns", 1, "text", "ö");
    struct rf_call_request request = request_of(params);
    static const int64_t times[] = {1, 127, 128, 65536, INT64_C(1) << 33, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        request.remaining_ns = 0; // it had none
        assert_held_request(&request, times[i]);
        request.remaining_ns = INT64_C(1) << 34; // it had another
        assert_held_request(&request, times[i]);
    }
    json_decref(params);
}

static void what_holds_more_than_we_know_is_not_sent_on_raw(void **state) {
    (void)state;
    static const struct {
        struct pair pairs[6];
        size_t count;
        bool raw;
    } cases[] = {
        {{{"t", "call.cancel", 0}, {"v", NULL, 1}, {"id", "x", 0}}, 3, true},
        {{{"id", "x", 0}, {"v", NULL, 1}, {"t", "call.cancel", 0}}, 3, true},
        {{{"t", "call.cancel", 0}, {"v", NULL, 1}, {"id", "x", 0}, {"new", "y", 0}}, 4, false},
        {{{"t", "call.cancel", 0}, {"v", NULL, 1}, {"id", "x", 0}, {"v", NULL, 2}}, 4, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        msgpack_sbuffer buffer;
        struct rf_message *message;
        msgpack_sbuffer_init(&buffer);
        pack_pairs(&buffer, cases[i].pairs, cases[i].count);
        assert_int_equal(rf_wire_decode_relay(buffer.data, buffer.size, &message, NULL), RF_OK);
        assert_int_equal(message->raw.size > 0, cases[i].raw);
        rf_message_destroy(&message);
        assert_int_equal(rf_wire_decode(buffer.data, buffer.size, &message, NULL), RF_OK);
        assert_int_equal(message->raw.size, 0);
        rf_message_destroy(&message);
        msgpack_sbuffer_destroy(&buffer);
    }
}

static void only_a_relay_keeps_envelopes(void **state) {
    (void)state;
    struct rf_event events[] = {event};
    struct rf_event_publish publish = {.stream = "outbox", .events = {events, 1}};
    struct rf_call_cancel cancel = {.id = "x"};
    struct rf_frame frame;
    struct rf_message *message;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_event_publish, &publish, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &message, NULL), RF_OK);
    assert_null(message->envelopes);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_cancel, &cancel, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, NULL), RF_OK);
    assert_null(message->envelopes);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
}

static void values_of_the_state_are_read_as_trees_by_a_relay_too(void **state) {
    (void)state;
    json_t *value = json_pack("{s:i}", "a", 1);
    struct rf_state_put put = {.rid = "1", .key = "k", .value = value};
    struct rf_frame frame;
    struct rf_message *message;
    assert_int_equal(rf_wire_encode(RF_MESSAGE_state_put, &put, &frame, NULL), RF_OK);
    assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, NULL), RF_OK);
    assert_true(json_equal(message->as.state_put.value, value));
    assert_int_equal(message->as.state_put.value_packed.size, 0);
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    json_decref(value);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_envelope_goes_on_with_its_number_alone),
        cmocka_unit_test(an_envelope_that_is_not_whole_is_left_to_be_made_anew),
        cmocka_unit_test(a_request_that_is_held_goes_on_with_another_time_that_is_left),
        cmocka_unit_test(what_holds_more_than_we_know_is_not_sent_on_raw),
        cmocka_unit_test(only_a_relay_keeps_envelopes),
        cmocka_unit_test(values_of_the_state_are_read_as_trees_by_a_relay_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
