// The way of a call, by given time.
#include "bench.h"

#include <string.h>

#define OPENAI_OK                                                                                  \
    "{\"choices\": [{\"message\": {\"content\": \"Hi\"}, \"finish_reason\": \"stop\"}]}"
#define ANTHROPIC_OK                                                                               \
    "{\"content\": [{\"type\": \"text\", \"text\": \"Hello\"}], \"stop_reason\": \"end_turn\"}"
#define TWILIO_OK "{\"sid\": \"CA1\", \"status\": \"queued\"}"

static void speech_is_stored_by_its_hash_and_answered(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
    assert_string_equal(b->sent_url[0],
                        "http://provider/v1/text-to-speech/v1?output_format=mp3_22050_32");
    bench_answer_audio(b, 0);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_true(reply->ok);
    assert_string_equal(reply->class, "ok");
    assert_string_equal(reply->sent, "yes");
    assert_int_equal(reply->attempts, 1);
    assert_string_equal(json_string_value(json_object_get(reply->result, "audio")),
                        b->stored_sha256);
    assert_int_equal(json_integer_value(json_object_get(reply->result, "size")), 9);
    assert_string_equal(json_string_value(json_object_get(reply->result, "format")), "mp3");
    assert_int_equal(b->releases, 1);
    assert_int_equal(b->outcome_count, 1);
    assert_int_equal(b->outcomes[0].class, RF_CLASS_OK);
    assert_int_equal(b->core.call_count, 0);
}

static void retries_wait_5_10_and_20_seconds_and_are_then_exhausted(void **state) {
    struct bench *b = *state;
    static const int waits[] = {5, 10, 20};
    bench_speak(b, "s1");
    for (int i = 0; i < 3; i++) {
        bench_answer(b, i, 503, "{\"detail\": {\"message\": \"over capacity\"}}");
        assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 1);
        assert_int_equal(b->core.running[GATEWAY_SPEECH], 0); // a wait holds no place
        bench_advance(b, rf_ns(waits[i] * RF_NS_PER_S - 1));
        assert_int_equal(b->sends, i + 1);
        bench_advance(b, rf_ns(1));
        assert_int_equal(b->sends, i + 2);
    }
    assert_int_equal(b->releases, 1); // the credit went back with the first wait, once
    assert_int_equal(b->last_waiting, 1);
    bench_answer(b, 3, 503, "{\"detail\": {\"message\": \"over capacity\"}}");
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->class, "transient");
    assert_true(reply->exhausted);
    assert_int_equal(reply->attempts, 4);
    assert_string_equal(reply->message, "over capacity");
    assert_int_equal(b->releases, 1);
    assert_int_equal(b->outcome_count, 4);
    assert_int_equal(b->event_count, 4);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(b->events[i].type, "retry.scheduled");
        assert_int_equal(json_integer_value(json_object_get(b->events[i].data, "wait_ns")),
                         waits[i] * RF_NS_PER_S);
        assert_int_equal(json_integer_value(json_object_get(b->events[i].data, "attempt")), i + 1);
    }
    assert_string_equal(b->events[3].type, "retry.exhausted");
    assert_string_equal(b->events[3].subject, "elevenlabs");
    assert_int_equal(json_integer_value(json_object_get(b->events[3].data, "attempts")), 4);
}

static void a_breaker_that_opens_ends_the_wait_at_once(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 503, "{\"detail\": {\"message\": \"over capacity\"}}");
    assert_null(bench_reply_of(b, "s1"));
    int64_t until = b->at.utc.ns + 30 * RF_NS_PER_S;
    bench_breaker(b, "elevenlabs", "open", 1, until);
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->class, "local");
    assert_string_equal(reply->code, "breaker_open");
    assert_int_equal(reply->retry_at, until);
    assert_int_equal(reply->attempts, 1);
    assert_non_null(strstr(reply->message, "over capacity"));
    assert_int_equal(b->core.waiting[GATEWAY_SPEECH], 0);
    bench_advance(b, rf_seconds(60));
    assert_int_equal(b->sends, 1);
}

