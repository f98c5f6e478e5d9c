// Several keys of one provider: the next one is used when one fails, and that is no retry.
#include "bench.h"

#include <string.h>

#define REFUSED "{\"detail\": {\"code\": \"invalid_api_key\", \"message\": \"Invalid API key\"}}"
#define SPENT   "{\"detail\": {\"code\": \"quota_exceeded\", \"message\": \"no credits\"}}"
#define LIMITED "{\"detail\": {\"code\": \"rate_limit_exceeded\", \"message\": \"slow down\"}}"

static const enum rf_provider eleven = RF_PROVIDER_ELEVENLABS;

static const char *text_of(json_t *value, const char *name) {
    const char *text = json_string_value(json_object_get(value, name));
    return text != NULL ? text : "";
}

// The answer to the last effects.key_aside, and what the watch then tells.
static void told(struct bench *b, const char *fingerprint, int64_t version) {
    core_key_told(&b->core, eleven, fingerprint, version);
    core_key_changed(&b->core, eleven, fingerprint, version, b->asides[b->aside_count - 1], b->at);
}

static void a_refused_key_is_set_aside_and_the_next_one_goes_on_at_once(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    assert_string_equal(b->sent_key[0], "key-elevenlabs");
    bench_answer(b, 0, 401, REFUSED);
    assert_int_equal(b->sends, 2); // no wait
    assert_string_equal(b->sent_key[1], "key-2");
    bench_answer_audio(b, 1);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_true(reply->ok);
    assert_int_equal(reply->attempts, 2);
    assert_int_equal(b->mark_count, 0);
    assert_int_equal(b->aside_count, 1);
    assert_string_equal(b->aside_key[0], "0123456789abcdef");
    assert_string_equal(text_of(b->asides[0], "class"), "permanent.auth");
    assert_string_equal(text_of(b->asides[0], "message"), "Invalid API key");
    assert_string_equal(text_of(b->asides[0], "clears"), "key");
    assert_true(json_integer_value(json_object_get(b->asides[0], "since")) > 0);
    told(b, "0123456789abcdef", 3);
    assert_int_equal(json_integer_value(json_object_get(b->asides[0], "left")), 1);
    assert_int_equal(b->event_count, 0); // the broker tells, in one act
    bench_speak(b, "s2");                // begins with the key that works
    assert_string_equal(b->sent_key[2], "key-2");
    assert_true(core_mark_stands(&b->core)); // key files are read again
}

static void the_attempts_tell_which_key_each_used(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    const struct call *call = b->sent_call[1];
    assert_string_equal(call->attempts[0].key, "01234567");
    assert_non_null(strstr(call->attempts[0].rule, "invalid_api_key"));
    bench_answer(b, 1, 503, "{}");
    assert_string_equal(call->attempts[1].key, "k2");
}

static void incident_32_changing_the_key_is_not_bounded_by_max_retries(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 3);
    b->providers[eleven].retry.max_retries = 0;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    bench_answer(b, 1, 402, SPENT);
    bench_answer(b, 2, 429, LIMITED);
    assert_int_equal(b->sends, 4);
    assert_string_equal(b->sent_key[3], "key-4");
    bench_answer_audio(b, 3);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(bench_reply_of(b, "s1")->attempts, 4);
    assert_int_equal(b->aside_count, 2); // the third is only asked to slow down
    assert_string_equal(text_of(b->asides[1], "clears"), "person");
    assert_int_equal(b->mark_count, 0);
}

