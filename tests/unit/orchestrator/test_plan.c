#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plan.h"

static const struct rf_rules rules = {
    .play = true,
    .defer_delay = {30 * RF_NS_PER_S},
    .send_margin = {20 * RF_NS_PER_S},
    .http_timeout = {15 * RF_NS_PER_S},
    .list_lag = {5 * RF_NS_PER_S},
    .clock_skew = {2 * RF_NS_PER_S},
    .poll_initial = {1 * RF_NS_PER_S},
    .poll_max = {5 * RF_NS_PER_S},
    .max_attempts = 4,
};
static const struct rf_utc now = {1000 * RF_NS_PER_S};
static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static struct rf_contact contact_in(enum rf_contact_state state) {
    struct rf_contact contact = {.row = 7, .state = state};
    contact.step = state == RF_CONTACT_SCRIPT   ? RF_STEP_SCRIPT
                   : state == RF_CONTACT_SPEECH ? RF_STEP_SPEECH
                                                : RF_STEP_DIAL;
    return contact;
}

static struct rf_plan plan_of(enum rf_contact_state state, const struct rf_call_reply *reply) {
    struct rf_contact contact = contact_in(state);
    struct rf_plan plan;
    rf_plan_reply(&contact, reply, &rules, now, &plan);
    return plan;
}

static void a_script_leads_to_speech_and_without_play_to_the_dial(void **state) {
    (void)state;
    json_t *result = json_pack("{s:s}", "text", "Hello");
    const struct rf_call_reply reply = {.ok = true, .class = "ok", .result = result};
    struct rf_contact contact = contact_in(RF_CONTACT_SCRIPT);
    contact.deferrals = 3;
    contact.spent = 2;
    struct rf_plan plan;
    rf_plan_reply(&contact, &reply, &rules, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_SPEECH);
    assert_int_equal(plan.step, RF_STEP_SPEECH);
    assert_string_equal(plan.text, "Hello");
    assert_int_equal(plan.deferrals, 0);
    assert_int_equal(plan.spent, 0);
    struct rf_rules say = rules;
    say.play = false;
    rf_plan_reply(&contact, &reply, &say, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
    assert_int_equal(plan.step, RF_STEP_DIAL);
    json_decref(result);
}

static void audio_leads_to_the_dial(void **state) {
    (void)state;
    json_t *result = json_pack("{s:s,s:s,s:i}", "audio", hash, "format", "mp3", "size", 4321);
    const struct rf_call_reply reply = {
        .ok = true, .class = "ok", .result = result, .provider = "elevenlabs"};
    struct rf_plan plan = plan_of(RF_CONTACT_SPEECH, &reply);
    assert_int_equal(plan.to, RF_CONTACT_DIAL);
    assert_string_equal(plan.audio, hash);
    assert_string_equal(plan.audio_format, "mp3");
    assert_int_equal(plan.audio_size, 4321);
    assert_string_equal(plan.provider, "elevenlabs");
    json_decref(result);
}

static void an_ok_reply_without_its_result_is_set_aside_and_not_paid_for_again(void **state) {
    (void)state;
    json_t *const results[] = {
        NULL,
        json_pack("{s:s}", "text", ""),
        json_pack("{s:s,s:s}", "audio", "../../etc/passwd", "format", "mp3"),
        json_pack("{s:s,s:s}", "audio", hash, "format", "../x"),
    };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        const struct rf_call_reply reply = {.ok = true, .class = "ok", .result = results[i]};
        struct rf_plan plan = plan_of(i < 2 ? RF_CONTACT_SCRIPT : RF_CONTACT_SPEECH, &reply);
        assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
        assert_string_equal(plan.reason, "permanent.invalid");
        assert_non_null(strstr(plan.message, "lacks its result"));
        json_decref(results[i]);
    }
}