static void an_open_breaker_refuses_at_once_and_a_closed_one_admits_again(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "open", 1, 5);
    bench_speak(b, "s1");
    assert_string_equal(bench_reply_of(b, "s1")->code, "breaker_open");
    assert_string_equal(bench_reply_of(b, "s1")->sent, "no");
    assert_int_equal(b->outcome_count, 0); // a refusal is no attempt
    bench_breaker(b, "elevenlabs", "closed", 3, 0);
    bench_breaker(b, "elevenlabs", "open", 2, 5); // overtaken on its way
    bench_speak(b, "s2");
    assert_int_equal(b->sends, 1);
}

static void after_a_broker_restart_a_lower_epoch_is_taken(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "open", 9, 5);
    core_connected(&b->core, false, b->at);
    core_connected(&b->core, true, b->at);
    bench_breaker(b, "elevenlabs", "closed", 0, 0);
    bench_speak(b, "s1");
    assert_int_equal(b->sends, 1);
}

static void incident_3_a_late_outcome_carries_the_epoch_in_which_it_began(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "closed", 4, 0);
    bench_speak(b, "s1");
    bench_breaker(b, "elevenlabs", "open", 5, 1);
    bench_breaker(b, "elevenlabs", "half_open", 6, 0);
    bench_answer(b, 0, 503, "{}");
    assert_int_equal(b->outcomes[0].epoch, 4);
    assert_string_equal(b->outcomes[0].permit, "");
}

static void half_open_sends_one_test_and_refuses_the_others(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    bench_speak(b, "s2"); // while the permit is asked for
    assert_int_equal(b->permit_count, 1);
    assert_string_equal(b->permits[0], "s1");
    assert_string_equal(bench_reply_of(b, "s2")->code, "breaker_open");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(9), b->at);
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->sent_timeout[0], 9 * RF_NS_PER_S); // never beyond the lease
    bench_speak(b, "s3");                                  // while the test is under way
    assert_string_equal(bench_reply_of(b, "s3")->code, "breaker_open");
    assert_int_equal(b->permit_count, 1);
    bench_answer_audio(b, 0);
    assert_true(bench_reply_of(b, "s1")->ok);
    assert_int_equal(b->outcome_count, 1);
    assert_string_equal(b->outcomes[0].permit, "p1");
    assert_int_equal(b->outcomes[0].epoch, 2);
}

static void a_failed_test_does_not_wait_for_a_retry(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    bench_answer(b, 0, 503, "{\"detail\": {\"message\": \"still down\"}}");
    assert_string_equal(bench_reply_of(b, "s1")->code, "breaker_open");
    assert_non_null(strstr(bench_reply_of(b, "s1")->message, "still down"));
    assert_int_equal(b->event_count, 0);
}

static void a_refused_permit_is_an_open_breaker_unless_it_closed_meanwhile(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, NULL, 2, rf_ns(0), b->at);
    assert_string_equal(bench_reply_of(b, "s1")->code, "breaker_open");
    bench_speak(b, "s2");
    assert_int_equal(b->permit_count, 2); // the next call asks again
    bench_breaker(b, "elevenlabs", "closed", 3, 0);
    core_permit(&b->core, "s2", RF_PROVIDER_ELEVENLABS, NULL, 2, rf_ns(0), b->at);
    assert_int_equal(b->sends, 1);
}

static void incident_1_a_cancelled_test_gives_its_permit_back(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    core_cancel(&b->core, "s1", b->at);
    assert_int_equal(b->aborts, 1);
    assert_string_equal(bench_reply_of(b, "s1")->code, "cancelled");
    assert_int_equal(b->outcome_count, 1);
    assert_string_equal(b->outcomes[0].permit, "p1");
    assert_int_equal(b->outcomes[0].class, RF_CLASS_LOCAL);
    bench_speak(b, "s2");
    assert_int_equal(b->permit_count, 2);

    // Cancelled while it asked: the grant that comes afterwards is given back, and the next one
    // asks.
    core_cancel(&b->core, "s2", b->at);
    core_permit(&b->core, "s2", RF_PROVIDER_ELEVENLABS, "p2", 2, rf_seconds(45), b->at);
    assert_int_equal(b->sends, 1);
    assert_string_equal(b->outcomes[1].permit, "p2");
    assert_int_equal(b->outcomes[1].class, RF_CLASS_LOCAL);
    bench_speak(b, "s3");
    assert_int_equal(b->permit_count, 3);
}