static void only_the_last_key_makes_the_mark_and_it_falls_with_any_key_that_changes(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    told(b, "0123456789abcdef", 3);
    bench_answer(b, 1, 401, REFUSED);
    assert_int_equal(b->aside_count, 1); // the mark says it of the last one
    assert_int_equal(b->mark_count, 1);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->class, "permanent.auth");
    assert_true(reply->mark_made);
    assert_int_equal(reply->attempts, 2);
    bench_speak(b, "s2");
    assert_string_equal(bench_reply_of(b, "s2")->code, "marked");
    assert_int_equal(b->sends, 2);
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 0);
    strcpy(b->settings[eleven].key.fingerprint, "fedcba9876543210"); // the first one's file
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 1);
    assert_int_equal(b->key_clears, 1);
    assert_string_equal(b->cleared_key, "0123456789abcdef");
    core_key_cleared(&b->core, eleven, "0123456789abcdef", NULL, "why");
    assert_string_equal(b->events[0].type, "key.cleared");
    assert_string_equal(text_of(b->events[0].data, "key"), "01234567");
    core_key_cleared(&b->core, eleven, "0123456789abcdef", "conflict", "why"); // another told of it
    assert_int_equal(b->event_count, 1);
    core_unmarked(&b->core, eleven, NULL, b->at);
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 3);
    assert_string_equal(b->sent_key[2], "key-elevenlabs"); // the new one is the first again
}

static void a_key_that_is_cleared_ends_the_mark_of_its_provider(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    told(b, "0123456789abcdef", 3);
    bench_answer(b, 1, 402, SPENT);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    core_key_changed(&b->core, eleven, "0123456789abcdef", 0, NULL, b->at); // a person, or time
    assert_int_equal(b->unmarks, 1);
    core_unmarked(&b->core, eleven, NULL, b->at);
    assert_string_equal(text_of(b->events[b->event_count - 1].data, "why"),
                        "one of its keys is usable again");
    bench_speak(b, "s2");
    assert_string_equal(b->sent_key[2], "key-elevenlabs");
}

static void a_mark_of_the_configuration_does_not_end_with_a_key(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    told(b, "0123456789abcdef", 3);
    bench_fail(b, 1, RF_HTTP_CERTIFICATE, false);
    assert_int_equal(b->mark_count, 1);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    core_key_changed(&b->core, eleven, "0123456789abcdef", 0, NULL, b->at);
    assert_int_equal(b->unmarks, 0);
}

static void a_429_on_one_key_uses_the_next_and_spares_the_first_for_its_retry_after(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, LIMITED, rf_seconds(20));
    assert_int_equal(b->sends, 2);
    assert_string_equal(b->sent_key[1], "key-2");
    assert_int_equal(b->aside_count, 0);
    bench_advance(b, rf_seconds(19));
    bench_speak(b, "s2");
    assert_string_equal(b->sent_key[2], "key-2");
    bench_advance(b, rf_seconds(1));
    bench_speak(b, "s3");
    assert_string_equal(b->sent_key[3], "key-elevenlabs");
}

static void incident_31_a_good_result_or_a_shorter_wish_ends_no_throttle(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    bench_answer_later(b, 0, 429, LIMITED, rf_seconds(20));
    bench_answer_audio(b, 1);                              // began before the 429
    bench_answer_later(b, 2, 429, LIMITED, rf_seconds(2)); // as did this
    bench_advance(b, rf_seconds(19));
    bench_speak(b, "s4");
    assert_string_equal(b->sent_key[b->sends - 1], "key-2");
}

static void
when_all_keys_are_asked_to_slow_down_the_call_waits_for_the_first_of_them(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, LIMITED, rf_seconds(8));
    bench_answer_later(b, 1, 429, LIMITED, rf_seconds(40));
    assert_int_equal(b->sends, 2);
    assert_null(bench_reply_of(b, "s1"));
    assert_string_equal(b->events[b->event_count - 1].type, "retry.scheduled");
    bench_advance(b, rf_seconds(10)); // 8 s, and what the policy's own wait adds at most
    assert_int_equal(b->sends, 3);
    assert_string_equal(b->sent_key[2], "key-elevenlabs");
    assert_int_equal(b->mark_count, 0);
}

static void rate(struct bench *b, double rate, int64_t burst) {
    b->providers[eleven].rate_limit =
        (struct rf_rate_limit_policy){.rate = rate, .burst = burst, .follow = rf_seconds(60)};
    core_settings_changed(&b->core, b->at);
}

