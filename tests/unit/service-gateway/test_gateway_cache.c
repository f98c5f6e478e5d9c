// The cache of speech, as the core decides it: hits, misses, and one flight of identical requests.
#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct recording kept = {.sha256 = "cd", .size = 7, .format = "mp3"};

static int open_cached(void **state) {
    int failed = bench_open(state);
    struct bench *b = *state;
    b->limits.cache_enabled = true;
    return failed;
}

static void speak(struct bench *b, const char *id, const char *text, int seconds) {
    char params[128];
    snprintf(params, sizeof params, "{\"text\": \"%s\"}", text);
    bench_request(b, id, "speech", "speak", params, seconds);
}

static const char *audio_of(struct bench *b, const char *id) {
    const struct bench_reply *reply = bench_reply_of(b, id);
    assert_non_null(reply);
    assert_true(reply->ok);
    return json_string_value(json_object_get(reply->result, "audio"));
}

static void a_hit_needs_no_provider_no_breaker_no_key_and_no_place(void **state) {
    struct bench *b = *state;
    b->limits.speech_concurrency = 1;
    b->settings[RF_PROVIDER_ELEVENLABS].key.value = NULL;
    bench_breaker(b, "elevenlabs", "open", 2, 0);
    bench_speak(b, "s1");
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 0);
    bench_looked(b, &kept);
    assert_string_equal(audio_of(b, "s1"), "cd");
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->provider, "elevenlabs");
    assert_string_equal(reply->sent, "no");
    assert_int_equal(reply->attempts, 0);
    assert_int_equal(json_integer_value(json_object_get(reply->result, "size")), 7);
    assert_int_equal(b->sends, 0);
    assert_int_equal(b->stores, 0);
    assert_int_equal(b->outcome_count, 0);
    assert_int_equal(b->event_count, 0);
}

static void a_miss_is_fetched_and_kept_under_the_key_that_was_asked_for(void **state) {
    struct bench *b = *state;
    b->slow_disk = true;
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    bench_answer_audio(b, 0);
    assert_string_equal(b->storing->sending.audio_key, b->looked_for);
    assert_int_equal(strlen(b->looked_for), 64);
    bench_stored(b, RF_OK);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->core.call_count, 0);
}

// Every part that changes the audio changes the key; the account's key does not.
static void the_key_is_of_all_that_changes_the_audio(void **state) {
    struct bench *b = *state;
    struct rf_config_provider *config = &b->providers[RF_PROVIDER_ELEVENLABS];
    char keys[8][65];
    static char other[] = "mp3_44100_64", url[] = "http://other";
    char **const parts[] = {&config->base_url, &config->voice, &config->model,
                            &config->output_format};
    int count = 0;
    for (size_t i = 0; i <= 4; i++) {
        char *before = i > 0 ? *parts[i - 1] : NULL;
        if (i > 0)
            *parts[i - 1] = i == 1 ? url : other;
        bench_speak(b, "s");
        bench_looked(b, &kept);
        memcpy(keys[count++], b->looked_for, 65);
        b->replies[b->reply_count - 1].id[0] = '\0';
        if (i > 0)
            *parts[i - 1] = before;
    }
    speak(b, "t", "Hello", 120); // "hello" before
    bench_looked(b, &kept);
    memcpy(keys[count++], b->looked_for, 65);
    b->limits.speech.links[0] = RF_PROVIDER_OPENAI_TTS;
    bench_speak(b, "u");
    bench_looked(b, &kept);
    memcpy(keys[count++], b->looked_for, 65);
    for (int i = 0; i < count; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);

    static char account[] = "another account's";
    b->limits.speech.links[0] = RF_PROVIDER_ELEVENLABS;
    b->settings[RF_PROVIDER_ELEVENLABS].key.value = account;
    bench_speak(b, "v");
    assert_string_equal(b->looked_for, keys[0]);
    bench_looked(b, &kept);
}

