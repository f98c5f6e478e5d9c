// A second attempt beside a slow first one: when it is sent, which answer counts, and what the
// other one leaves behind.
#include "bench.h"

#include <string.h>

static const struct rf_hedge_policy on = {.enabled = true,
                                          .delay = {2 * RF_NS_PER_S},
                                          .min_samples = 20,
                                          .ratio = 1,
                                          .window = {60 * RF_NS_PER_S}};

static void hedge_all(struct bench *b) {
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        b->providers[p].hedge = on;
    core_settings_changed(&b->core, b->at);
}

static const struct rf_attempt *attempt(const struct call *call, size_t i) {
    assert_true(i < call->attempt_count);
    return &call->attempts[i];
}

static bool noted(const struct call *call, const char *verdict, const char *detail) {
    for (size_t i = 0; i < call->decision_count; i++)
        if (strcmp(call->decisions[i].policy, "hedge") == 0 &&
            strcmp(call->decisions[i].verdict, verdict) == 0 &&
            strcmp(call->decisions[i].detail, detail) == 0)
            return true;
    return false;
}

static void assert_nothing_is_left(struct bench *b) {
    assert_int_equal(b->core.call_count, 0);
    for (int s = 0; s < GATEWAY_SERVICE_COUNT; s++)
        assert_int_equal(b->core.running[s], 0);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++) {
        assert_int_equal(b->core.policies[p].in_flight, 0);
        assert_int_equal(b->core.policies[p].key.in_flight, 0);
        assert_int_equal(b->core.policies[p].bulkhead.in_flight, 0);
    }
}

static void a_call_without_a_reply_is_sent_a_second_time_after_the_delay(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    b->slow_disk = true;
    bench_speak(b, "s1");
    bench_advance(b, rf_ns(2 * RF_NS_PER_S - 1));
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_ns(1));
    assert_int_equal(b->sends, 2);
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 2);
    struct call *call = b->sent_call[0];
    call->explain = true;
    bench_advance(b, rf_seconds(1));
    bench_answer_audio(b, 1);
    assert_int_equal(b->aborts, 1);
    assert_int_equal(call->attempt_count, 2);
    assert_string_equal(attempt(call, 0)->class, "local");
    assert_string_equal(attempt(call, 0)->code, "cancelled");
    assert_int_equal(attempt(call, 0)->took_ns, 3 * RF_NS_PER_S);
    assert_string_equal(attempt(call, 1)->class, "ok");
    assert_int_equal(attempt(call, 1)->began, attempt(call, 0)->began + 2 * RF_NS_PER_S);
    assert_true(noted(call, "won", "the second attempt was answered first"));
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1); // until the audio is on the disk
    assert_int_equal(b->core.policies[RF_PROVIDER_ELEVENLABS].in_flight, 0);
    // What was cancelled is no evidence, good or bad.
    assert_int_equal(b->outcome_count, 1);
    assert_int_equal(b->outcomes[0].class, RF_CLASS_OK);
    bench_stored(b, RF_OK);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_nothing_is_left(b);
}

static void the_first_attempt_may_still_win(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 0);
    assert_int_equal(b->hedge_aborts, 1);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_true(reply->ok);
    assert_int_equal(reply->attempts, 2);
    assert_int_equal(b->outcome_count, 1);
    assert_nothing_is_left(b);
}

static void a_second_attempt_that_fails_is_not_the_calls_failure(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    bench_answer(b, 1, 503, "{}");
    assert_null(bench_reply_of(b, "s1"));
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1);
    assert_int_equal(b->event_count, 0); // no retry
    assert_int_equal(b->outcomes[0].class, RF_CLASS_TRANSIENT);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 2); // once in a call's life
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(bench_reply_of(b, "s1")->attempts, 2);
    assert_int_equal(b->aborts + b->hedge_aborts, 0);
    assert_nothing_is_left(b);
}

static void a_first_attempt_that_fails_leaves_the_second_its_turn(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    bench_fail(b, 0, RF_HTTP_BROKEN, true);
    assert_null(bench_reply_of(b, "s1"));
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->aborts, 0);
    assert_nothing_is_left(b);
}