static void failures_become_deferrals_or_ends_by_class(void **state) {
    (void)state;
    const struct {
        const char *class, *code;
        bool mark_made, exhausted;
        enum rf_contact_state to;
        const char *reason;
        bool service_refused;
    } cases[] = {
        {"local", "breaker_open", false, false, RF_CONTACT_WAIT_BREAKER, "breaker_open", true},
        {"local", "marked", false, false, RF_CONTACT_WAIT_BREAKER, "marked", true},
        {"local", "no_worker", false, false, RF_CONTACT_WAIT_RETRY, "no_worker", true},
        {"local", "overloaded", false, false, RF_CONTACT_WAIT_RETRY, "overloaded", true},
        {"local", "draining", false, false, RF_CONTACT_WAIT_RETRY, "draining", true},
        {"local", "worker_lost", false, false, RF_CONTACT_WAIT_RETRY, "worker_lost", false},
        {"local", "deadline_exceeded", false, false, RF_CONTACT_WAIT_RETRY, "deadline_exceeded",
         false},
        {"transient", "503", false, true, RF_CONTACT_SET_ASIDE, "retries_exhausted", false},
        {"rate_limited", "429", false, true, RF_CONTACT_SET_ASIDE, "retries_exhausted", false},
        {"ambiguous", NULL, false, true, RF_CONTACT_SET_ASIDE, "retries_exhausted", false},
        {"transient", "503", false, false, RF_CONTACT_WAIT_RETRY, "transient", false},
        {"rate_limited", "429", false, false, RF_CONTACT_WAIT_RETRY, "rate_limited", false},
        {"permanent.auth", NULL, true, false, RF_CONTACT_SET_ASIDE, "permanent.auth", false},
        {"permanent.quota", NULL, true, false, RF_CONTACT_SET_ASIDE, "permanent.quota", false},
        {"permanent.config", NULL, true, false, RF_CONTACT_SET_ASIDE, "permanent.config", false},
        {"permanent.auth", NULL, false, false, RF_CONTACT_WAIT_BREAKER, "marked", true},
        {"permanent.invalid", NULL, false, false, RF_CONTACT_SET_ASIDE, "permanent.invalid", false},
    };
    // A dial that was not sent follows the same rules, and its attempt is absent.
    const enum rf_contact_state states[] = {RF_CONTACT_SCRIPT, RF_CONTACT_SPEECH, RF_CONTACT_DIAL};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t s = 0; s < 3; s++) {
            const struct rf_call_reply reply = {.class = cases[i].class,
                                                .code = cases[i].code,
                                                .sent = "no",
                                                .message = "why",
                                                .mark_made = cases[i].mark_made,
                                                .exhausted = cases[i].exhausted,
                                                .provider = "openai"};
            struct rf_plan plan = plan_of(states[s], &reply);
            assert_int_equal(plan.to, cases[i].to);
            assert_string_equal(plan.reason, cases[i].reason);
            assert_string_equal(plan.message, "why");
            assert_string_equal(plan.provider, "openai");
            assert_string_equal(rf_class_name(plan.class), cases[i].class);
            assert_int_equal(plan.service_refused, cases[i].service_refused);
            assert_int_equal(plan.step, contact_in(states[s]).step);
            assert_int_equal(plan.dial,
                             states[s] == RF_CONTACT_DIAL ? RF_DIAL_ABSENT : RF_DIAL_NONE);
            assert_int_equal(plan.unsent, states[s] == RF_CONTACT_DIAL);
            assert_true(rf_contact_may(states[s], plan.to));
        }
}

static void what_concerns_the_number_alone_sets_it_aside_and_holds_up_no_other(void **state) {
    (void)state;
    const struct rf_call_reply reply = {.class = "permanent.config",
                                        .code = "21215",
                                        .sent = "yes",
                                        .destination = true,
                                        .provider = "twilio"};
    struct rf_plan plan = plan_of(RF_CONTACT_DIAL, &reply);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_string_equal(plan.reason, "permanent.config");
    assert_int_equal(plan.dial, RF_DIAL_ABSENT);
    assert_false(plan.unsent);
    assert_false(plan.service_refused);
}

static void a_deferral_waits_for_the_earlier_of_retry_at_and_defer_delay(void **state) {
    (void)state;
    const struct {
        const char *code;
        int64_t retry_at_s, deferrals, due_s;
    } cases[] = {
        {"breaker_open", 0, 0, 1030},    {"breaker_open", 1010, 0, 1010},
        {"breaker_open", 1100, 0, 1030}, {"breaker_open", 900, 0, 1030},
        {"no_worker", 0, 0, 1001},       {"no_worker", 0, 1, 1002},
        {"no_worker", 0, 4, 1016},       {"no_worker", 0, 5, 1030},
        {"worker_lost", 0, 60, 1030},    {"no_worker", 1007, 3, 1007},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_contact contact = contact_in(RF_CONTACT_SPEECH);
        contact.deferrals = cases[i].deferrals;
        const struct rf_call_reply reply = {
            .class = "local", .code = cases[i].code, .retry_at = cases[i].retry_at_s * RF_NS_PER_S};
        struct rf_plan plan;
        rf_plan_reply(&contact, &reply, &rules, now, &plan);
        assert_int_equal(plan.due.ns, cases[i].due_s * RF_NS_PER_S);
        assert_int_equal(plan.deferrals, cases[i].deferrals + 1);
    }
}