static void each_key_has_its_own_rate_and_the_first_with_a_token_is_chosen(void **state) {
    struct bench *b = *state;
    rate(b, 0.5, 1);
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_advance(b, rf_ms(500));
    bench_speak(b, "s2");
    assert_string_equal(b->sent_key[0], "key-elevenlabs");
    assert_string_equal(b->sent_key[1], "key-2");
    // Neither has one: the call waits for the one that has it soonest.
    bench_speak(b, "s3");
    bench_speak(b, "s4");
    assert_int_equal(b->sends, 2);
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 2);
    bench_advance(b, rf_ms(1499));
    assert_int_equal(b->sends, 2);
    bench_advance(b, rf_ms(1));
    assert_string_equal(b->sent_key[2], "key-elevenlabs");
    assert_int_equal(b->sends, 3);
    bench_advance(b, rf_ms(500));
    assert_string_equal(b->sent_key[3], "key-2");
    bench_advance(b, rf_seconds(4)); // both at rest again
    bench_answer_audio(b, 0);
    bench_speak(b, "s5");
    assert_string_equal(b->sent_key[4], "key-elevenlabs");
}

static void what_a_reply_tells_of_the_limit_counts_for_its_key_alone(void **state) {
    struct bench *b = *state;
    rate(b, 0, 1);
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer_told(b, 0, 503, (struct rf_rate_limit_told){0, 0, rf_seconds(20)});
    bench_speak(b, "s2");
    assert_string_equal(b->sent_key[1], "key-2");
    bench_answer_told(b, 1, 503, (struct rf_rate_limit_told){0, 0, rf_seconds(10)});
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 2);
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 5);
    for (int i = 2; i < 5; i++)
        assert_string_equal(b->sent_key[i], "key-2");
    // When it is whole again the first one is the first again.
    bench_advance(b, rf_seconds(10));
    bench_speak(b, "s4");
    assert_string_equal(b->sent_key[5], "key-elevenlabs");
}

static void a_limit_goes_with_its_key_to_another_place(void **state) {
    struct bench *b = *state;
    rate(b, 0, 1);
    bench_speak(b, "s1"); // with the only key
    bench_answer_told(b, 0, 400, (struct rf_rate_limit_told){0, 0, rf_seconds(20)});
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
    // It is the second one now, and the call that waited for it need not wait for another one.
    struct provider_settings *settings = &b->settings[eleven];
    settings->more[0] = settings->key;
    settings->more_count = 1;
    settings->key.value = b->settings[RF_PROVIDER_OPENAI].key.value;
    snprintf(settings->key.fingerprint, sizeof settings->key.fingerprint, "fresh");
    core_settings_changed(&b->core, b->at);
    bench_advance(b, rf_ns(0));
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 3);
    assert_string_equal(b->sent_key[1], "key-openai");
    assert_string_equal(b->sent_key[2], "key-openai");
    bench_answer_told(b, 1, 400, (struct rf_rate_limit_told){0, 0, rf_seconds(50)});
    bench_speak(b, "s4");
    bench_advance(b, rf_ns(20 * RF_NS_PER_S - 1));
    assert_int_equal(b->sends, 3);
    bench_advance(b, rf_ns(1));
    assert_int_equal(b->sends, 4);
    assert_string_equal(b->sent_key[3], "key-elevenlabs");
    // The reply of a call whose key changed its place while it ran is no other key's.
    settings->more_count = 0;
    core_settings_changed(&b->core, b->at);
    bench_answer_told(b, 3, 400, (struct rf_rate_limit_told){0, 0, rf_seconds(7)});
    assert_int_equal(b->core.policies[eleven].key.in_flight, 0);
}

static void a_token_of_a_key_that_is_set_aside_is_exchanged(void **state) {
    struct bench *b = *state;
    rate(b, 1, 1);
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_speak(b, "s3"); // waits for the first key
    assert_int_equal(b->sends, 2);
    bench_answer(b, 0, 401, REFUSED);
    bench_advance(b, rf_seconds(1));
    for (int i = 2; i < b->sends; i++)
        assert_string_equal(b->sent_key[i], "key-2");
    bench_advance(b, rf_seconds(1));
    assert_int_equal(b->sends, 4);
    assert_string_equal(b->sent_key[3], "key-2");
}

