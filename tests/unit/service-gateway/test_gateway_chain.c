// Chains: the next link, links of our own, and the way back to the first.
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define BAD_KEY "{\"detail\": {\"code\": \"invalid_api_key\", \"message\": \"no\"}}"

static const struct recording hello = {.sha256 = "ab", .size = 9, .format = "mp3"};
static char template[] = "Hello {name}, about {appointment}.";

static void speech_of_two(struct bench *b, enum rf_local local) {
    b->limits.speech = (struct rf_config_chain){
        .links = {RF_PROVIDER_ELEVENLABS, RF_PROVIDER_OPENAI_TTS}, .count = 2, .local = local};
}

static void write_for(struct bench *b, const char *id, const char *fields) {
    char params[256];
    snprintf(params, sizeof params, "{\"prompt\": \"greet\", \"fields\": %s}", fields);
    bench_request(b, id, "script", "write", params, 120);
}

static const char *text_of(const struct bench_reply *reply, const char *name) {
    const char *text = json_string_value(json_object_get(reply->result, name));
    return text != NULL ? text : "";
}

static const char *told(const struct bench *b, int event, const char *name) {
    const char *text = json_string_value(json_object_get(b->events[event].data, name));
    return text != NULL ? text : "";
}

static int count_events(const struct bench *b, const char *type) {
    int count = 0;
    for (int i = 0; i < b->event_count; i++)
        count += strcmp(b->events[i].type, type) == 0;
    return count;
}

static void incident_10_a_permanent_error_of_one_link_is_not_one_of_the_chain(void **state) {
    struct bench *b = *state;
    speech_of_two(b, RF_LOCAL_NONE);
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, BAD_KEY);
    assert_null(bench_reply_of(b, "s1"));
    core_marked(&b->core, RF_PROVIDER_ELEVENLABS, "s1", NULL, b->marks[0], b->at);
    assert_int_equal(b->sends, 2);
    assert_string_equal(b->sent_url[1], "http://provider/v1/audio/speech");
    bench_answer_audio(b, 1);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_true(reply->ok);
    assert_string_equal(reply->provider, "openai-tts");
    assert_int_equal(reply->attempts, 2);
    // The event says which link failed, and how.
    int last = b->event_count - 1;
    assert_string_equal(b->events[last].type, "fallback.used");
    assert_string_equal(b->events[last].subject, "openai-tts");
    assert_string_equal(told(b, last, "instead_of"), "elevenlabs");
    assert_string_equal(told(b, last, "class"), "permanent.auth");
    assert_string_equal(told(b, last, "service"), "speech");
}

static void incident_12_the_length_of_the_chain_bounds_a_call(void **state) {
    struct bench *b = *state;
    speech_of_two(b, RF_LOCAL_NONE);
    bench_speak(b, "s1");
    bench_answer(b, 0, 400, "{}");
    bench_answer(b, 1, 400, "{}");
    assert_int_equal(b->sends, 2);
    assert_false(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->core.call_count, 0);
    assert_int_equal(count_events(b, "fallback.used"), 0); // nobody served
}

static void incident_40_the_preferred_link_is_used_again_when_its_breaker_has_closed(void **state) {
    struct bench *b = *state;
    speech_of_two(b, RF_LOCAL_RECORDING);
    core_recording(&b->core, &hello);
    bench_breaker(b, "elevenlabs", "open", 2, 0);
    bench_speak(b, "s1");
    assert_string_equal(b->sent_url[0], "http://provider/v1/audio/speech");
    bench_answer_audio(b, 0);
    assert_string_equal(bench_reply_of(b, "s1")->provider, "openai-tts");
    bench_breaker(b, "openai-tts", "open", 2, 0);
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
    assert_string_equal(bench_reply_of(b, "s2")->provider, "recording");
    bench_breaker(b, "elevenlabs", "half_open", 3, 0);
    bench_breaker(b, "elevenlabs", "closed", 4, 0);
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 2);
    assert_non_null(strstr(b->sent_url[1], "/v1/text-to-speech/"));
    bench_answer_audio(b, 1);
    assert_string_equal(bench_reply_of(b, "s3")->provider, "elevenlabs");
    assert_int_equal(count_events(b, "fallback.used"), 2);
}