static void when_both_fail_the_last_failure_is_the_calls_and_it_is_retried_once(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    bench_answer(b, 0, 500, "{}");
    bench_answer(b, 1, 503, "{}");
    assert_int_equal(b->event_count, 1);
    assert_string_equal(b->events[0].type, "retry.scheduled");
    assert_int_equal(json_integer_value(json_object_get(b->events[0].data, "status")), 503);
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 0);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 3);
    bench_advance(b, rf_seconds(4));
    assert_int_equal(b->sends, 3); // a retry is not hedged
    bench_answer_audio(b, 2);
    assert_int_equal(bench_reply_of(b, "s1")->attempts, 3);
    assert_nothing_is_left(b);
}

static void a_pause_that_the_second_attempt_was_told_holds_for_all(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    bench_answer_later(b, 1, 429, "{}", rf_seconds(20));
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
}

static void scripts_are_hedged_and_nothing_of_telephony_ever_is(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_write(b, "w1");
    bench_dial(b, "d1");
    bench_request(b, "f1", "telephony", "find_call",
                  "{\"to\": \"+12025550101\", \"created_after\": 1}", 60);
    bench_request(b, "q1", "telephony", "call_status", "{\"sid\": \"CA1\"}", 60);
    assert_int_equal(b->sends, 4);
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 5);
    assert_ptr_equal(b->sent_call[4], b->sent_call[0]);
}

static void the_budget_bounds_how_many_are_sent_twice(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    b->providers[RF_PROVIDER_ELEVENLABS].hedge.ratio = 0;
    core_settings_changed(&b->core, b->at);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    b->sent_call[0]->explain = b->sent_call[1]->explain = true;
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 3); // one in each window
    assert_true(noted(b->sent_call[0], "sent", "a second attempt after 2000 ms without a reply") !=
                noted(b->sent_call[1], "sent", "a second attempt after 2000 ms without a reply"));
    assert_true(noted(b->sent_call[0], "refused", "no_budget") !=
                noted(b->sent_call[1], "refused", "no_budget"));
}

static void without_a_free_place_token_or_a_closed_breaker_there_is_no_second(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    for (int i = 0; i < 4; i++)
        bench_speak(b, (const char *[]){"s1", "s2", "s3", "s4"}[i]); // all places of the service
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 4);
    for (int i = 0; i < 4; i++)
        bench_answer_audio(b, i);
    b->providers[RF_PROVIDER_ELEVENLABS].bulkhead = (struct rf_bulkhead_policy){1, 10};
    core_settings_changed(&b->core, b->at);
    bench_speak(b, "s5");
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 5);
    bench_answer_audio(b, 4);
    b->providers[RF_PROVIDER_ELEVENLABS].bulkhead = (struct rf_bulkhead_policy){0, 10};
    b->providers[RF_PROVIDER_ELEVENLABS].rate_limit =
        (struct rf_rate_limit_policy){.rate = 0.1, .burst = 1};
    core_settings_changed(&b->core, b->at);
    bench_speak(b, "s6");
    bench_advance(b, rf_seconds(20));
    assert_int_equal(b->sends, 6);
    bench_answer_audio(b, 5);
    b->providers[RF_PROVIDER_ELEVENLABS].rate_limit = RF_RATE_LIMIT_POLICY_DEFAULT;
    core_settings_changed(&b->core, b->at);
    bench_speak(b, "s7");
    bench_breaker(b, "elevenlabs", "open", 1, b->at.utc.ns + 60 * RF_NS_PER_S);
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 7);
    bench_answer_audio(b, 6);
    assert_nothing_is_left(b);
}

static void a_test_request_is_never_sent_twice(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 1);
}

static void a_call_that_is_cancelled_ends_both(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    core_cancel(&b->core, "s1", b->at);
    assert_int_equal(b->aborts, 1);
    assert_int_equal(b->hedge_aborts, 1);
    assert_string_equal(bench_reply_of(b, "s1")->code, "cancelled");
    assert_nothing_is_left(b);
}

static void a_gateway_that_drains_sends_no_second(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    core_drain(&b->core, b->at);
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 1);
}

static void of_the_same_speech_one_call_alone_is_hedged(void **state) {
    struct bench *b = *state;
    b->limits.cache_enabled = true;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    bench_speak(b, "s2");
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_true(bench_reply_of(b, "s2")->ok);
    assert_nothing_is_left(b);
}

static void keys_that_change_while_both_run_are_no_harm(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, RF_PROVIDER_ELEVENLABS, 2);
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    bench_more_keys(b, RF_PROVIDER_ELEVENLABS, 1);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_nothing_is_left(b);
}