static void incident_2_a_test_whose_class_does_not_count_gives_its_permit_back(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    bench_answer(b, 0, 422, "{\"detail\": [{\"msg\": \"field required\"}]}");
    assert_string_equal(bench_reply_of(b, "s1")->class, "permanent.invalid");
    assert_string_equal(b->outcomes[0].permit, "p1");
    assert_int_equal(b->outcomes[0].class, RF_CLASS_PERMANENT_INVALID);
    bench_speak(b, "s2"); // the next call is the test
    assert_int_equal(b->permit_count, 2);
}

static void a_test_that_cannot_begin_gives_its_permit_back(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_request(b, "s1", "speech", "speak", "{}", 60);
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    assert_string_equal(bench_reply_of(b, "s1")->class, "permanent.invalid");
    assert_string_equal(bench_reply_of(b, "s1")->sent, "no");
    assert_int_equal(b->sends, 0);
    assert_string_equal(b->outcomes[0].permit, "p1");
    assert_int_equal(b->outcomes[0].class, RF_CLASS_LOCAL);
}

static void two_permits_are_never_in_use(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "elevenlabs", "half_open", 2, 0);
    bench_speak(b, "s1");
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p1", 2, rf_seconds(45), b->at);
    core_permit(&b->core, "s1", RF_PROVIDER_ELEVENLABS, "p2", 2, rf_seconds(45), b->at);
    assert_int_equal(b->sends, 1);
    assert_string_equal(b->outcomes[0].permit, "p2");
    assert_int_equal(b->outcomes[0].class, RF_CLASS_LOCAL);
}

static void incident_16_an_ambiguous_dial_is_never_repeated(void **state) {
    struct bench *b = *state;
    static const struct {
        enum rf_http_failure failure;
        long status;
        const char *body;
    } cases[] = {
        {RF_HTTP_TIMEOUT, 0, ""},
        {RF_HTTP_BROKEN, 0, ""},
        {RF_HTTP_TRUNCATED, 201, "{\"sid\": \"CA"},
        {RF_HTTP_NONE, 201, "{\"sid\": \"CA"}, // a 201 whose body cannot be read
        {RF_HTTP_NONE, 200, "<html>"},
        {RF_HTTP_NONE, 500, "{\"code\": 20500, \"message\": \"internal\"}"},
        {RF_HTTP_NONE, 503, ""},
        {RF_HTTP_NONE, 429, "slow down"}, // not Twilio's own words
    };
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        char id[16];
        snprintf(id, sizeof id, "d%d", i);
        bench_dial(b, id);
        assert_int_equal(b->sends, i + 1);
        if (cases[i].failure != RF_HTTP_NONE)
            bench_fail(b, i, cases[i].failure, true);
        else
            bench_answer(b, i, cases[i].status, cases[i].body);
        bench_advance(b, rf_seconds(30));
        assert_int_equal(b->sends, i + 1);
        const struct bench_reply *reply = bench_reply_of(b, id);
        assert_string_equal(reply->class, "ambiguous");
        assert_string_equal(reply->sent, "maybe");
        assert_int_equal(reply->attempts, 1);
    }
}

static void an_ambiguous_dial_does_not_fall_through_to_another_provider(void **state) {
    struct bench *b = *state;
    b->limits.telephony =
        (struct rf_config_chain){.links = {RF_PROVIDER_TWILIO, RF_PROVIDER_TWILIO}, .count = 2};
    bench_dial(b, "d1");
    bench_fail(b, 0, RF_HTTP_BROKEN, true);
    assert_int_equal(b->sends, 1);
    assert_string_equal(bench_reply_of(b, "d1")->class, "ambiguous");
}

