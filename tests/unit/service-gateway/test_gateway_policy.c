// What the policy of a provider means for the gateway's calls.
#include "bench.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

static struct rf_config_provider *speech(struct bench *b) {
    return &b->providers[RF_PROVIDER_ELEVENLABS];
}

// The rules as they are now.
static void take_rules(struct bench *b) {
    core_settings_changed(&b->core, b->at);
}

static void incident_8_a_call_waits_for_recovery_if_it_may(void **state) {
    struct bench *b = *state;
    speech(b)->when_open = RF_WHEN_OPEN_WAIT;
    take_rules(b);
    bench_breaker(b, "elevenlabs", "open", 1, b->at.utc.ns + 2 * RF_NS_PER_S);
    bench_speak(b, "s1");
    assert_null(bench_reply_of(b, "s1"));
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 1);
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 0); // it holds no place
    assert_int_equal(b->releases, 1);
    bench_advance(b, rf_seconds(2));
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    assert_int_equal(b->permit_count, 1);
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    assert_int_equal(b->sends, 1);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->core.call_count, 0);
}

static void both_scripts_wait(struct bench *b) {
    b->providers[RF_PROVIDER_OPENAI].when_open = RF_WHEN_OPEN_WAIT;
    b->providers[RF_PROVIDER_ANTHROPIC].when_open = RF_WHEN_OPEN_WAIT;
    take_rules(b);
}

static void incident_8_with_every_link_open_the_first_to_recover_serves(void **state) {
    struct bench *b = *state;
    int64_t now = b->at.utc.ns;
    both_scripts_wait(b);
    bench_breaker(b, "openai", "open", 1, now + 60 * RF_NS_PER_S);
    bench_breaker(b, "anthropic", "open", 1, now + 2 * RF_NS_PER_S);
    bench_write(b, "w1");
    assert_null(bench_reply_of(b, "w1"));
    assert_int_equal(b->core.waiting[GATEWAY_SCRIPT], 1);
    bench_advance(b, rf_seconds(2));
    bench_breaker(b, "anthropic", "half_open", 2, 0);
    core_permit(&b->core, "w1", RF_PROVIDER_ANTHROPIC, "p1", 2, rf_seconds(45), b->at);
    assert_int_equal(b->sends, 1);
    assert_non_null(strstr(b->sent_url[0], "/v1/messages"));
    // A test that fails is no reason to give up: the breaker is open again, and it waits on.
    bench_answer(b, 0, 503, "{}");
    bench_breaker(b, "anthropic", "open", 3, now + 4 * RF_NS_PER_S);
    assert_null(bench_reply_of(b, "w1"));
    bench_advance(b, rf_seconds(10));
    bench_breaker(b, "anthropic", "closed", 4, 0);
    assert_int_equal(b->sends, 2);
    bench_answer(
        b, 1, 200,
        "{\"content\":[{\"type\":\"text\",\"text\":\"Hi\"}],\"stop_reason\":\"end_turn\"}");
    assert_true(bench_reply_of(b, "w1")->ok);
    assert_int_equal(b->core.waiting[GATEWAY_SCRIPT], 0);
}

static void incident_8_the_preferred_link_is_waited_for_if_it_recovers_first(void **state) {
    struct bench *b = *state;
    both_scripts_wait(b);
    bench_breaker(b, "openai", "open", 1, b->at.utc.ns + 2 * RF_NS_PER_S);
    bench_breaker(b, "anthropic", "open", 1, b->at.utc.ns + 60 * RF_NS_PER_S);
    bench_write(b, "w1");
    bench_breaker(b, "openai", "closed", 3, 0);
    assert_int_equal(b->sends, 1);
    assert_non_null(strstr(b->sent_url[0], "/v1/chat/completions"));
}

static void a_link_that_serves_is_worth_more_than_a_wait(void **state) {
    struct bench *b = *state;
    both_scripts_wait(b);
    bench_breaker(b, "openai", "open", 1, b->at.utc.ns + 2 * RF_NS_PER_S);
    bench_write(b, "w1");
    assert_int_equal(b->core.waiting[GATEWAY_SCRIPT], 0);
    assert_int_equal(b->sends, 1);
    assert_non_null(strstr(b->sent_url[0], "/v1/messages"));
    // Its error is not the chain's: there is still the link that recovers.
    bench_answer(b, 0, 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"}}");
    assert_null(bench_reply_of(b, "w1"));
    bench_breaker(b, "openai", "closed", 3, 0);
    assert_int_equal(b->sends, 2);
    assert_non_null(strstr(b->sent_url[1], "/v1/chat/completions"));
}

static void only_links_that_are_to_be_waited_for_are(void **state) {
    struct bench *b = *state;
    both_scripts_wait(b);
    b->providers[RF_PROVIDER_ANTHROPIC].when_open = RF_WHEN_OPEN_FAIL;
    take_rules(b);
    bench_breaker(b, "openai", "open", 1, b->at.utc.ns + 60 * RF_NS_PER_S);
    bench_breaker(b, "anthropic", "open", 1, b->at.utc.ns + 2 * RF_NS_PER_S);
    bench_write(b, "w1");
    assert_int_equal(b->core.waiting[GATEWAY_SCRIPT], 1);
    bench_breaker(b, "anthropic", "closed", 3, 0);
    assert_int_equal(b->sends, 0);
    bench_breaker(b, "openai", "closed", 3, 0);
    assert_int_equal(b->sends, 1);
    assert_non_null(strstr(b->sent_url[0], "/v1/chat/completions"));
}

