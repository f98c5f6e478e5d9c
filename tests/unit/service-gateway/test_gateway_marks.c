// Marks: one call makes it, the others find it, a changed key takes it away.
#include "bench.h"

#include <string.h>

#define REFUSED "{\"detail\": {\"code\": \"invalid_api_key\", \"message\": \"Invalid API key\"}}"
#define ANTHROPIC_OK                                                                               \
    "{\"content\": [{\"type\": \"text\", \"text\": \"Hello\"}], \"stop_reason\": \"end_turn\"}"

static const enum rf_provider eleven = RF_PROVIDER_ELEVENLABS;

static void a_refused_key_is_permanent_once_and_makes_the_mark(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    assert_null(bench_reply_of(b, "s1")); // the compare-and-set decides
    assert_int_equal(b->mark_count, 1);
    json_t *mark = b->marks[0];
    assert_string_equal(json_string_value(json_object_get(mark, "class")), "permanent.auth");
    assert_string_equal(json_string_value(json_object_get(mark, "message")), "Invalid API key");
    assert_string_equal(json_string_value(json_object_get(mark, "fingerprint")),
                        "0123456789abcdef");
    assert_string_equal(json_string_value(json_object_get(mark, "clears")), "key");
    assert_string_equal(json_string_value(json_object_get(mark, "contact")), "c-1");
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 0);
    core_marked(&b->core, eleven, "s1", NULL, mark, b->at);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->class, "permanent.auth");
    assert_true(reply->mark_made);
    assert_int_equal(reply->attempts, 1);
    assert_string_equal(reply->message, "Invalid API key");
    bench_advance(b, rf_seconds(100));
    assert_int_equal(b->sends, 1);       // no retry
    assert_int_equal(b->event_count, 0); // the broker tells of the mark
}

static void a_call_that_loses_the_race_for_the_mark_is_only_marked(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 401, REFUSED);
    bench_answer(b, 1, 401, REFUSED);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_marked(&b->core, eleven, "s2", "conflict", b->marks[0], b->at);
    const struct bench_reply *reply = bench_reply_of(b, "s2");
    assert_string_equal(reply->class, "local");
    assert_string_equal(reply->code, "marked");
    assert_false(reply->mark_made);
    assert_non_null(strstr(reply->message, "Invalid API key"));
}

static void while_a_mark_stands_no_call_is_begun(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    bench_speak(b, "s2");
    bench_answer(b, 1, 503, "{}"); // waits for its retry
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_mark_changed(&b->core, eleven, 1, b->marks[0], b->at);
    assert_string_equal(bench_reply_of(b, "s2")->code, "marked"); // its wait ended at once
    bench_speak(b, "s3");
    assert_string_equal(bench_reply_of(b, "s3")->code, "marked");
    assert_int_equal(b->sends, 2);
    core_mark_changed(&b->core, eleven, 0, NULL, b->at); // a person cleared it
    bench_speak(b, "s4");
    assert_int_equal(b->sends, 3);
}

static void a_changed_key_takes_the_mark_away(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 0); // still the same key
    strcpy(b->settings[eleven].key.fingerprint, "fedcba9876543210");
    core_settings_changed(&b->core, b->at);
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 1); // asked once
    bench_speak(b, "s2");            // a mark of another key does not bind ours
    assert_int_equal(b->sends, 2);
    core_unmarked(&b->core, eleven, NULL, b->at);
    assert_string_equal(b->events[0].type, "mark.cleared");
    assert_false(core_mark_stands(&b->core));
}

static void a_late_refusal_of_the_old_key_does_not_mark_the_new_one(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 401, REFUSED);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    strcpy(b->settings[eleven].key.fingerprint, "fedcba9876543210");
    core_settings_changed(&b->core, b->at);
    core_unmarked(&b->core, eleven, NULL, b->at);
    core_mark_changed(&b->core, eleven, 0, NULL, b->at);
    // Sent with the old key, answered when the new one holds.
    bench_answer(b, 1, 401, REFUSED);
    assert_int_equal(b->mark_count, 1);
    const struct bench_reply *reply = bench_reply_of(b, "s2");
    assert_string_equal(reply->class, "local");
    assert_string_equal(reply->code, "marked");
    assert_false(reply->mark_made);
    bench_speak(b, "s3");
    assert_int_equal(b->sends, 3);
    bench_answer(b, 2, 401, REFUSED); // the new key is refused as well
    assert_int_equal(b->mark_count, 2);
    assert_string_equal(json_string_value(json_object_get(b->marks[1], "fingerprint")),
                        "fedcba9876543210");
}