static void a_dial_that_was_never_written_or_not_processed_is_repeated(void **state) {
    struct bench *b = *state;
    b->only = true;
    bench_dial(b, "d1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 2);
    bench_answer(b, 1, 429, "{\"code\": 20429, \"message\": \"too many\"}");
    assert_null(bench_reply_of(b, "d1"));
    assert_int_equal(b->core.waiting[GATEWAY_TELEPHONY], 1);
}

static void nothing_is_dialled_after_send_before(void **state) {
    struct bench *b = *state;
    b->only = true;
    bench_dial(b, "d1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_seconds(5)); // 5 of 10 s
    bench_fail(b, 1, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_seconds(10)); // 15 s
    assert_int_equal(b->sends, 2);
    const struct bench_reply *reply = bench_reply_of(b, "d1");
    assert_string_equal(reply->class, "local");
    assert_string_equal(reply->code, "deadline_exceeded");
    assert_string_equal(reply->sent, "no");

    // The transfer's own check, when its connection stands.
    bench_dial(b, "d2");
    bench_fail(b, 2, RF_HTTP_TOO_LATE, false);
    assert_string_equal(bench_reply_of(b, "d2")->code, "deadline_exceeded");
    assert_string_equal(bench_reply_of(b, "d2")->sent, "no");
    assert_int_equal(bench_reply_of(b, "d2")->attempts, 0);
    assert_int_equal(b->outcome_count, 2);
}

static void no_clock_that_is_set_back_lets_a_dial_begin_later(void **state) {
    struct bench *b = *state;
    b->only = true;
    // While it waits here,
    bench_dial(b, "d1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false);
    b->at.utc = rf_utc_add(b->at.utc, rf_seconds(-3600));
    bench_advance(b, rf_seconds(5)); // 5 of 10 s
    bench_fail(b, 1, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_seconds(10)); // 15 s
    assert_int_equal(b->sends, 2);
    assert_string_equal(bench_reply_of(b, "d1")->code, "deadline_exceeded");
    // or before it came, in the broker's queue.
    b->ahead = rf_seconds(3600);
    b->queued = rf_seconds(11);
    bench_dial(b, "d2");
    assert_int_equal(b->sends, 2);
    assert_string_equal(bench_reply_of(b, "d2")->code, "deadline_exceeded");
    assert_string_equal(bench_reply_of(b, "d2")->sent, "no");
    b->queued = rf_seconds(8);
    bench_dial(b, "d3");
    bench_fail(b, 2, RF_HTTP_CONNECT, false);
    bench_advance(b, rf_seconds(7));
    assert_int_equal(b->sends, 3);
    assert_string_equal(bench_reply_of(b, "d3")->code, "deadline_exceeded");
}

static void a_lost_broker_drops_dials_that_have_not_begun_and_no_others(void **state) {
    struct bench *b = *state;
    b->only = true;
    bench_dial(b, "d1");
    bench_dial(b, "d2");
    bench_fail(b, 1, RF_HTTP_CONNECT, false); // d2 waits for its retry
    bench_speak(b, "s1");
    bench_answer(b, 2, 503, "{}"); // s1 waits too
    core_connected(&b->core, false, b->at);
    assert_null(bench_reply_of(b, "d1"));
    assert_string_equal(bench_reply_of(b, "d2")->code, "worker_lost");
    assert_string_equal(bench_reply_of(b, "d2")->sent, "no");
    assert_null(bench_reply_of(b, "s1"));
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 4); // the speech goes on
    bench_answer(b, 0, 201, TWILIO_OK);
    assert_true(bench_reply_of(b, "d1")->ok);
    bench_dial(b, "d3");
    assert_string_equal(bench_reply_of(b, "d3")->code, "worker_lost");
}

static void without_a_lease_no_dial_begins_though_nobody_has_noticed_yet(void **state) {
    struct bench *b = *state;
    b->only = true;
    bench_dial(b, "d1");
    bench_fail(b, 0, RF_HTTP_CONNECT, false); // waits for its retry; then the process was stopped
    b->unleased = true;
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 1);
    assert_string_equal(bench_reply_of(b, "d1")->code, "worker_lost");
    assert_string_equal(bench_reply_of(b, "d1")->sent, "no");
    bench_speak(b, "s1"); // may be repeated
    assert_int_equal(b->sends, 2);
}

static void a_dial_on_its_way_is_not_cancelled(void **state) {
    struct bench *b = *state;
    bench_dial(b, "d1");
    core_cancel(&b->core, "d1", b->at);
    assert_int_equal(b->aborts, 0);
    assert_null(bench_reply_of(b, "d1"));
    bench_answer(b, 0, 201, TWILIO_OK);
    assert_true(bench_reply_of(b, "d1")->ok);
    assert_string_equal(json_string_value(json_object_get(bench_reply_of(b, "d1")->result, "sid")),
                        "CA1");
}

static void the_chain_falls_to_the_next_link_when_the_breaker_is_open(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "openai", "open", 1, 1);
    bench_write(b, "w1");
    assert_string_equal(b->sent_url[0], "http://provider/v1/messages");
    bench_answer(b, 0, 200, ANTHROPIC_OK);
    const struct bench_reply *reply = bench_reply_of(b, "w1");
    assert_true(reply->ok);
    assert_string_equal(reply->provider, "anthropic");
    assert_string_equal(json_string_value(json_object_get(reply->result, "text")), "Hello");
}