static void a_call_that_waits_for_recovery_ends_by_its_deadline(void **state) {
    struct bench *b = *state;
    speech(b)->when_open = RF_WHEN_OPEN_WAIT;
    take_rules(b);
    bench_breaker(b, "elevenlabs", "open", 1, 0);
    bench_speak(b, "s1");
    bench_advance(b, rf_seconds(120));
    assert_string_equal(bench_reply_of(b, "s1")->code, "deadline_exceeded");
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 0);
}

static void a_call_that_waits_for_recovery_is_handed_back_to_go_on_at_once(void **state) {
    struct bench *b = *state;
    speech(b)->when_open = RF_WHEN_OPEN_WAIT;
    take_rules(b);
    bench_breaker(b, "elevenlabs", "open", 1, 0);
    bench_speak(b, "s1");
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.next_attempt, 0);
}

static void incident_9_the_fallback_has_a_breaker_of_its_own(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "openai", "open", 1, 7);
    bench_breaker(b, "anthropic", "open", 1, 5);
    bench_write(b, "w1");
    assert_int_equal(b->sends, 0);
    assert_string_equal(bench_reply_of(b, "w1")->code, "breaker_open");
}

static void incident_40_the_preferred_link_is_used_again_after_its_recovery(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "openai", "open", 1, 7);
    bench_write(b, "w1");
    assert_non_null(strstr(b->sent_url[0], "/v1/messages"));
    bench_breaker(b, "openai", "closed", 3, 0);
    bench_write(b, "w2");
    assert_non_null(strstr(b->sent_url[1], "/v1/chat/completions"));
}

static void a_providers_bulkhead_bounds_its_attempts_and_its_queue(void **state) {
    struct bench *b = *state;
    speech(b)->bulkhead = (struct rf_bulkhead_policy){.max_in_flight = 1, .max_queue = 1};
    take_rules(b);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1);
    assert_string_equal(bench_reply_of(b, "s3")->code, "overloaded");
    bench_answer_audio(b, 0);
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s2")->ok);
}

static void a_providers_rate_is_kept(void **state) {
    struct bench *b = *state;
    speech(b)->rate_limit = (struct rf_rate_limit_policy){.rate = 1, .burst = 1};
    take_rules(b);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 2);
    bench_advance(b, rf_ns(RF_NS_PER_S - 1));
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_ns(1));
    assert_int_equal(b->sends, 2);
    bench_advance(b, rf_seconds(1));
    assert_int_equal(b->sends, 3);
}

static void incident_31_a_retry_after_makes_all_calls_of_the_provider_pause(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, "{}", rf_seconds(20));
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_ns(20 * RF_NS_PER_S - 1));
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_ns(1));
    assert_int_equal(b->sends, 3);
}

static const struct rf_decision *noted(const struct call *call, const char *policy,
                                       const char *verdict) {
    for (size_t i = 0; i < call->decision_count; i++)
        if (strcmp(call->decisions[i].policy, policy) == 0 &&
            strcmp(call->decisions[i].verdict, verdict) == 0)
            return &call->decisions[i];
    return NULL;
}

static void what_replies_tell_of_the_limit_holds_calls_back_until_it_has_room(void **state) {
    struct bench *b = *state;
    speech(b)->rate_limit = RF_RATE_LIMIT_POLICY_DEFAULT;
    take_rules(b);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    b->sent_call[0]->explain = b->sent_call[1]->explain = true;
    // Of a failure it counts as well as of a success.
    bench_answer_told(b, 0, 503, (struct rf_rate_limit_told){10, 4, rf_seconds(60)});
    const struct rf_decision *note = noted(b->sent_call[0], "rate_limit", "followed");
    assert_string_equal(note->detail, "4 remain, all of them in 60000 ms");
    bench_answer_told(b, 1, 503, (struct rf_rate_limit_told){10, 0, rf_seconds(30)});
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 2);
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 3);
    bench_advance(b, rf_ns(3 * RF_NS_PER_S - 1)); // a tenth of the reset
    assert_int_equal(b->sends, 2);
    bench_advance(b, rf_ns(1));
    assert_int_equal(b->sends, 3);
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 4);
    assert_non_null(noted(b->sent_call[0], "rate_limit", "wait"));
    // Not followed: as if nothing had been told.
    speech(b)->rate_limit.follow = rf_ns(0);
    take_rules(b);
    bench_answer_told(b, 2, 503, (struct rf_rate_limit_told){10, 0, rf_seconds(50)});
    bench_advance(b, rf_seconds(3));
    assert_int_equal(b->sends, 5);
}