static void a_mark_that_could_not_be_cleared_is_tried_again(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    strcpy(b->settings[eleven].key.fingerprint, "fedcba9876543210");
    core_settings_changed(&b->core, b->at);
    core_unmarked(&b->core, eleven, "disconnected", b->at);
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 2);
    assert_int_equal(b->event_count, 0);
}

static void a_configuration_mark_falls_with_its_section(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_CERTIFICATE, false);
    assert_string_equal(json_string_value(json_object_get(b->marks[0], "class")),
                        "permanent.config");
    assert_string_equal(json_string_value(json_object_get(b->marks[0], "clears")), "person");
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    assert_string_equal(bench_reply_of(b, "s1")->class, "permanent.config");
    core_mark_changed(&b->core, eleven, 7, b->marks[0], b->at);
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 0);
    b->providers[eleven].ca_file = "/etc/ca.pem";
    core_settings_changed(&b->core, b->at);
    assert_int_equal(b->unmarks, 1);
}

static void a_silent_name_server_marks_nobody_and_is_retried(void **state) {
    struct bench *b = *state;
    b->only = true;
    bench_speak(b, "s1");
    bench_fail(b, 0, RF_HTTP_RESOLVER, false);
    assert_int_equal(b->mark_count, 0);
    assert_null(bench_reply_of(b, "s1"));
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 2);
    bench_fail(b, 1, RF_HTTP_RESOLVE, false); // it answers, and knows no such host
    assert_int_equal(b->mark_count, 1);
    assert_string_equal(json_string_value(json_object_get(b->marks[0], "code")), "unknown_host");
}

static void an_answer_that_was_lost_with_the_broker_is_asked_for_again(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    core_marked(&b->core, eleven, "s1", "disconnected", NULL, b->at);
    assert_null(bench_reply_of(b, "s1"));
    bench_advance(b, rf_seconds(1));
    assert_int_equal(b->mark_count, 2);
    // It had been carried out: the mark names our call.
    core_marked(&b->core, eleven, "s1", "conflict", b->marks[0], b->at);
    assert_true(bench_reply_of(b, "s1")->mark_made);
}

static void a_mark_under_an_older_key_does_not_decide_over_a_newer_one(void **state) {
    struct bench *b = *state;
    json_t *older = json_pack("{s:s, s:s, s:s, s:s}", "class", "permanent.auth", "message", "old",
                              "fingerprint", "1111111111111111", "call", "other");
    bench_speak(b, "s1");
    bench_answer(b, 0, 401, REFUSED);
    core_marked(&b->core, eleven, "s1", "conflict", older, b->at);
    assert_null(bench_reply_of(b, "s1"));
    bench_advance(b, rf_seconds(1));
    assert_int_equal(b->mark_count, 2);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[1], b->at);
    assert_true(bench_reply_of(b, "s1")->mark_made);
    json_decref(older);
}

static void incident_10_a_marked_link_is_not_the_end_of_the_chain(void **state) {
    struct bench *b = *state;
    bench_write(b, "w1");
    bench_answer(b, 0, 401, "{\"error\": {\"message\": \"no\", \"code\": \"invalid_api_key\"}}");
    core_marked(&b->core, RF_PROVIDER_OPENAI, "w1", NULL, b->marks[0], b->at);
    assert_int_equal(b->sends, 2);
    bench_answer(b, 1, 200, ANTHROPIC_OK);
    assert_true(bench_reply_of(b, "w1")->ok);
    core_mark_changed(&b->core, RF_PROVIDER_OPENAI, 1, b->marks[0], b->at);
    bench_write(b, "w2");
    assert_string_equal(b->sent_url[2], "http://provider/v1/messages");
}