static void the_chain_falls_to_the_next_link_when_retries_are_exhausted(void **state) {
    struct bench *b = *state;
    bench_write(b, "w1");
    for (int i = 0; i < 4; i++) {
        bench_answer(b, i, 500, "{}");
        bench_advance(b, rf_seconds(20));
    }
    assert_int_equal(b->sends, 5);
    assert_string_equal(b->sent_url[4], "http://provider/v1/messages");
    bench_answer(b, 4, 500, "{}");
    bench_advance(b, rf_seconds(5)); // the next link has retries of its own
    assert_int_equal(b->sends, 6);
    bench_answer(b, 5, 200, ANTHROPIC_OK);
    assert_true(bench_reply_of(b, "w1")->ok);
    assert_int_equal(bench_reply_of(b, "w1")->attempts, 6);
}

static void the_chain_falls_to_the_next_link_on_a_permanent_error(void **state) {
    struct bench *b = *state;
    bench_write(b, "w1");
    bench_answer(b, 0, 200,
                 "{\"choices\": [{\"message\": {\"content\": \"x\"},"
                 " \"finish_reason\": \"content_filter\"}]}");
    assert_int_equal(b->sends, 2);
    bench_answer(b, 1, 200, ANTHROPIC_OK);
    assert_true(bench_reply_of(b, "w1")->ok);
}

static void a_call_that_another_link_may_serve_later_is_deferred(void **state) {
    struct bench *b = *state;
    bench_breaker(b, "anthropic", "open", 1, 77);
    bench_write(b, "w1");
    bench_answer(b, 0, 400, "{\"error\": {\"type\": \"invalid_request_error\"}}");
    assert_string_equal(bench_reply_of(b, "w1")->code, "breaker_open");
    assert_int_equal(bench_reply_of(b, "w1")->retry_at, 77);

    // Retries that were used up are told all the same: else it would come back for ever.
    bench_write(b, "w2");
    for (int i = 1; i < 5; i++) {
        bench_answer(b, i, 500, "{}");
        bench_advance(b, rf_seconds(20));
    }
    assert_true(bench_reply_of(b, "w2")->exhausted);
    assert_string_equal(bench_reply_of(b, "w2")->provider, "openai");
}

static void a_link_without_a_key_is_passed_over(void **state) {
    struct bench *b = *state;
    b->settings[RF_PROVIDER_OPENAI].key.value = NULL;
    bench_write(b, "w1");
    assert_string_equal(b->sent_url[0], "http://provider/v1/messages");
    bench_answer(b, 0, 200, ANTHROPIC_OK);
    assert_true(bench_reply_of(b, "w1")->ok);
}

static void an_attempt_is_cut_to_the_time_that_is_left(void **state) {
    struct bench *b = *state;
    bench_request(b, "s1", "speech", "speak", "{\"text\": \"hello\"}", 7);
    assert_int_equal(b->sent_timeout[0], 7 * RF_NS_PER_S);
    bench_advance(b, rf_seconds(3));
    bench_answer(b, 0, 503,
                 "{\"detail\": {\"message\": \"busy\"}}"); // 4 s are left, the wait is 5 s
    const struct bench_reply *reply = bench_reply_of(b, "s1");
    assert_string_equal(reply->code, "deadline_exceeded");
    assert_string_equal(reply->message, "busy");
    bench_request(b, "s2", "speech", "speak", "{\"text\": \"hello\"}", 0);
    assert_string_equal(bench_reply_of(b, "s2")->code, "deadline_exceeded");
    assert_int_equal(b->sends, 1);
}