static void incident_45_waiting_spends_no_attempt(void **state) {
    (void)state;
    struct rf_contact contact = contact_in(RF_CONTACT_SPEECH);
    contact.spent = 3;
    struct rf_attempt attempts[2] = {{.provider = "elevenlabs", .class = "transient"},
                                     {.provider = "elevenlabs", .class = "transient"}};
    struct rf_call_reply reply = {.class = "local", .code = "breaker_open"};
    reply.attempts.items = attempts;
    reply.attempts.count = 2;
    for (int i = 0; i < 100; i++) {
        struct rf_plan plan;
        rf_plan_reply(&contact, &reply, &rules, now, &plan);
        assert_int_equal(plan.to, RF_CONTACT_WAIT_BREAKER);
        assert_int_equal(plan.spent, 3);
        contact.deferrals = plan.deferrals;
    }
}

static void attempts_of_replies_that_end_early_add_up_to_the_limit(void **state) {
    (void)state;
    struct rf_contact contact = contact_in(RF_CONTACT_SCRIPT);
    struct rf_attempt attempts[2] = {{.provider = "openai", .class = "transient"},
                                     {.provider = "openai", .class = "transient"}};
    struct rf_call_reply reply = {.class = "transient", .message = "HTTP 503"};
    reply.attempts.items = attempts;
    reply.attempts.count = 2;
    struct rf_plan plan;
    rf_plan_reply(&contact, &reply, &rules, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_WAIT_RETRY);
    assert_int_equal(plan.spent, 2);
    contact.spent = plan.spent;
    rf_plan_reply(&contact, &reply, &rules, now, &plan);
    assert_int_equal(plan.to, RF_CONTACT_SET_ASIDE);
    assert_string_equal(plan.reason, "retries_exhausted");
}

static void a_dial_with_a_sid_is_followed(void **state) {
    (void)state;
    json_t *result = json_pack("{s:s,s:s}", "sid", "CA1", "status", "queued");
    const struct rf_call_reply reply = {
        .ok = true, .class = "ok", .sent = "yes", .result = result, .provider = "twilio"};
    struct rf_plan plan = plan_of(RF_CONTACT_DIAL, &reply);
    assert_int_equal(plan.to, RF_CONTACT_FOLLOW);
    assert_int_equal(plan.dial, RF_DIAL_PLACED);
    assert_string_equal(plan.sid, "CA1");
    assert_string_equal(plan.status, "queued");
    assert_int_equal(plan.due.ns, now.ns + rules.poll_initial.ns);
    json_decref(result);
}

