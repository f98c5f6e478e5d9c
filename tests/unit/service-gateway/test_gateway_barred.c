// A gateway that the broker keeps from a provider: its calls go on elsewhere.
#include "bench.h"

#include <string.h>

static void told(struct bench *b, int seconds) {
    struct rf_breaker_view view = {
        .service = "elevenlabs",
        .state = "closed",
        .ejected_until = seconds == 0 ? 0 : rf_utc_add(b->at.utc, rf_seconds(seconds)).ns};
    core_breaker(&b->core, &view, b->at);
}

static void a_waiting_retry_goes_back_with_all_that_was_tried(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "{}");
    told(b, 30);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.retries, 1);
    assert_int_equal(b->handback.attempts.count, 1);
    assert_int_equal(b->handback.next_attempt, b->at.utc.ns + 5 * RF_NS_PER_S);
    assert_int_equal(b->core.call_count, 0);
    assert_int_equal(b->releases, 1);
    assert_int_equal(b->reply_count, 0);
}

static void an_attempt_that_runs_ends_and_its_retry_goes_back(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    told(b, 30);
    assert_int_equal(b->aborts, 0);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    bench_answer(b, 1, 503, "{}");
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.retries, 1);
    assert_int_equal(b->core.call_count, 0);
}

static void a_call_that_comes_goes_back_untried(void **state) {
    struct bench *b = *state;
    told(b, 30);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 0);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.attempts.count, 0);
    assert_int_equal(b->handback.next_attempt, 0);
}

static void calls_that_wait_for_a_place_go_back(void **state) {
    struct bench *b = *state;
    b->limits.speech_concurrency = 1;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    told(b, 30);
    assert_int_equal(b->handbacks, 2);
    assert_int_equal(b->core.call_count, 1);
}

static void other_providers_go_on(void **state) {
    struct bench *b = *state;
    told(b, 30);
    bench_write(b, "w1");
    bench_dial(b, "d1");
    assert_int_equal(b->sends, 2);
    assert_int_equal(b->handbacks, 0);
}

static void after_its_time_it_begins_calls_again_without_a_word(void **state) {
    struct bench *b = *state;
    told(b, 30);
    bench_advance(b, rf_seconds(30));
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->handbacks, 0);
}

static void a_clock_that_runs_ahead_ends_nothing_before_the_broker_says_so(void **state) {
    struct bench *b = *state;
    told(b, -100);
    bench_speak(b, "s1");
    assert_int_equal(b->handbacks, 1);
    told(b, 0);
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
}

static void the_brokers_word_ends_it_sooner(void **state) {
    struct bench *b = *state;
    told(b, 30);
    told(b, 0);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
}

static void a_word_that_was_overtaken_changes_nothing(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "closed", 4, 0);
    told(b, 30); // of epoch 0
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
}

static void a_refused_permit_sends_the_call_back(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 4, 0);
    bench_speak(b, "s1");
    assert_int_equal(b->permit_count, 1);
    struct rf_breaker_view view = {.service = "elevenlabs",
                                   .state = "half_open",
                                   .epoch = 4,
                                   .ejected_until = rf_utc_add(b->at.utc, rf_seconds(30)).ns};
    core_breaker(&b->core, &view, b->at);
    assert_int_equal(b->handbacks, 0); // its answer is still to come
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, NULL, 4, rf_ns(0), b->at);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->reply_count, 0);
}

static void without_a_broker_the_next_link_serves(void **state) {
    struct bench *b = *state;
    b->limits.speech = (struct rf_config_chain){
        .links = {RF_PROVIDER_ELEVENLABS, RF_PROVIDER_OPENAI_TTS}, .count = 2};
    told(b, 30);
    core_connected(&b->core, false, b->at);
    bench_speak(b, "s1");
    assert_int_equal(b->handbacks, 0);
    assert_int_equal(b->sends, 1);
    assert_non_null(strstr(b->sent_url[0], "/audio/speech"));
}

static void no_second_attempt_is_sent_beside_a_slow_one(void **state) {
    struct bench *b = *state;
    b->providers[RF_PROVIDER_ELEVENLABS].hedge.enabled = true;
    core_settings_changed(&b->core, b->at);
    bench_speak(b, "s1");
    told(b, 30);
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 1);
    told(b, 0);
    bench_speak(b, "s2");
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 3); // so it would have been
}