static void calls_beyond_the_concurrency_wait_for_a_place_in_order(void **state) {
    struct bench *b = *state;
    char id[16];
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "s%d", i);
        bench_speak(b, id);
    }
    assert_int_equal(b->sends, 4);
    bench_answer_audio(b, 1);
    assert_int_equal(b->sends, 5);
    assert_string_equal(b->sent_call[4]->id, "s4");
    core_cancel(&b->core, "s5", b->at);
    assert_string_equal(bench_reply_of(b, "s5")->code, "cancelled");
    assert_string_equal(bench_reply_of(b, "s5")->sent, "no");
    bench_answer_audio(b, 0);
    assert_int_equal(b->sends, 5);
    assert_int_equal(b->core.running[GATEWAY_SPEECH], 3);
}

static void a_call_without_a_place_until_its_deadline_is_told_so(void **state) {
    struct bench *b = *state;
    char id[16];
    for (int i = 0; i < 4; i++) {
        snprintf(id, sizeof id, "s%d", i);
        bench_speak(b, id);
    }
    bench_request(b, "late", "speech", "speak", "{\"text\": \"hello\"}", 10);
    bench_advance(b, rf_seconds(10));
    assert_string_equal(bench_reply_of(b, "late")->code, "deadline_exceeded");
    assert_int_equal(b->sends, 4);
}

static void waiting_calls_are_bounded(void **state) {
    struct bench *b = *state;
    b->limits.max_waiting = 1;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 503, "{}");
    bench_answer(b, 1, 503, "{}");
    assert_null(bench_reply_of(b, "s1"));
    assert_string_equal(bench_reply_of(b, "s2")->code, "overloaded");
    assert_int_equal(bench_reply_of(b, "s2")->attempts, 1);
}

static void a_drain_hands_back_what_waits_and_lets_end_what_runs(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_speak(b, "s2");
    bench_answer(b, 0, 503, "{}");
    core_drain(&b->core, b->at);
    assert_int_equal(b->handbacks, 1);
    assert_int_equal(b->handback.retries, 1);
    assert_int_equal(b->handback.attempts.count, 1);
    assert_int_equal(b->handback.next_attempt, b->at.utc.ns + 5 * RF_NS_PER_S);
    assert_int_equal(b->core.call_count, 1);
    bench_answer(b, 1, 503, "{}"); // would wait: handed back instead
    assert_int_equal(b->handbacks, 2);
    assert_int_equal(b->core.call_count, 0);
    assert_int_equal(b->releases, 2);
    assert_int_equal(b->reply_count, 0);
}

static void a_call_that_was_handed_back_goes_on_where_it_stood(void **state) {
    struct bench *b = *state;
    struct rf_attempt attempts[] = {
        {.provider = "openai", .class = "transient", .began = 1},
        {.provider = "anthropic", .class = "transient", .began = 2},
    };
    struct rf_call_request request = {
        .id = "w1",
        .service = "script",
        .operation = "write",
        .deadline = rf_utc_add(b->at.utc, rf_seconds(120)).ns,
        .params = json_loads("{\"prompt\": \"greet\"}", 0, NULL),
        .attempts = {attempts, 2},
        .retries = 3,
        .next_attempt = rf_utc_add(b->at.utc, rf_seconds(4)).ns,
    };
    core_request(&b->core, &request, b->at);
    json_decref(request.params);
    assert_int_equal(b->sends, 0);
    assert_int_equal(b->releases, 1); // it waits, so it holds no place
    bench_advance(b, rf_seconds(4));
    assert_int_equal(b->sends, 1);
    assert_string_equal(b->sent_url[0], "http://provider/v1/messages");
    bench_answer(b, 0, 500, "{}");
    assert_true(bench_reply_of(b, "w1")->exhausted);
    assert_int_equal(bench_reply_of(b, "w1")->attempts, 3);
}