static void a_retry_after_of_days_sets_the_key_aside_for_that_time(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, LIMITED, rf_seconds(86400 * 3));
    assert_int_equal(b->aside_count, 1);
    assert_int_equal(b->aside_ttl.ns, 86400 * 3 * RF_NS_PER_S);
    assert_string_equal(text_of(b->asides[0], "clears"), "time");
    assert_int_equal(json_integer_value(json_object_get(b->asides[0], "until")),
                     b->at.utc.ns + 86400 * 3 * RF_NS_PER_S);
    assert_string_equal(b->sent_key[1], "key-2");
    bench_answer_later(b, 1, 429, LIMITED, rf_seconds(86400)); // the last one: as with one key
    assert_int_equal(b->mark_count, 1);
    assert_int_equal(b->mark_ttl.ns, 86400 * RF_NS_PER_S);
}

static void a_key_that_another_gateway_set_aside_is_not_tried(void **state) {
    struct bench *b = *state;
    json_t *why = json_pack("{s:s, s:s}", "class", "permanent.auth", "message", "revoked");
    bench_more_keys(b, eleven, 1);
    core_key_changed(&b->core, eleven, "0123456789abcdef", 4, why, b->at);
    bench_speak(b, "s1");
    assert_string_equal(b->sent_key[0], "key-2");
    // Its state is gone with the broker: the snapshot after the reconnection does not have it.
    core_key_changed(&b->core, eleven, "unknown", 5, why, b->at); // of another configuration
    bench_answer(b, 0, 503, "{}");
    assert_int_equal(b->event_count, 1); // the retry alone
    json_decref(why);
}

static bool has_none(void *arg, const char *fingerprint) {
    (void)arg, (void)fingerprint;
    return false;
}

static void a_key_that_a_snapshot_does_not_have_is_usable_again(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    core_keys_snapshot(&b->core, eleven, has_none, NULL, b->at); // our own word is on its way
    bench_speak(b, "s2");
    assert_string_equal(b->sent_key[2], "key-2");
    core_key_told(&b->core, eleven, "0123456789abcdef", 0); // the broker was lost
    core_keys_snapshot(&b->core, eleven, has_none, NULL, b->at);
    bench_speak(b, "s3");
    assert_string_equal(b->sent_key[3], "key-elevenlabs");
}

static void a_late_refusal_of_a_key_that_was_cleared_does_not_set_it_aside_again(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 401, REFUSED);
    told(b, "0123456789abcdef", 3);
    bench_advance(b, rf_seconds(1));
    core_key_changed(&b->core, eleven, "0123456789abcdef", 0, NULL, b->at); // a person cleared it
    bench_answer(b, 1, 401, REFUSED);                                       // sent before that
    assert_int_equal(b->aside_count, 1);
    assert_string_equal(b->sent_key[b->sends - 1], "key-2"); // the call goes on all the same
    bench_speak(b, "s3");
    assert_string_equal(b->sent_key[b->sends - 1], "key-elevenlabs");
}

static void all_keys_set_aside_without_a_mark_make_it(void **state) {
    struct bench *b = *state;
    json_t *why = json_pack("{s:s, s:s}", "class", "permanent.quota", "message", "no credits");
    bench_more_keys(b, eleven, 1);
    core_key_changed(&b->core, eleven, "0123456789abcdef", 4, why, b->at);
    core_key_changed(&b->core, eleven, "k2", 5, why,
                     b->at); // two gateways, each its own last but one
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 0);
    assert_int_equal(b->mark_count, 1);
    assert_string_equal(text_of(b->marks[0], "class"), "permanent.quota");
    assert_string_equal(text_of(b->marks[0], "message"), "no credits");
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    assert_true(bench_reply_of(b, "s1")->mark_made);
    // Who takes that mark away wants all of them tried again.
    core_mark_changed(&b->core, eleven, 0, NULL, b->at);
    assert_int_equal(b->key_clears, 2);
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
    assert_string_equal(b->sent_key[0], "key-elevenlabs");
    json_decref(why);
}