static void a_mark_that_nobody_confirms_sends_the_call_elsewhere(void **state) {
    struct bench *b = *state;
    bench_dial(b, "d1");
    bench_fail(b, 0, RF_HTTP_CERTIFICATE, false);
    assert_int_equal(b->mark_count, 1);
    assert_true(json_is_true(json_object_get(b->marks[0], "way")));
    core_marked(&b->core, RF_PROVIDER_TWILIO, "d1", "unconfirmed", NULL, b->at);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.attempts.count, 1);
    assert_int_equal(b->handback.next_attempt, 0);
    assert_int_equal(b->reply_count, 0);
    assert_int_equal(b->core.call_count, 0);
    // What the provider has answered is not of the way.
    bench_speak(b, "s1");
    bench_answer(b, 1, 401, "{}");
    assert_int_equal(b->mark_count, 2);
    assert_null(json_object_get(b->marks[1], "way"));
}

// The one who led a flight has gone elsewhere; those who had joined it must not wait for it.
static void who_waits_for_the_same_speech_goes_back_too(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 503, "{}");
    if (b->sends == 2)
        bench_answer(b, 1, 503, "{}");
    told(b, 30);
    assert_int_equal(b->handbacks, 2);
    assert_int_equal(b->core.call_count, 0);
}

static void where_no_other_is_left_a_call_is_carried_out_all_the_same(void **state) {
    struct bench *b = *state;
    b->only = true;
    told(b, 30);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
    bench_answer(b, 0, 503, "{}");
    told(b, 60);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->handbacks, 0);
}

// ---- a call that did not get out, of a gateway that nobody suspects yet ----

static void its_retry_is_made_by_another_gateway(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.retries, 1);
    assert_int_equal(b->handback.attempts.count, 1);
    assert_int_equal(b->handback.next_attempt, b->at.utc.ns + 5 * RF_NS_PER_S);
    assert_int_equal(b->core.call_count, 0);
    assert_int_equal(b->reply_count, 0);
    assert_int_equal(b->event_count, 1);
    assert_string_equal(b->events[0].type, "retry.scheduled");
    bench_dial(b, "d1"); // nothing was sent: a dial as well
    bench_fail(b, 1, RF_HTTP_CONNECT, false);
    assert_int_equal(b->handbacks, 2);
}

static void one_that_was_tried_elsewhere_stays(void **state) {
    struct bench *b = *state;
    b->tried = true;
    bench_speak(b, "s1");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(b->sends, i + 1);
        bench_fail(b, i, RF_HTTP_CONNECT, false);
        bench_advance(b, rf_seconds(40));
    }
    // Three retries in all, wherever they were made.
    assert_int_equal(b->handbacks, 0);
    assert_string_equal(bench_reply_of(b, "s1")->class, "transient");
    assert_int_equal(bench_reply_of(b, "s1")->attempts, 4);
}

static void what_may_have_been_sent_or_was_answered_stays(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_BROKEN, true);
    bench_speak(b, "s2");
    bench_answer(b, 1, 503, "{}");
    assert_int_equal(b->handbacks, 0);
    assert_int_equal(b->core.call_count, 2);
    bench_advance(b, rf_seconds(5));
    bench_fail(b, 2, RF_HTTP_CONNECT, false); // but the attempt before it may have been
    assert_int_equal(b->handbacks, 0);
}

static void without_the_broker_it_stays(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    core_connected(&b->core, false, b->at);
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    assert_int_equal(b->handbacks, 0);
    assert_int_equal(b->core.call_count, 1);
}

static void without_a_retry_it_fails_here(void **state) {
    struct bench *b = *state;
    b->providers[RF_PROVIDER_ELEVENLABS].retry.max_retries = 0;
    core_settings_changed(&b->core, b->at);
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    assert_int_equal(b->handbacks, 0);
    assert_string_equal(bench_reply_of(b, "s1")->sent, "no");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_waiting_retry_goes_back_with_all_that_was_tried),
        TEST(an_attempt_that_runs_ends_and_its_retry_goes_back),
        TEST(a_call_that_comes_goes_back_untried),
        TEST(calls_that_wait_for_a_place_go_back),
        TEST(other_providers_go_on),
        TEST(after_its_time_it_begins_calls_again_without_a_word),
        TEST(a_clock_that_runs_ahead_ends_nothing_before_the_broker_says_so),
        TEST(the_brokers_word_ends_it_sooner),
        TEST(a_word_that_was_overtaken_changes_nothing),
        TEST(a_refused_permit_sends_the_call_back),
        TEST(no_second_attempt_is_sent_beside_a_slow_one),
        TEST(a_mark_that_nobody_confirms_sends_the_call_elsewhere),
        TEST(without_a_broker_the_next_link_serves),
        TEST(who_waits_for_the_same_speech_goes_back_too),
        TEST(where_no_other_is_left_a_call_is_carried_out_all_the_same),
        TEST(its_retry_is_made_by_another_gateway),
        TEST(one_that_was_tried_elsewhere_stays),
        TEST(what_may_have_been_sent_or_was_answered_stays),
        TEST(without_the_broker_it_stays),
        TEST(without_a_retry_it_fails_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