static void a_retry_after_within_bounds_is_waited_for(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer_later(b, 0, 429, "{\"detail\": {\"code\": \"rate_limit_exceeded\"}}",
                       rf_seconds(30));
    bench_advance(b, rf_ns(30 * RF_NS_PER_S - 1));
    assert_int_equal(b->sends, 1);
    bench_advance(b, rf_ns(1));
    assert_int_equal(b->sends, 2);
}

static void what_is_no_call_is_refused(void **state) {
    struct bench *b = *state;
    bench_request(b, "x1", "speech", "sing", "{}", 10);
    bench_request(b, "x2", "speech", "speak", "[]", 10);
    bench_request(b, "x3", "telephony", "dial", "{\"to\": \"0123\", \"twiml\": \"x\"}", 10);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(b->replies[i].class, "permanent.invalid");
        assert_string_equal(b->replies[i].sent, "no");
    }
    assert_int_equal(b->releases, 3);
    assert_int_equal(b->sends, 0);
}

static void find_call_reads_every_page_in_one_place(void **state) {
    struct bench *b = *state;
    bench_request(b, "f1", "telephony", "find_call",
                  "{\"to\": \"+12025550101\", \"created_after\": 1795518480000000000,"
                  " \"known\": [\"CAknown\"]}",
                  60);
    assert_string_equal(b->sent_url[0], "http://provider/2010-04-01/Accounts/AC1/Calls.json"
                                        "?To=%2B12025550101&From=%2B12025550100&PageSize=100");
    bench_answer(b, 0, 200,
                 "{\"calls\": [{\"sid\": \"CAnew\", \"status\": \"queued\", \"date_created\":"
                 " \"Tue, 24 Nov 2026 11:08:00 +0000\"}, {\"sid\": \"CAknown\", \"status\":"
                 " \"completed\", \"date_created\": \"Tue, 24 Nov 2026 11:09:00 +0000\"}],"
                 " \"next_page_uri\": \"/2010-04-01/Accounts/AC1/Calls.json?Page=1\"}");
    assert_string_equal(b->sent_url[1],
                        "http://provider/2010-04-01/Accounts/AC1/Calls.json?Page=1");
    assert_int_equal(b->core.running[GATEWAY_TELEPHONY], 1);
    bench_answer(b, 1, 200,
                 "{\"calls\": [{\"sid\": \"CAold\", \"status\": \"completed\", \"date_created\":"
                 " \"Tue, 24 Nov 2026 11:07:59 +0000\"}, {\"sid\": \"CAdateless\", \"status\":"
                 " \"queued\"}], \"next_page_uri\": null}");
    const struct bench_reply *reply = bench_reply_of(b, "f1");
    assert_true(reply->ok);
    json_t *calls = json_object_get(reply->result, "calls");
    assert_int_equal(json_array_size(calls), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(calls, 0), "sid")),
                        "CAnew");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(calls, 0), "created")),
                     INT64_C(1795518480000000000));
    assert_string_equal(json_string_value(json_object_get(json_array_get(calls, 1), "sid")),
                        "CAdateless");
}

// A dial for another account's attempt waits for whoever has it, a question is answered: never by
// an empty list.
static void what_is_of_another_account_is_refused_unsent(void **state) {
    struct bench *b = *state;
    bench_request(
        b, "d1", "telephony", "dial",
        "{\"to\": \"+12025550101\", \"twiml\": \"x\", \"account\": \"AC2 at http://provider\"}",
        60);
    const struct bench_reply *reply = bench_reply_of(b, "d1");
    assert_string_equal(reply->class, "local");
    assert_string_equal(reply->code, "other_account");
    assert_string_equal(reply->sent, "no");
    bench_request(b, "f1", "telephony", "find_call",
                  "{\"to\": \"+12025550101\", \"account\": \"AC2 at http://provider\"}", 60);
    reply = bench_reply_of(b, "f1");
    assert_string_equal(reply->class, "permanent.invalid");
    assert_string_equal(reply->message, "it is of the account AC2 at http://provider, and this"
                                        " gateway's (providers.twilio) is AC1 at http://provider");
    assert_int_equal(b->sends, 0);
    assert_int_equal(b->core.running[GATEWAY_TELEPHONY], 0);
}