// One deadline over the retries of all links together: a retry of the first link leaves the second
// one an attempt.
static void incident_41_retries_leave_the_next_link_its_attempt(void **state) {
    struct bench *b = *state;
    speech_of_two(b, RF_LOCAL_NONE);
    bench_request(b, "s1", "speech", "speak", "{\"text\": \"hello\"}", 24);
    assert_int_equal(b->sent_timeout[0], rf_seconds(15).ns);
    bench_answer(b, 0, 500, "{}");
    bench_advance(b, rf_seconds(5)); // its first retry, 19 s before the end
    assert_int_equal(b->sends, 2);
    bench_answer(b, 1, 500, "{}"); // the second one, 10 s later, would leave less than 15 s
    assert_int_equal(b->sends, 3);
    assert_string_equal(b->sent_url[2], "http://provider/v1/audio/speech");
    assert_int_equal(b->sent_timeout[2], rf_seconds(15).ns);
    bench_answer(b, 2, 500, "{}");
    bench_advance(b, rf_seconds(5)); // the last link may use it all
    assert_int_equal(b->sends, 4);
    assert_int_equal(b->sent_timeout[3], rf_seconds(14).ns);
    bench_answer(b, 3, 500, "{}");
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sent_timeout[4], rf_seconds(4).ns);
    bench_answer(b, 4, 500, "{}"); // 20 s more are not left
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_non_null(reply);
    assert_string_equal(reply->code, "deadline_exceeded");
}

// A provider that says nothing until the end does not take our own link's turn.
static void incident_41_a_silent_provider_leaves_the_next_link_a_moment(void **state) {
    struct bench *b = *state;
    b->limits.speech = (struct rf_config_chain){
        .links = {RF_PROVIDER_ELEVENLABS}, .count = 1, .local = RF_LOCAL_RECORDING};
    core_recording(&b->core, &hello);
    bench_request(b, "s1", "speech", "speak", "{\"text\": \"hello\"}", 3);
    assert_int_equal(b->sent_timeout[0], rf_ms(2500).ns);
    bench_advance(b, rf_ms(2500));
    bench_fail(b, 0, RF_HTTP_TIMEOUT, true);
    assert_string_equal(bench_reply_of(b, "s1")->provider, "recording");
    bench_request(b, "s2", "speech", "speak", "{\"text\": \"hello\"}", 0);
    assert_string_equal(bench_reply_of(b, "s2")->code, "deadline_exceeded");
    assert_int_equal(b->sends, 1);
}

static void the_template_serves_when_no_provider_does(void **state) {
    struct bench *b = *state;
    b->limits.script.local = RF_LOCAL_TEMPLATE;
    b->limits.template = template;
    bench_breaker(b, "openai", "open", 2, 0);
    write_for(b, "w1", "{\"name\": \"Ann\", \"appointment\": \"Monday\"}");
    bench_answer(b, 0, 400, "{}");
    const struct bench_reply *reply = bench_reply_of(b, "w1");
    assert_true(reply->ok);
    assert_string_equal(reply->provider, "template");
    assert_string_equal(text_of(reply, "text"), "Hello Ann, about Monday.");
    assert_string_equal(text_of(reply, "provider"), "template");
    assert_int_equal(reply->attempts, 1); // an attempt is a request that was sent
    assert_int_equal(b->core.running[GATEWAY_SCRIPT], 0);
    assert_string_equal(b->events[b->event_count - 1].subject, "template");
    assert_string_equal(told(b, b->event_count - 1, "code"), "breaker_open");
}