static void a_reset_beyond_the_deadline_refuses_with_the_time(void **state) {
    struct bench *b = *state;
    speech(b)->rate_limit = RF_RATE_LIMIT_POLICY_DEFAULT;
    speech(b)->rate_limit.follow = rf_seconds(3600);
    take_rules(b);
    bench_speak(b, "s1");
    bench_answer_told(b, 0, 400, (struct rf_rate_limit_told){0, 0, rf_seconds(1800)});
    bench_speak(b, "s2");
    const struct bench_reply *reply = bench_reply_of(b, "s2");
    assert_string_equal(reply->code, "overloaded");
    assert_int_equal(reply->retry_at, b->at.utc.ns + 1800 * RF_NS_PER_S);
}

static void retries_beyond_the_budget_are_not_made_and_burn_nobody(void **state) {
    struct bench *b = *state;
    speech(b)->budget =
        (struct rf_budget_policy){.ratio = 0, .min_retries = 1, .window = {10 * RF_NS_PER_S}};
    take_rules(b);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 503, "{}");
    bench_answer(b, 1, 503, "{}");
    assert_null(bench_reply_of(b, "s1"));
    const struct bench_reply *reply = bench_reply_of(b, "s2");
    assert_string_equal(reply->class, "transient");
    assert_non_null(strstr(reply->message, "not repeated: too many retries of late"));
    assert_false(reply->exhausted);
    assert_true(reply->retry_at > b->at.utc.ns);
}

static void incident_28_a_call_that_still_runs_is_reported_slow_once(void **state) {
    struct bench *b = *state;
    speech(b)->breaker = RF_BREAKER_POLICY_DEFAULT;
    speech(b)->breaker.slow_rate = 0.5;
    speech(b)->breaker.slow_after = rf_seconds(3);
    take_rules(b);
    bench_speak(b, "s1");
    bench_advance(b, rf_ns(3 * RF_NS_PER_S - 1));
    assert_int_equal(b->slow, 0);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->slow, 1);
    bench_answer_audio(b, 0);
    assert_int_equal(b->outcome_count, 1);
}

static void a_call_whose_permit_nobody_answers_ends_by_its_deadline(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 1, 0);
    bench_speak(b, "s1");
    assert_int_equal(b->permit_count, 1);
    bench_advance(b, rf_seconds(120));
    assert_string_equal(bench_reply_of(b, "s1")->code, "deadline_exceeded");
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 0);
}

#define MANY 10000

// Ten thousand calls that wait at once: found by id, due in order, at a stated cost.
static void ten_thousand_calls_wait_at_once(void **state) {
    struct bench *b = *state;
    char id[16];
    b->limits.max_waiting = MANY;
    speech(b)->when_open = RF_WHEN_OPEN_WAIT;
    take_rules(b);
    bench_breaker(b, "elevenlabs", "open", 1, 0);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "s%d", i);
        bench_request(b, id, "speech", "speak", "{\"text\": \"hello\"}", 60 + i % 60);
    }
    size_t each = (mallinfo2().uordblks - before) / MANY; // 0 under the address sanitizer
    printf("bytes for each call that waits: %zu (of them struct call: %zu)\n", each,
           sizeof(struct call));
    assert_true(each <= 2048);
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], MANY);
    for (size_t i = 2; i <= b->core.timed.count; i++)
        assert_true(b->core.timed.items[i / 2]->due.ns <= b->core.timed.items[i]->due.ns);
    for (int i = 0; i < MANY - 4; i++) {
        snprintf(id, sizeof id, "s%d", i * 7 % MANY);
        core_cancel(&b->core, id, b->at);
        assert_int_equal(b->reply_count, 1);
        b->reply_count = 0;
    }
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 4);
    assert_int_equal(b->core.timed.count, 4);
    bench_breaker(b, "elevenlabs", "closed", 2, 0);
    assert_int_equal(b->sends, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_8_a_call_waits_for_recovery_if_it_may),
        TEST(incident_8_with_every_link_open_the_first_to_recover_serves),
        TEST(incident_8_the_preferred_link_is_waited_for_if_it_recovers_first),
        TEST(a_link_that_serves_is_worth_more_than_a_wait),
        TEST(only_links_that_are_to_be_waited_for_are),
        TEST(a_call_that_waits_for_recovery_ends_by_its_deadline),
        TEST(a_call_that_waits_for_recovery_is_handed_back_to_go_on_at_once),
        TEST(incident_9_the_fallback_has_a_breaker_of_its_own),
        TEST(incident_40_the_preferred_link_is_used_again_after_its_recovery),
        TEST(a_providers_bulkhead_bounds_its_attempts_and_its_queue),
        TEST(a_providers_rate_is_kept),
        TEST(incident_31_a_retry_after_makes_all_calls_of_the_provider_pause),
        TEST(what_replies_tell_of_the_limit_holds_calls_back_until_it_has_room),
        TEST(a_reset_beyond_the_deadline_refuses_with_the_time),
        TEST(retries_beyond_the_budget_are_not_made_and_burn_nobody),
        TEST(incident_28_a_call_that_still_runs_is_reported_slow_once),
        TEST(a_call_whose_permit_nobody_answers_ends_by_its_deadline),
        TEST(ten_thousand_calls_wait_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