static void incident_13_a_spent_quota_is_no_rate_limit_and_tells_why(void **state) {
    struct bench *b = *state;
    b->limits.script = (struct rf_config_chain){.links = {RF_PROVIDER_OPENAI}, .count = 1};
    bench_write(b, "w1");
    bench_answer(b, 0, 429,
                 "{\"error\": {\"message\": \"You exceeded your current quota\","
                 " \"type\": \"insufficient_quota\", \"code\": \"insufficient_quota\"}}");
    assert_string_equal(json_string_value(json_object_get(b->marks[0], "class")),
                        "permanent.quota");
    core_marked(&b->core, RF_PROVIDER_OPENAI, "w1", NULL, b->marks[0], b->at);
    const struct bench_reply *reply = bench_reply_of(b, "w1");
    assert_string_equal(reply->class, "permanent.quota");
    assert_string_equal(reply->code, "insufficient_quota");
    assert_string_equal(reply->message, "You exceeded your current quota");
    bench_advance(b, rf_seconds(100));
    assert_int_equal(b->sends, 1);
}

static void incident_14_a_retry_after_of_days_is_not_waited_for(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, "{\"detail\": {\"code\": \"rate_limit_exceeded\"}}",
                       rf_seconds(86400 * 3));
    assert_int_equal(b->mark_count, 1);
    assert_int_equal(b->mark_ttl.ns, 86400 * 3 * RF_NS_PER_S); // it ends by itself
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->class, "rate_limited");
    assert_true(reply->exhausted);
    assert_int_equal(reply->retry_at, b->at.utc.ns + 86400 * 3 * RF_NS_PER_S);
    core_mark_changed(&b->core, eleven, 1, b->marks[0], b->at);
    bench_speak(b, "s2");
    assert_string_equal(bench_reply_of(b, "s2")->code, "marked");
    assert_int_equal(bench_reply_of(b, "s2")->retry_at, reply->retry_at);
}

static void an_invalid_number_makes_no_mark(void **state) {
    struct bench *b = *state;
    bench_dial(b, "d1");
    bench_answer(b, 0, 400, "{\"code\": 21211, \"message\": \"not valid\", \"status\": 400}");
    const struct bench_reply *reply = bench_reply_of(b, "d1");
    assert_string_equal(reply->class, "permanent.invalid");
    assert_string_equal(reply->code, "21211");
    assert_false(reply->mark_made);
    assert_int_equal(b->mark_count, 0);
}

// Others can be called: the number's country is what Twilio does not permit.
static void a_country_that_is_not_permitted_concerns_its_number_alone(void **state) {
    struct bench *b = *state;
    bench_dial(b, "d1");
    bench_answer(b, 0, 400, "{\"code\": 21215, \"message\": \"not authorized\", \"status\": 400}");
    const struct bench_reply *reply = bench_reply_of(b, "d1");
    assert_string_equal(reply->class, "permanent.config");
    assert_string_equal(reply->code, "21215");
    assert_false(reply->mark_made);
    assert_true(reply->destination);
    assert_int_equal(b->mark_count, 0);
    bench_dial(b, "d2");
    bench_answer(b, 1, 201, "{\"sid\": \"CA1\", \"status\": \"queued\"}");
    assert_true(bench_reply_of(b, "d2")->ok);
}

