// Speech is answered when its audio is on the disk.
#include "bench.h"

#include <string.h>

static int open_slow(void **state) {
    int result = bench_open(state);
    struct bench *b = *state;
    if (result == 0)
        b->slow_disk = true;
    return result;
}

static void speech_is_not_answered_before_it_is_stored(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    assert_int_equal(b->stores, 1);
    assert_null(bench_reply_of(b, "s1"));
    assert_int_equal(b->outcome_count, 1); // the provider has done its part
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1);
    assert_int_equal(b->releases, 0);
    bench_stored(b, RF_OK);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_true(reply->ok);
    assert_string_equal(json_string_value(json_object_get(reply->result, "audio")),
                        b->stored_sha256);
    assert_string_equal(json_string_value(json_object_get(reply->result, "provider")),
                        "elevenlabs");
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 0);
    assert_int_equal(b->releases, 1);
    assert_int_equal(b->core.call_count, 0);
}

static void what_cannot_be_stored_is_our_own_trouble(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    bench_stored(b, RF_ERR_IO);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_false(reply->ok);
    assert_string_equal(reply->class, "local");
    assert_string_equal(reply->code, "store_failed");
    assert_non_null(strstr(reply->message, "the disk is full"));

    b->begin_storing = RF_ERR_NOMEM;
    bench_speak(b, "s2");
    bench_answer_audio(b, 1);
    assert_string_equal(bench_reply_of(b, "s2")->code, "store_failed");
    assert_int_equal(b->outcomes[0].class, RF_CLASS_OK);
    assert_int_equal(b->outcomes[1].class, RF_CLASS_OK);
    assert_int_equal(b->aborts, 0);
    assert_int_equal(b->core.call_count, 0);
}

static void a_slow_disk_holds_up_no_other_call(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    bench_write(b, "w1");
    bench_answer(b, 1, 200,
                 "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": "
                 "\"stop\"}]}");
    assert_true(bench_reply_of(b, "w1")->ok);
    assert_null(bench_reply_of(b, "s1"));
}

static void a_place_comes_free_when_the_audio_is_stored(void **state) {
    struct bench *b = *state;
    b->limits.speech_concurrency = 1;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer_audio(b, 0);
    assert_int_equal(b->sends, 1);
    bench_stored(b, RF_OK);
    assert_int_equal(b->sends, 2);
}

static void a_call_cancelled_while_it_is_stored_is_answered_once(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    core_cancel(&b->core, "s1", b->at);
    assert_int_equal(b->aborts, 1);
    assert_null(b->storing);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->code, "cancelled");
    assert_string_equal(reply->sent, "maybe");
    assert_int_equal(b->core.call_count, 0);
    bench_advance(b, rf_seconds(200));
    assert_int_equal(b->reply_count, 1);
}

static void a_store_is_not_waited_for_beyond_the_deadline(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    bench_advance(b, rf_ns(120 * RF_NS_PER_S - 1));
    assert_null(bench_reply_of(b, "s1"));
    bench_advance(b, rf_ns(1));
    assert_string_equal(bench_reply_of(b, "s1")->code, "deadline_exceeded");
    assert_int_equal(b->aborts, 1);
    assert_int_equal(b->core.call_count, 0);
}

static void what_befalls_the_provider_or_the_broker_leaves_a_store_alone(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    bench_breaker(b, "elevenlabs", "open", 1, 5);
    json_t *mark = json_pack("{s:s, s:s, s:s}", "class", "permanent.auth", "message", "m",
                             "fingerprint", "0123456789abcdef");
    core_mark_changed(&b->core, RF_PROVIDER_ELEVENLABS, 7, mark, b->at);
    json_decref(mark);
    core_connected(&b->core, false, b->at);
    assert_null(bench_reply_of(b, "s1"));
    bench_stored(b, RF_OK);
    assert_true(bench_reply_of(b, "s1")->ok);
}

static void a_drain_lets_a_store_end(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0);
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 0);
    assert_int_equal(b->core.call_count, 1);
    bench_stored(b, RF_OK);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->core.call_count, 0);
}

static void the_core_may_end_while_audio_is_stored(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_audio(b, 0); // bench_close frees the core: ASan sees what is left
    assert_int_equal(b->core.call_count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_slow, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(speech_is_not_answered_before_it_is_stored),
        TEST(what_cannot_be_stored_is_our_own_trouble),
        TEST(a_slow_disk_holds_up_no_other_call),
        TEST(a_place_comes_free_when_the_audio_is_stored),
        TEST(a_call_cancelled_while_it_is_stored_is_answered_once),
        TEST(a_store_is_not_waited_for_beyond_the_deadline),
        TEST(what_befalls_the_provider_or_the_broker_leaves_a_store_alone),
        TEST(a_drain_lets_a_store_end),
        TEST(the_core_may_end_while_audio_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
