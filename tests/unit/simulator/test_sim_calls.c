// The life of a telephone call, at given times.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "twiml.h"

#define START (INT64_C(1800000000) * RF_NS_PER_S)

static const struct sim_calls_options options = {
    .cps = 2, .ring = {2 * RF_NS_PER_S}, .talk = {5 * RF_NS_PER_S}, .fetch_media = true, .seed = 7};

static struct rf_utc at_ms(int64_t ms) {
    return (struct rf_utc){START + ms * RF_NS_PER_MS};
}

static struct sim_call *dial(struct sim_calls *calls, const char *to, int64_t ms) {
    struct sim_dial request = {.account = "AC0",
                               .to = to,
                               .from = "+12025550100",
                               .twiml = "<Response><Play>http://h/a?b&amp;c</Play></Response>",
                               .timeout = rf_seconds(60)};
    struct sim_call *call = NULL;
    assert_int_equal(sim_calls_dial(calls, &request, at_ms(ms), &call), RF_OK);
    return call;
}

static void numbers_decide_their_fate(void **state) {
    (void)state;
    static const struct {
        const char *number;
        enum sim_fate fate;
    } cases[] = {
        {"+12025550100", SIM_FATE_ANSWERED},
        {"+12025550189", SIM_FATE_ANSWERED},
        {"+12025550190", SIM_FATE_BUSY},
        {"+12025550191", SIM_FATE_NO_ANSWER},
        {"+12025550192", SIM_FATE_FAILED},
        {"+12025550193", SIM_FATE_REFUSED_INVALID},
        {"+12025550194", SIM_FATE_REFUSED_UNREACHABLE},
        {"+12025550195", SIM_FATE_REFUSED_COUNTRY},
        {"+12025550196", SIM_FATE_REFUSED_BLOCKED},
        {"+12025550197", SIM_FATE_MACHINE},
        {"+12025550198", SIM_FATE_LONG},
        {"+12025550199", SIM_FATE_ANSWERED},
        {"+442079460590", SIM_FATE_BUSY},
        {"+442079460999", SIM_FATE_ANSWERED},
        {"+442079461090", SIM_FATE_ANSWERED}, // beyond the range
        {"+4915112345690", SIM_FATE_ANSWERED},
        {"12025550100", SIM_FATE_REFUSED_INVALID},
        {"+02025550100", SIM_FATE_REFUSED_INVALID},
        {"+1202555010x", SIM_FATE_REFUSED_INVALID},
        {"+123456", SIM_FATE_REFUSED_INVALID},
        {"+1234567890123456", SIM_FATE_REFUSED_INVALID},
        {"", SIM_FATE_REFUSED_INVALID},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (sim_fate_of(cases[i].number) != cases[i].fate)
            fail_msg("%s: %d", cases[i].number, (int)sim_fate_of(cases[i].number));
}

static void a_call_rings_is_answered_and_ends_to_the_tick(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    struct sim_call *call = dial(&calls, "+12025550101", 0);
    assert_int_equal(call->status, SIM_CALL_QUEUED);
    static const struct {
        int64_t ms;
        enum sim_call_status status;
    } steps[] = {
        {0, SIM_CALL_RINGING},        {1999, SIM_CALL_RINGING},   {2000, SIM_CALL_IN_PROGRESS},
        {6999, SIM_CALL_IN_PROGRESS}, {7000, SIM_CALL_COMPLETED}, {99999, SIM_CALL_COMPLETED},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        sim_calls_advance(&calls, at_ms(steps[i].ms));
        if (call->status != steps[i].status)
            fail_msg("at %d ms: %s", (int)steps[i].ms, sim_call_status_name(call->status));
    }
    assert_int_equal(call->answered_ns, at_ms(2000).ns);
    assert_int_equal(call->ended_ns, at_ms(7000).ns);
    assert_int_equal(json_array_size(call->history), 4);
    sim_calls_fini(&calls);
}

static void a_late_look_finds_the_dates_that_were_due(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    struct sim_call *call = dial(&calls, "+12025550101", 0);
    sim_calls_advance(&calls, at_ms(3600000));
    assert_int_equal(call->status, SIM_CALL_COMPLETED);
    assert_int_equal(call->ended_ns, at_ms(7000).ns);
    sim_calls_fini(&calls);
}

static void the_queue_begins_so_many_calls_a_second(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    struct sim_call *items[4];
    for (size_t i = 0; i < 4; i++)
        items[i] = dial(&calls, "+12025550101", 0);
    sim_calls_advance(&calls, at_ms(999));
    assert_int_equal(items[1]->started_ns, at_ms(500).ns);
    assert_int_equal(items[2]->status, SIM_CALL_QUEUED);
    assert_int_equal(items[2]->started_ns, 0);
    struct rf_utc due;
    assert_true(sim_calls_next(&calls, &due));
    assert_int_equal(due.ns, at_ms(1000).ns);
    sim_calls_advance(&calls, at_ms(10000));
    assert_int_equal(items[3]->started_ns, at_ms(1500).ns);
    // After a pause nothing was saved up: the next ones are apart again.
    struct sim_call *later = dial(&calls, "+12025550101", 20000);
    struct sim_call *last = dial(&calls, "+12025550101", 20000);
    sim_calls_advance(&calls, at_ms(30000));
    assert_int_equal(later->started_ns, at_ms(20000).ns);
    assert_int_equal(last->started_ns, at_ms(20500).ns);
    sim_calls_fini(&calls);
}

static void each_fate_ends_as_it_should(void **state) {
    (void)state;
    static const struct {
        const char *to;
        enum sim_call_status status;
        int64_t ended_ms;
    } cases[] = {
        {"+12025550190", SIM_CALL_BUSY, 1000},       {"+12025550191", SIM_CALL_NO_ANSWER, 4000},
        {"+12025550192", SIM_CALL_FAILED, 1000},     {"+12025550197", SIM_CALL_COMPLETED, 7000},
        {"+12025550198", SIM_CALL_COMPLETED, 52000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_calls calls = {.options = options};
        struct sim_call *call = dial(&calls, cases[i].to, 0);
        sim_calls_advance(&calls, at_ms(cases[i].ended_ms - 1));
        assert_false(sim_call_ended(call));
        sim_calls_advance(&calls, at_ms(cases[i].ended_ms));
        assert_int_equal(call->status, cases[i].status);
        struct rf_utc due;
        assert_false(sim_calls_next(&calls, &due));
        sim_calls_fini(&calls);
    }
}

static void a_caller_that_rings_too_shortly_gets_no_answer(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    struct sim_dial request = {
        .account = "AC0", .to = "+12025550101", .from = "+12025550100", .timeout = rf_seconds(1)};
    struct sim_call *call;
    assert_int_equal(sim_calls_dial(&calls, &request, at_ms(0), &call), RF_OK);
    sim_calls_advance(&calls, at_ms(1000));
    assert_int_equal(call->status, SIM_CALL_NO_ANSWER);
    sim_calls_fini(&calls);
}

static void a_call_can_be_canceled_before_and_completed_after_the_answer(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    struct sim_call *waiting = dial(&calls, "+12025550101", 0);
    struct sim_call *queued = dial(&calls, "+12025550102", 0);
    assert_true(sim_calls_end(&calls, queued, SIM_CALL_CANCELED, at_ms(100)));
    assert_false(sim_calls_end(&calls, waiting, SIM_CALL_CANCELED, at_ms(2500)));
    assert_true(sim_calls_end(&calls, waiting, SIM_CALL_COMPLETED, at_ms(2500)));
    assert_false(sim_calls_end(&calls, waiting, SIM_CALL_COMPLETED, at_ms(2600)));
    // The canceled one took no place in the queue.
    struct sim_call *next = dial(&calls, "+12025550103", 400);
    sim_calls_advance(&calls, at_ms(99999));
    assert_int_equal(queued->status, SIM_CALL_CANCELED);
    assert_int_equal(waiting->ended_ns, at_ms(2500).ns);
    assert_int_equal(next->started_ns, at_ms(500).ns);
    sim_calls_fini(&calls);
}

static void audio_is_fetched_once_when_the_call_is_answered(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    struct sim_call *call = dial(&calls, "+12025550101", 0);
    dial(&calls, "+12025550190", 0); // busy: hears nothing
    sim_calls_advance(&calls, at_ms(1999));
    assert_null(sim_calls_fetch_next(&calls));
    sim_calls_advance(&calls, at_ms(60000)); // long over, but to be fetched all the same
    assert_ptr_equal(sim_calls_fetch_next(&calls), call);
    assert_string_equal(call->play_url, "http://h/a?b&c");
    assert_null(sim_calls_fetch_next(&calls));
    sim_calls_fetched(&calls, call->sid, 200, "abc", 3, "");
    json_t *dials = sim_calls_json(&calls);
    const json_t *first = json_array_get(dials, 0);
    assert_string_equal(json_string_value(json_object_get(first, "audio_sha256")), "abc");
    assert_true(json_is_false(json_object_get(first, "audio_pending")));
    json_decref(dials);
    sim_calls_fetched(&calls, "CA-of-before-a-reset", 200, "abc", 3, "");
    sim_calls_fini(&calls);
}

static void no_sid_is_given_twice_by_a_simulator_that_began_again(void **state) {
    (void)state;
    struct sim_calls calls = {.options = options};
    char first[SIM_SID_SIZE];
    memcpy(first, dial(&calls, "+12025550101", 0)->sid, sizeof first);
    assert_int_equal(strlen(first), 34);
    sim_calls_fini(&calls);
    assert_string_not_equal(first, dial(&calls, "+12025550101", 1)->sid);
    sim_calls_fini(&calls);
}

static void the_play_address_is_found_in_twiml(void **state) {
    (void)state;
    static const struct {
        const char *twiml, *url;
    } cases[] = {
        {"<Response><Play>http://a/b</Play></Response>", "http://a/b"},
        {"<Response><Play loop=\"2\">\n http://a/b?x=1&amp;y=&lt;2&gt; </Play></Response>",
         "http://a/b?x=1&y=<2>"},
        {"<Response><Say>Hello</Say></Response>", NULL},
        {"<Response><Player>x</Player></Response>", NULL},
        {"<Response><Play></Play></Response>", NULL},
        {"<Response><Play>http://a", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *url = sim_twiml_play(cases[i].twiml);
        if (cases[i].url == NULL)
            assert_null(url);
        else
            assert_string_equal(url, cases[i].url);
        free(url);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_decide_their_fate),
        cmocka_unit_test(a_call_rings_is_answered_and_ends_to_the_tick),
        cmocka_unit_test(a_late_look_finds_the_dates_that_were_due),
        cmocka_unit_test(the_queue_begins_so_many_calls_a_second),
        cmocka_unit_test(each_fate_ends_as_it_should),
        cmocka_unit_test(a_caller_that_rings_too_shortly_gets_no_answer),
        cmocka_unit_test(a_call_can_be_canceled_before_and_completed_after_the_answer),
        cmocka_unit_test(audio_is_fetched_once_when_the_call_is_answered),
        cmocka_unit_test(no_sid_is_given_twice_by_a_simulator_that_began_again),
        cmocka_unit_test(the_play_address_is_found_in_twiml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