static void
incident_16_a_dial_that_may_have_been_sent_is_asked_for_and_never_repeated(void **state) {
    (void)state;
    const struct {
        bool ok;
        const char *class, *code, *sent;
    } cases[] = {
        {false, "ambiguous", NULL, "maybe"},
        {false, "ambiguous", "20500", "yes"},
        {false, "ambiguous", NULL, NULL},
        {false, "transient", NULL, "maybe"},
        {false, "transient", NULL, "yes"},
        {false, "local", "worker_lost", "maybe"},
        {false, "local", "deadline_exceeded", "maybe"},
        {false, "local", "worker_lost", NULL}, // what is not said is not assumed
        {false, "some.new.class", NULL, "maybe"},
        {true, "ok", NULL, "yes"}, // a 201 whose body cannot be read
        {true, "ok", NULL, "no"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rf_call_reply reply = {.ok = cases[i].ok,
                                            .class = cases[i].class,
                                            .code = cases[i].code,
                                            .sent = cases[i].sent,
                                            .exhausted = true};
        struct rf_plan plan = plan_of(RF_CONTACT_DIAL, &reply);
        assert_int_equal(plan.to, RF_CONTACT_ASK);
        assert_int_equal(plan.dial, RF_DIAL_UNKNOWN);
    }
}

static void a_dial_that_the_provider_refused_is_over_though_it_was_sent(void **state) {
    (void)state;
    const struct {
        const char *class;
        bool mark_made, exhausted;
        enum rf_contact_state to;
    } cases[] = {
        {"permanent.invalid", false, false, RF_CONTACT_SET_ASIDE},
        {"permanent.auth", true, false, RF_CONTACT_SET_ASIDE},
        {"permanent.auth", false, false, RF_CONTACT_WAIT_BREAKER},
        {"rate_limited", false, true, RF_CONTACT_SET_ASIDE},
        {"rate_limited", false, false, RF_CONTACT_WAIT_RETRY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct rf_call_reply reply = {.class = cases[i].class,
                                            .sent = "yes",
                                            .mark_made = cases[i].mark_made,
                                            .exhausted = cases[i].exhausted};
        struct rf_plan plan = plan_of(RF_CONTACT_DIAL, &reply);
        assert_int_equal(plan.to, cases[i].to);
        assert_int_equal(plan.dial, RF_DIAL_ABSENT);
    }
}

static void a_long_message_is_cut_at_a_whole_character(void **state) {
    (void)state;
    char out[8];
    rf_plan_copy(out, sizeof out, "abcdef\xc3\xa4\xc3\xa4");
    assert_string_equal(out, "abcdef");
    rf_plan_copy(out, sizeof out, "abcde\xc3\xa4");
    assert_string_equal(out, "abcde\xc3\xa4");
    rf_plan_copy(out, sizeof out, NULL);
    assert_string_equal(out, "");
}

static void audio_that_may_be_gone_is_spoken_once_more_before_the_dial(void **state) {
    (void)state;
    struct rf_rules with = rules;
    with.play = true;
    with.media_ttl = rf_seconds(3600);
    struct rf_contact contact = {.state = RF_CONTACT_DIAL,
                                 .step = RF_STEP_DIAL,
                                 .phone = (char *)"+12025550100",
                                 .spoken = {1000 * RF_NS_PER_S},
                                 .spent = 1,
                                 .deferrals = 3};
    struct rf_plan plan;
    struct rf_utc early = {4599 * RF_NS_PER_S}, late = {4600 * RF_NS_PER_S};
    // Nothing was spoken: the provider does it.
    assert_false(rf_plan_speak_again(&contact, &with, late, &plan));
    strcpy(contact.audio, "0123456789abcdef");
    assert_false(rf_plan_speak_again(&contact, &with, early, &plan));
    assert_true(rf_plan_speak_again(&contact, &with, late, &plan));
    assert_int_equal(plan.to, RF_CONTACT_SPEECH);
    assert_int_equal(plan.step, RF_STEP_SPEECH);
    assert_true(rf_contact_may(contact.state, plan.to));
    assert_int_equal(plan.deferrals, 3);
    assert_int_equal(plan.dial, RF_DIAL_NONE);
    with.play = false;
    assert_false(rf_plan_speak_again(&contact, &with, late, &plan));
}

static void
nothing_is_made_for_a_window_that_opens_after_it_may_be_gone_or_when_enough_is(void **state) {
    (void)state;
    static const struct {
        enum rf_step step;
        bool play, room;
        int64_t opens_s; // from now
        bool made;
    } cases[] = {
        {RF_STEP_SCRIPT, true, true, 86400, true}, {RF_STEP_SCRIPT, true, false, 60, false},
        {RF_STEP_SPEECH, true, true, 3600, true},  {RF_STEP_SPEECH, true, true, 3601, false},
        {RF_STEP_SPEECH, false, true, 3601, true}, {RF_STEP_SPEECH, true, false, 60, false},
        {RF_STEP_SPEECH, false, false, 60, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct rf_contact contact = {.step = cases[i].step};
        const struct rf_rules ours = {.play = cases[i].play, .media_ttl = rf_seconds(3600)};
        struct rf_utc opens = rf_utc_add(now, rf_seconds(cases[i].opens_s));
        assert_int_equal(rf_plan_ahead(&contact, &ours, now, opens, cases[i].room), cases[i].made);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(audio_that_may_be_gone_is_spoken_once_more_before_the_dial),
        cmocka_unit_test(a_script_leads_to_speech_and_without_play_to_the_dial),
        cmocka_unit_test(audio_leads_to_the_dial),
        cmocka_unit_test(an_ok_reply_without_its_result_is_set_aside_and_not_paid_for_again),
        cmocka_unit_test(failures_become_deferrals_or_ends_by_class),
        cmocka_unit_test(what_concerns_the_number_alone_sets_it_aside_and_holds_up_no_other),
        cmocka_unit_test(a_deferral_waits_for_the_earlier_of_retry_at_and_defer_delay),
        cmocka_unit_test(incident_45_waiting_spends_no_attempt),
        cmocka_unit_test(attempts_of_replies_that_end_early_add_up_to_the_limit),
        cmocka_unit_test(a_dial_with_a_sid_is_followed),
        cmocka_unit_test(
            incident_16_a_dial_that_may_have_been_sent_is_asked_for_and_never_repeated),
        cmocka_unit_test(a_dial_that_the_provider_refused_is_over_though_it_was_sent),
        cmocka_unit_test(a_long_message_is_cut_at_a_whole_character),
        cmocka_unit_test(
            nothing_is_made_for_a_window_that_opens_after_it_may_be_gone_or_when_enough_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