static void a_template_that_cannot_be_filled_is_not_read_aloud(void **state) {
    struct bench *b = *state;
    b->limits.script = (struct rf_config_chain){.local = RF_LOCAL_TEMPLATE};
    b->limits.template = template;
    write_for(b, "w1", "{\"name\": \"Ann\"}");
    const struct bench_reply *reply = bench_reply_of(b, "w1");
    assert_false(reply->ok);
    assert_string_equal(reply->class, "permanent.invalid");
    assert_string_equal(reply->provider, "template");
    assert_string_equal(reply->message, "gateway.template: the contact has no {appointment}");
    assert_int_equal(b->releases, 1);
    assert_int_equal(b->core.call_count, 0);
}

// What a provider may still do for the contact later is worth more than the template's complaint.
static void a_template_that_cannot_be_filled_leaves_the_contact_to_the_providers(void **state) {
    struct bench *b = *state;
    b->limits.script.local = RF_LOCAL_TEMPLATE;
    b->limits.template = template;
    bench_breaker(b, "openai", "open", 2, b->at.utc.ns + RF_NS_PER_S);
    bench_breaker(b, "anthropic", "open", 2, b->at.utc.ns + 5 * RF_NS_PER_S);
    write_for(b, "w1", "{}");
    const struct bench_reply *reply = bench_reply_of(b, "w1");
    assert_string_equal(reply->code, "breaker_open");
    assert_int_equal(reply->retry_at, b->at.utc.ns + RF_NS_PER_S);
}

static void a_chain_of_our_own_link_alone_needs_no_provider_and_no_event(void **state) {
    struct bench *b = *state;
    b->limits.speech = (struct rf_config_chain){.local = RF_LOCAL_RECORDING};
    core_recording(&b->core, &hello);
    for (int p = 0; p < RF_PROVIDER_COUNT; p++)
        b->settings[p].key.value = NULL;
    bench_speak(b, "s1");
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_true(reply->ok);
    assert_string_equal(text_of(reply, "audio"), "ab");
    assert_string_equal(text_of(reply, "format"), "mp3");
    assert_int_equal(json_integer_value(json_object_get(reply->result, "size")), 9);
    assert_string_equal(reply->sent, "no");
    assert_int_equal(b->event_count, 0);
    assert_int_equal(b->stores, 0);
}

static void a_recording_that_was_never_loaded_is_not_served(void **state) {
    struct bench *b = *state;
    b->limits.speech = (struct rf_config_chain){.local = RF_LOCAL_RECORDING};
    bench_speak(b, "s1");
    assert_false(bench_reply_of(b, "s1")->ok);
    assert_string_equal(bench_reply_of(b, "s1")->code, "recording");
}

static void a_provider_without_a_key_is_passed_over_for_our_own_link(void **state) {
    struct bench *b = *state;
    b->limits.speech = (struct rf_config_chain){
        .links = {RF_PROVIDER_ELEVENLABS}, .count = 1, .local = RF_LOCAL_RECORDING};
    core_recording(&b->core, &hello);
    b->settings[RF_PROVIDER_ELEVENLABS].key.value = NULL;
    bench_speak(b, "s1");
    assert_string_equal(bench_reply_of(b, "s1")->provider, "recording");
    assert_int_equal(b->mark_count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_10_a_permanent_error_of_one_link_is_not_one_of_the_chain),
        TEST(incident_12_the_length_of_the_chain_bounds_a_call),
        TEST(incident_40_the_preferred_link_is_used_again_when_its_breaker_has_closed),
        TEST(incident_41_retries_leave_the_next_link_its_attempt),
        TEST(incident_41_a_silent_provider_leaves_the_next_link_a_moment),
        TEST(the_template_serves_when_no_provider_does),
        TEST(a_template_that_cannot_be_filled_is_not_read_aloud),
        TEST(a_template_that_cannot_be_filled_leaves_the_contact_to_the_providers),
        TEST(a_chain_of_our_own_link_alone_needs_no_provider_and_no_event),
        TEST(a_recording_that_was_never_loaded_is_not_served),
        TEST(a_provider_without_a_key_is_passed_over_for_our_own_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