static void identical_requests_are_one_fetch(void **state) {
    struct bench *b = *state;
    b->limits.speech_concurrency = 1;
    b->slow_disk = true;
    bench_speak(b, "s1");
    bench_speak(b, "s2"); // joins while the disk is asked
    bench_looked(b, NULL);
    bench_speak(b, "s3"); // while the provider is asked
    bench_answer_audio(b, 0);
    bench_speak(b, "s4"); // while it is written
    assert_int_equal(b->reply_count, 0);
    assert_int_equal(b->looks, 1);
    // Those who joined hold neither a place nor the broker's credit.
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 1);
    assert_int_equal(b->releases, 3);
    assert_int_equal(b->last_waiting, 3);
    bench_stored(b, RF_OK);
    for (int i = 1; i <= 4; i++) {
        char id[4];
        snprintf(id, sizeof id, "s%d", i);
        assert_string_equal(audio_of(b, id), b->stored_sha256);
        assert_int_equal(bench_reply_of(b, id)->attempts, i == 1 ? 1 : 0);
    }
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->stores, 1);
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 0);
    assert_int_equal(b->core.call_count, 0);
}

static void a_hit_is_for_all_who_joined(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_looked(b, &kept);
    assert_string_equal(audio_of(b, "s1"), "cd");
    assert_string_equal(audio_of(b, "s2"), "cd");
}

static void another_text_goes_its_own_way(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    speak(b, "s2", "something else", 120);
    bench_looked(b, NULL);
    assert_int_equal(b->sends, 2);
}

static void one_takes_over_when_the_first_is_cancelled(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    core_cancel(&b->core, "s1", b->at);
    assert_string_equal(bench_reply_of(b, "s1")->code, "cancelled");
    assert_int_equal(b->sends, 2); // s2's, not s3's as well
    assert_null(bench_reply_of(b, "s3"));
    bench_answer_audio(b, 1);
    assert_true(bench_reply_of(b, "s2")->ok);
    assert_true(bench_reply_of(b, "s3")->ok);
    assert_int_equal(b->sends, 2);
}

static void one_takes_over_when_the_first_runs_out_of_time_or_retries(void **state) {
    struct bench *b = *state;
    speak(b, "s1", "hello", 2);
    bench_looked(b, NULL);
    speak(b, "s2", "hello", 120);
    speak(b, "s3", "hello", 120);
    bench_answer(b, 0, 500, "{}"); // its first retry would be too late
    assert_string_equal(bench_reply_of(b, "s1")->code, "deadline_exceeded");
    assert_int_equal(b->sends, 2);
    for (int i = 1; i <= 4; i++) { // s2 uses up its retries
        bench_answer(b, i, 500, "{}");
        bench_advance(b, rf_seconds(20));
    }
    assert_true(bench_reply_of(b, "s2")->exhausted);
    assert_int_equal(b->sends, 6); // and s3 has taken over
    bench_answer_audio(b, 5);
    assert_true(bench_reply_of(b, "s3")->ok);
}

static void those_who_joined_end_by_their_own_deadline(void **state) {
    struct bench *b = *state;
    speak(b, "s1", "hello", 120);
    bench_looked(b, NULL);
    speak(b, "s2", "hello", 3);
    bench_advance(b, rf_seconds(3));
    assert_string_equal(bench_reply_of(b, "s2")->code, "deadline_exceeded");
    assert_null(bench_reply_of(b, "s1"));
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
}

static void what_is_wrong_with_the_text_is_wrong_for_all_and_asked_once(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    bench_speak(b, "s2");
    bench_speak(b, "s3");
    bench_answer(b, 0, 422, "{}");
    assert_int_equal(b->sends, 1);
    const char *const ids[] = {"s1", "s2", "s3"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(bench_reply_of(b, ids[i])->class, "permanent.invalid");
    assert_int_equal(b->core.call_count, 0);
}

static void a_full_disk_is_full_for_all(void **state) {
    struct bench *b = *state;
    b->slow_disk = true;
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    bench_speak(b, "s2");
    bench_answer_audio(b, 0);
    bench_stored(b, RF_ERR_IO);
    assert_string_equal(bench_reply_of(b, "s1")->code, "store_failed");
    assert_string_equal(bench_reply_of(b, "s2")->code, "store_failed");
    assert_int_equal(b->sends, 1);
}

// The next link has audio of its own: those who had joined meet there again.
static void the_flight_goes_on_at_the_next_link(void **state) {
    struct bench *b = *state;
    b->limits.speech = (struct rf_config_chain){
        .links = {RF_PROVIDER_ELEVENLABS, RF_PROVIDER_OPENAI_TTS}, .count = 2};
    bench_speak(b, "s1");
    bench_looked(b, NULL);
    bench_speak(b, "s2");
    bench_breaker(b, "elevenlabs", "open", 2, 0);
    bench_fail(b, 0, RF_HTTP_BROKEN, true);
    assert_int_equal(b->looks, 2);
    bench_looked(b, NULL);
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 1);
    assert_string_equal(bench_reply_of(b, "s1")->provider, "openai-tts");
    assert_string_equal(bench_reply_of(b, "s2")->provider, "openai-tts");
    assert_int_equal(b->sends, 2);
}