static void a_key_that_cannot_be_sent_is_a_configuration_error(void **state) {
    struct bench *b = *state;
    b->send_error = RF_ERR_INVALID;
    bench_speak(b, "s1");
    assert_int_equal(b->mark_count, 1);
    core_marked(&b->core, eleven, "s1", NULL, b->marks[0], b->at);
    assert_string_equal(bench_reply_of(b, "s1")->class, "permanent.config");
    assert_int_equal(bench_reply_of(b, "s1")->attempts, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

// ---- telephony: questions about calls that were placed ----

static const enum rf_provider twilio = RF_PROVIDER_TWILIO;

// A mark of this class, made elsewhere, that fits our key.
static void stand(struct bench *b, const char *class, const char *code) {
    json_t *mark = json_pack("{s:s, s:s, s:s, s:s, s:s}", "class", class, "code", code, "message",
                             "no more calls", "fingerprint", "0123456789abcdef", "call", "other");
    core_mark_changed(&b->core, twilio, 3, mark, b->at);
    json_decref(mark);
}

static void ask_status(struct bench *b, const char *id) {
    bench_request(b, id, "telephony", "call_status", "{\"sid\": \"CA1\"}", 60);
}

// To ask costs nothing, and who was called already is followed to the end of the call.
static void a_mark_that_forbids_dialling_does_not_forbid_to_ask_about_calls(void **state) {
    static const struct {
        const char *class, *code;
        bool may_ask;
    } cases[] = {
        {"permanent.quota", "10001", true},  {"permanent.quota", "22005", true},
        {"permanent.config", "21210", true}, {"permanent.config", "21212", true},
        {"permanent.auth", "20003", false}, // the key cannot ask either
        {"rate_limited", "20429", false},   // the provider wants to be left alone
    };
    struct bench *b = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char dial[8], question[8], search[8];
        int sends = b->sends;
        snprintf(dial, sizeof dial, "d%zu", i);
        snprintf(question, sizeof question, "q%zu", i);
        snprintf(search, sizeof search, "f%zu", i);
        stand(b, cases[i].class, cases[i].code);
        bench_dial(b, dial);
        assert_string_equal(bench_reply_of(b, dial)->code, "marked");
        ask_status(b, question);
        bench_request(b, search, "telephony", "find_call",
                      "{\"to\": \"+12025550100\", \"created_after\": 0, \"known\": []}", 60);
        if (!cases[i].may_ask) {
            assert_string_equal(bench_reply_of(b, question)->code, "marked");
            assert_string_equal(bench_reply_of(b, search)->code, "marked");
            assert_int_equal(b->sends, sends);
            continue;
        }
        assert_int_equal(b->sends, sends + 2);
        bench_answer(b, sends, 200, "{\"sid\": \"CA1\", \"status\": \"completed\"}");
        assert_true(bench_reply_of(b, question)->ok);
        bench_answer(b, sends + 1, 200, "{\"calls\": []}");
        assert_true(bench_reply_of(b, search)->ok);
    }
    assert_int_equal(b->unmarks, 0); // that it answers questions says nothing of dials
}

static void a_question_that_waits_for_its_retry_outlives_a_mark_on_dialling(void **state) {
    struct bench *b = *state;
    ask_status(b, "q1");
    bench_answer(b, 0, 503, "{}");
    stand(b, "permanent.quota", "10001");
    assert_null(bench_reply_of(b, "q1"));
    bench_advance(b, rf_seconds(10));
    assert_int_equal(b->sends, 2);
    bench_answer(b, 1, 503, "{}"); // and its next retry is decided under the mark
    assert_null(bench_reply_of(b, "q1"));
    stand(b, "permanent.auth", "20003");
    assert_string_equal(bench_reply_of(b, "q1")->code, "marked");
}

static void a_question_that_fails_under_a_mark_makes_no_other(void **state) {
    struct bench *b = *state;
    stand(b, "permanent.quota", "10001");
    ask_status(b, "q1");
    bench_answer(b, 0, 401, "{\"code\": 20003, \"message\": \"Authenticate\", \"status\": 401}");
    assert_string_equal(bench_reply_of(b, "q1")->code, "marked");
    assert_int_equal(b->mark_count, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_refused_key_is_permanent_once_and_makes_the_mark),
        TEST(a_call_that_loses_the_race_for_the_mark_is_only_marked),
        TEST(while_a_mark_stands_no_call_is_begun),
        TEST(a_changed_key_takes_the_mark_away),
        TEST(a_late_refusal_of_the_old_key_does_not_mark_the_new_one),
        TEST(a_mark_that_could_not_be_cleared_is_tried_again),
        TEST(a_configuration_mark_falls_with_its_section),
        TEST(a_silent_name_server_marks_nobody_and_is_retried),
        TEST(an_answer_that_was_lost_with_the_broker_is_asked_for_again),
        TEST(a_mark_under_an_older_key_does_not_decide_over_a_newer_one),
        TEST(incident_10_a_marked_link_is_not_the_end_of_the_chain),
        TEST(incident_13_a_spent_quota_is_no_rate_limit_and_tells_why),
        TEST(incident_14_a_retry_after_of_days_is_not_waited_for),
        TEST(an_invalid_number_makes_no_mark),
        TEST(a_country_that_is_not_permitted_concerns_its_number_alone),
        TEST(a_key_that_cannot_be_sent_is_a_configuration_error),
        TEST(a_mark_that_forbids_dialling_does_not_forbid_to_ask_about_calls),
        TEST(a_question_that_waits_for_its_retry_outlives_a_mark_on_dialling),
        TEST(a_question_that_fails_under_a_mark_makes_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
