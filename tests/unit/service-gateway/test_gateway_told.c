// What of a provider's words leaves the gateway.
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define FILLER "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "

static void secrets_are_taken_out_and_the_rest_is_one_line(void **state) {
    struct bench *b = *state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"nothing to hide", "nothing to hide"},
        {"keys key-openai and key-openai.", "keys [redacted] and [redacted]."},
        {"key-twilio", "[redacted]"},
        {FILLER "cut off at key-anth", FILLER "cut off at [redacted]"},
        {FILLER "cut off at sk-pr", FILLER "cut off at [redacted]"},
        {FILLER "ends in ke", FILLER "ends in ke"}, // too short to tell
        {"Incorrect API key provided: sk-abcd********wxyz. See",
         "Incorrect API key provided: [redacted]. See"},
        {"Incorrect API key provided: sk-a1b2. See", "Incorrect API key provided: [redacted]. See"},
        {"a risk-free task-force for sk-SK", "a risk-free task-force for sk-SK"},
        {"Authorization: Bearer abc.def", "Authorization: [redacted]"},
        {"Bearer abcdefghijklmnopqrstuvwxyz", "[redacted]"},
        {"xi-api-key=whatever", "xi-api-key=[redacted]"},
        {"the number +12025550123 is not valid", "the number +12025550123 is not valid"},
        {"caf\xc3\xa9", "caf\xc3\xa9"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[160];
        snprintf(text, sizeof text, "%s", cases[i].text);
        told_text(&b->core, text, sizeof text);
        assert_string_equal(text, cases[i].expected);
    }
}

static void what_gets_longer_stays_within_its_room(void **state) {
    struct bench *b = *state;
    char text[] = "key-twilio \xe2\x82\xac key-twilio key-twilio";
    told_text(&b->core, text, 24);
    assert_string_equal(text, "[redacted] \xe2\x82\xac [redacte");
}

static void no_text_of_a_reply_tells_a_key(void **state) {
    struct bench *b = *state;
    b->request_id = "req-key-elevenlabs-7";
    bench_speak(b, "s1");
    bench_answer(b, 0, 422,
                 "{\"detail\": {\"status\": \"no_key-elevenlabs\", \"message\": "
                 "\"Bearer key-elevenlabs\\nis not one of sk_0123456789abcdef\"}}");
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->message, "Bearer [redacted] is not one of [redacted]");
    assert_string_equal(reply->code, "no_[redacted]");
    assert_string_equal(reply->request_id, "req-[redacted]-7");
}

static void no_text_of_an_event_tells_a_key(void **state) {
    struct bench *b = *state;
    b->request_id = "key-elevenlabs";
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "{\"detail\": {\"message\": \"busy with key-elevenlabs\"}}");
    assert_true(b->event_count > 0);
    for (int i = 0; i < b->event_count; i++) {
        char *data = json_dumps(b->events[i].data, 0);
        assert_null(strstr(data, "key-elevenlabs"));
        free(data);
    }
}

static void a_mark_tells_no_key(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, "{\"detail\": {\"message\": \"key-elevenlabs is not known\"}}");
    assert_int_equal(b->mark_count, 1);
    assert_string_equal(json_string_value(json_object_get(b->marks[0], "message")),
                        "[redacted] is not known");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(secrets_are_taken_out_and_the_rest_is_one_line),
        TEST(what_gets_longer_stays_within_its_room),
        TEST(no_text_of_a_reply_tells_a_key),
        TEST(no_text_of_an_event_tells_a_key),
        TEST(a_mark_tells_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