static void a_dial_takes_no_longer_than_its_attempt_counts_on(void **state) {
    struct bench *b = *state;
    bench_request(b, "d1", "telephony", "dial",
                  "{\"to\": \"+12025550101\", \"twiml\": \"x\", \"within_ns\": 3000000000}", 60);
    assert_int_equal(b->sends, 1);
    assert_int_equal(b->sent_timeout[0], 3 * RF_NS_PER_S);
}

static void a_question_about_a_call_is_repeated(void **state) {
    struct bench *b = *state;
    bench_request(b, "q1", "telephony", "call_status", "{\"sid\": \"CA1\"}", 60);
    bench_fail(b, 0, RF_HTTP_TIMEOUT, true);
    bench_advance(b, rf_seconds(5));
    assert_int_equal(b->sends, 2);
    bench_answer(b, 1, 200, "{\"sid\": \"CA1\", \"status\": \"completed\", \"duration\": \"12\"}");
    json_t *result = bench_reply_of(b, "q1")->result;
    assert_int_equal(json_integer_value(json_object_get(result, "duration_s")), 12);
}

static void a_key_never_reaches_a_message(void **state) {
    struct bench *b = *state;
    bench_speak(b, "s1");
    bench_answer(b, 0, 422,
                 "{\"detail\": {\"message\": \"bad key-elevenlabs in request\\nX: y\"}}");
    assert_string_equal(bench_reply_of(b, "s1")->message, "bad [redacted] in request X: y");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(speech_is_stored_by_its_hash_and_answered),
        TEST(retries_wait_5_10_and_20_seconds_and_are_then_exhausted),
        TEST(a_breaker_that_opens_ends_the_wait_at_once),
        TEST(an_open_breaker_refuses_at_once_and_a_closed_one_admits_again),
        TEST(after_a_broker_restart_a_lower_epoch_is_taken),
        TEST(incident_3_a_late_outcome_carries_the_epoch_in_which_it_began),
        TEST(half_open_sends_one_test_and_refuses_the_others),
        TEST(a_failed_test_does_not_wait_for_a_retry),
        TEST(a_refused_permit_is_an_open_breaker_unless_it_closed_meanwhile),
        TEST(incident_1_a_cancelled_test_gives_its_permit_back),
        TEST(incident_2_a_test_whose_class_does_not_count_gives_its_permit_back),
        TEST(a_test_that_cannot_begin_gives_its_permit_back),
        TEST(two_permits_are_never_in_use),
        TEST(incident_16_an_ambiguous_dial_is_never_repeated),
        TEST(an_ambiguous_dial_does_not_fall_through_to_another_provider),
        TEST(a_dial_that_was_never_written_or_not_processed_is_repeated),
        TEST(nothing_is_dialled_after_send_before),
        TEST(no_clock_that_is_set_back_lets_a_dial_begin_later),
        TEST(a_lost_broker_drops_dials_that_have_not_begun_and_no_others),
        TEST(without_a_lease_no_dial_begins_though_nobody_has_noticed_yet),
        TEST(a_dial_on_its_way_is_not_cancelled),
        TEST(the_chain_falls_to_the_next_link_when_the_breaker_is_open),
        TEST(the_chain_falls_to_the_next_link_when_retries_are_exhausted),
        TEST(the_chain_falls_to_the_next_link_on_a_permanent_error),
        TEST(a_call_that_another_link_may_serve_later_is_deferred),
        TEST(a_link_without_a_key_is_passed_over),
        TEST(an_attempt_is_cut_to_the_time_that_is_left),
        TEST(calls_beyond_the_concurrency_wait_for_a_place_in_order),
        TEST(a_call_without_a_place_until_its_deadline_is_told_so),
        TEST(waiting_calls_are_bounded),
        TEST(a_drain_hands_back_what_waits_and_lets_end_what_runs),
        TEST(a_call_that_was_handed_back_goes_on_where_it_stood),
        TEST(a_retry_after_within_bounds_is_waited_for),
        TEST(what_is_no_call_is_refused),
        TEST(find_call_reads_every_page_in_one_place),
        TEST(what_is_of_another_account_is_refused_unsent),
        TEST(a_dial_takes_no_longer_than_its_attempt_counts_on),
        TEST(a_question_about_a_call_is_repeated),
        TEST(a_key_never_reaches_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