static void a_second_attempt_that_cannot_be_sent_leaves_the_first_as_it_is(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    b->send_error = RF_ERR_NOMEM;
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(bench_reply_of(b, "s1")->attempts, 1);
    assert_nothing_is_left(b);
}

static void an_attempt_that_still_runs_is_told_slow_of_either(void **state) {
    struct bench *b = *state;
    b->providers[RF_PROVIDER_ELEVENLABS].breaker = RF_BREAKER_POLICY_DEFAULT;
    b->providers[RF_PROVIDER_ELEVENLABS].breaker.slow_rate = 0.5;
    b->providers[RF_PROVIDER_ELEVENLABS].breaker.slow_after = rf_seconds(4);
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->slow, 1);
    bench_advance(b, rf_seconds(2));
    assert_int_equal(b->slow, 2);
    bench_answer_audio(b, 1);
    assert_nothing_is_left(b);
}

// Two attempts at speech are on their way; one of them fails, and then the other is held back.
static void fail_beside_one_held_back(struct bench *b, int failed, long status) {
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    assert_int_equal(b->sends, 2);
    bench_answer(b, failed, status, "{}");
    assert_null(bench_reply_of(b, "s1"));
    bench_fail(b, 1 - failed, RF_HTTP_HELD_BACK, false);
}

static void an_attempt_that_failed_counts_though_the_other_was_held_back(void **state) {
    struct bench *b = *state;
    for (int failed = 0; failed < 2; failed++) {
        b->providers[RF_PROVIDER_ELEVENLABS].retry.max_retries = 0;
        fail_beside_one_held_back(b, failed, 503);
        assert_int_equal(b->sends, 2);
        assert_false(bench_reply_of(b, "s1")->ok);
        assert_nothing_is_left(b);
        assert_int_equal(bench_close(state), 0);
        assert_int_equal(bench_open(state), 0);
        b = *state;
    }
}

static void it_waits_as_any_retry_though_the_other_was_held_back(void **state) {
    struct bench *b = *state;
    fail_beside_one_held_back(b, 0, 503);
    assert_int_equal(b->sends, 2);
    assert_int_equal(b->core.calls->state, CALL_WAITING);
    assert_int_equal(b->core.calls->policy.retry.retries, 1);
    bench_advance(b, rf_seconds(30));
    assert_int_equal(b->sends, 3);
    bench_answer_audio(b, 2);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_nothing_is_left(b);
}

static void two_attempts_that_were_held_back_are_no_failure(void **state) {
    struct bench *b = *state;
    hedge_all(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(2));
    bench_fail(b, 1, RF_HTTP_HELD_BACK, false);
    assert_int_equal(b->sends, 2);
    bench_fail(b, 0, RF_HTTP_HELD_BACK, false);
    assert_int_equal(b->sends, 3);
    assert_int_equal(b->core.calls->policy.retry.retries, 0);
    bench_answer_audio(b, 2);
    assert_nothing_is_left(b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_without_a_reply_is_sent_a_second_time_after_the_delay),
        TEST(the_first_attempt_may_still_win),
        TEST(a_second_attempt_that_fails_is_not_the_calls_failure),
        TEST(a_first_attempt_that_fails_leaves_the_second_its_turn),
        TEST(when_both_fail_the_last_failure_is_the_calls_and_it_is_retried_once),
        TEST(a_pause_that_the_second_attempt_was_told_holds_for_all),
        TEST(scripts_are_hedged_and_nothing_of_telephony_ever_is),
        TEST(the_budget_bounds_how_many_are_sent_twice),
        TEST(without_a_free_place_token_or_a_closed_breaker_there_is_no_second),
        TEST(a_test_request_is_never_sent_twice),
        TEST(a_call_that_is_cancelled_ends_both),
        TEST(a_gateway_that_drains_sends_no_second),
        TEST(of_the_same_speech_one_call_alone_is_hedged),
        TEST(keys_that_change_while_both_run_are_no_harm),
        TEST(a_second_attempt_that_cannot_be_sent_leaves_the_first_as_it_is),
        TEST(an_attempt_that_still_runs_is_told_slow_of_either),
        TEST(an_attempt_that_failed_counts_though_the_other_was_held_back),
        TEST(it_waits_as_any_retry_though_the_other_was_held_back),
        TEST(two_attempts_that_were_held_back_are_no_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