static void a_dial_that_was_refused_goes_on_with_the_next_key(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, RF_PROVIDER_TWILIO, 1);
    bench_dial(b, "d1");
    bench_answer(b, 0, 401, "{\"code\": 20003, \"message\": \"Authenticate\", \"status\": 401}");
    assert_int_equal(b->sends, 2);
    assert_string_equal(b->sent_key[1], "key-2");
    bench_answer(b, 1, 503, ""); // nobody knows: no key is tried any more
    assert_string_equal(bench_reply_of(b, "d1")->class, "ambiguous");
    assert_int_equal(b->sends, 2);
}

static void errors_that_are_not_about_the_key_change_no_key(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 422, "{\"detail\": [{\"msg\": \"field required\"}]}");
    assert_string_equal(bench_reply_of(b, "s1")->class, "permanent.invalid");
    bench_speak(b, "s2");
    bench_answer(b, 1, 503, "{}");
    assert_int_equal(b->sends, 2); // waits
    bench_advance(b, rf_seconds(5));
    assert_string_equal(b->sent_key[2], "key-elevenlabs");
}

static void all_keys_are_taken_out_of_what_is_told(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 422, "{\"detail\": \"neither key-elevenlabs nor key-2 may do this\"}");
    assert_string_equal(bench_reply_of(b, "s1")->message,
                        "neither [redacted] nor [redacted] may do this");
}

static void a_key_that_is_left_alone_is_used(void **state) {
    struct bench *b = *state;
    bench_more_keys(b, eleven, 1);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    told(b, "0123456789abcdef", 3);
    bench_more_keys(b, eleven, 0); // the second was taken out of the configuration
    assert_int_equal(b->key_clears, 1);
    bench_speak(b, "s2");
    assert_string_equal(b->sent_key[b->sends - 1], "key-elevenlabs");
    bench_answer(b, b->sends - 1, 401, REFUSED);
    assert_int_equal(b->mark_count, 1); // as it always was with one
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_refused_key_is_set_aside_and_the_next_one_goes_on_at_once),
        TEST(the_attempts_tell_which_key_each_used),
        TEST(incident_32_changing_the_key_is_not_bounded_by_max_retries),
        TEST(only_the_last_key_makes_the_mark_and_it_falls_with_any_key_that_changes),
        TEST(a_key_that_is_cleared_ends_the_mark_of_its_provider),
        TEST(a_mark_of_the_configuration_does_not_end_with_a_key),
        TEST(a_429_on_one_key_uses_the_next_and_spares_the_first_for_its_retry_after),
        TEST(incident_31_a_good_result_or_a_shorter_wish_ends_no_throttle),
        TEST(when_all_keys_are_asked_to_slow_down_the_call_waits_for_the_first_of_them),
        TEST(each_key_has_its_own_rate_and_the_first_with_a_token_is_chosen),
        TEST(what_a_reply_tells_of_the_limit_counts_for_its_key_alone),
        TEST(a_limit_goes_with_its_key_to_another_place),
        TEST(a_token_of_a_key_that_is_set_aside_is_exchanged),
        TEST(a_retry_after_of_days_sets_the_key_aside_for_that_time),
        TEST(a_key_that_another_gateway_set_aside_is_not_tried),
        TEST(a_key_that_a_snapshot_does_not_have_is_usable_again),
        TEST(a_late_refusal_of_a_key_that_was_cleared_does_not_set_it_aside_again),
        TEST(all_keys_set_aside_without_a_mark_make_it),
        TEST(a_dial_that_was_refused_goes_on_with_the_next_key),
        TEST(errors_that_are_not_about_the_key_change_no_key),
        TEST(all_keys_are_taken_out_of_what_is_told),
        TEST(a_key_that_is_left_alone_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