static void a_drain_hands_back_those_who_joined_and_whoever_finds_nothing(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.next_attempt, 0); // at once
    bench_looked(b, NULL);
    assert_int_equal(b->handbacks, 2);
    assert_int_equal(b->handback.next_attempt, 0);
    assert_int_equal(b->sends, 0);
    assert_int_equal(b->core.call_count, 0);
}

static void a_disk_that_cannot_be_asked_or_is_too_slow_costs_no_speech(void **state) {
    struct bench *b = *state;
    b->begin_looking = RF_ERR_NOMEM;
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    b->begin_looking = RF_OK;
    speak(b, "s2", "slow", 2);
    speak(b, "s3", "slow", 60);
    bench_advance(b, rf_seconds(2));
    assert_string_equal(bench_reply_of(b, "s2")->code, "deadline_exceeded");
    assert_int_equal(b->aborts, 1);
    assert_int_equal(b->sends, 2); // s3 does not wait for the disk again
}

static void without_the_cache_each_request_is_sent(void **state) {
    struct bench *b = *state;
    b->limits.cache_enabled = false;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    assert_int_equal(b->looks, 0);
    assert_int_equal(b->sends, 2);
    bench_answer_audio(b, 0);
    bench_answer_audio(b, 1);
}

// The voice was changed while the call waited for its retry: what comes is another speech than the
// one that was looked for.
static void audio_is_kept_under_what_was_sent_in_the_end(void **state) {
    struct bench *b = *state;
    static char other[] = "another-voice";
    char before[65];
    b->slow_disk = true;
    bench_speak(b, "s1");
    memcpy(before, b->looked_for, sizeof before);
    bench_looked(b, NULL);
    bench_answer(b, 0, 500, "{}");
    b->providers[RF_PROVIDER_ELEVENLABS].voice = other;
    bench_advance(b, rf_seconds(5));
    bench_answer_audio(b, 1);
    assert_string_not_equal(b->storing->sending.audio_key, before);
    bench_stored(b, RF_OK);
    speak(b, "s2", "hello", 60);
    assert_string_not_equal(b->looked_for, before);
    bench_looked(b, &kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_cached, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_hit_needs_no_provider_no_breaker_no_key_and_no_place),
        TEST(a_miss_is_fetched_and_kept_under_the_key_that_was_asked_for),
        TEST(the_key_is_of_all_that_changes_the_audio),
        TEST(identical_requests_are_one_fetch),
        TEST(a_hit_is_for_all_who_joined),
        TEST(another_text_goes_its_own_way),
        TEST(one_takes_over_when_the_first_is_cancelled),
        TEST(one_takes_over_when_the_first_runs_out_of_time_or_retries),
        TEST(those_who_joined_end_by_their_own_deadline),
        TEST(what_is_wrong_with_the_text_is_wrong_for_all_and_asked_once),
        TEST(a_full_disk_is_full_for_all),
        TEST(the_flight_goes_on_at_the_next_link),
        TEST(a_drain_hands_back_those_who_joined_and_whoever_finds_nothing),
        TEST(a_disk_that_cannot_be_asked_or_is_too_slow_costs_no_speech),
        TEST(without_the_cache_each_request_is_sent),
        TEST(audio_is_kept_under_what_was_sent_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
