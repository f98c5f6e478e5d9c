// A provider that says that too many of us are there at once: one of our calls has to end.
#include "bench.h"

#include <string.h>

#define CROWDED "{\"detail\": {\"code\": \"concurrent_limit_exceeded\", \"message\": \"too many\"}}"

static void a_call_too_many_goes_on_as_soon_as_another_ends(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 1, 429, CROWDED);
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 1);
    bench_advance(b, rf_seconds(1));
    assert_int_equal(b->sends, 2); // its backoff is longer
    bench_answer_audio(b, 0);
    bench_advance(b, rf_ns(0));
    assert_int_equal(b->sends, 3);
    assert_string_equal(b->sent_call[2]->id, "s2");
    bench_answer_audio(b, 2);
    assert_true(bench_reply_of(b, "s2")->ok);
    assert_int_equal(bench_reply_of(b, "s2")->attempts, 2);
}

static void each_call_that_ends_lets_one_go_on_in_their_order(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    bench_answer(b, 1, 429, CROWDED);
    bench_answer(b, 2, 429, CROWDED); // a refusal ends no call of ours there
    bench_advance(b, rf_ns(0));
    assert_int_equal(b->sends, 3);
    bench_answer(b, 0, 422, "{}"); // whatever came of it
    bench_advance(b, rf_ns(0));
    assert_int_equal(b->sends, 4);
    assert_string_equal(b->sent_call[3]->id, "s2");
    bench_answer_audio(b, 3);
    bench_advance(b, rf_ns(0));
    assert_int_equal(b->sends, 5);
    assert_string_equal(b->sent_call[4]->id, "s3");
}

static void nobody_waits_longer_than_its_backoff(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 429, CROWDED); // others than we are there
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
}

static void who_leaves_in_between_is_not_waited_for(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    bench_speak(b, "s4");
    bench_answer(b, 1, 429, CROWDED);
    bench_answer(b, 2, 429, CROWDED);
    bench_answer(b, 3, 429, CROWDED);
    core_cancel(&b->core, "s3", b->at); // from the middle, then the last, then the first
    core_cancel(&b->core, "s4", b->at);
    bench_answer(b, 0, 422, "{}");
    bench_advance(b, rf_ns(0));
    assert_int_equal(b->sends, 5);
    assert_string_equal(b->sent_call[4]->id, "s2");
    assert_null(b->core.rooms[RF_PROVIDER_ELEVENLABS].first);
    assert_null(b->core.rooms[RF_PROVIDER_ELEVENLABS].last);
}

static void a_usual_rate_limit_waits_for_its_time(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 1, 429, "{\"detail\": {\"code\": \"rate_limit_exceeded\"}}");
    bench_answer_audio(b, 0);
    bench_advance(b, rf_seconds(4));
    assert_int_equal(b->sends, 2);
}

static void an_opened_breaker_empties_the_room(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 1, 429, CROWDED);
    bench_breaker(b, "elevenlabs", "open", 2, 0);
    assert_string_equal(bench_reply_of(b, "s2")->code, "breaker_open");
    bench_answer_audio(b, 0);
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_too_many_goes_on_as_soon_as_another_ends),
        TEST(each_call_that_ends_lets_one_go_on_in_their_order),
        TEST(nobody_waits_longer_than_its_backoff),
        TEST(who_leaves_in_between_is_not_waited_for),
        TEST(a_usual_rate_limit_waits_for_its_time),
        TEST(an_opened_breaker_empties_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
