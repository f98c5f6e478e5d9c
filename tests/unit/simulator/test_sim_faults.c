// Faults: which request they hit, and what becomes of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

#define SPEAK "/elevenlabs/v1/text-to-speech/v?output_format=ulaw_8000"
#define KEY   "xi-api-key: k\n"
#define TEXT  "{\"text\": \"Hello Ada\"}"
#define CALLS "/twilio/2010-04-01/Accounts/AC0/Calls.json"
#define FORM  "Authorization: Basic AC0:token\nContent-Type: application/x-www-form-urlencoded\n"
#define DIAL  "To=%2B12025550101&From=%2B12025550100&Twiml=Hello+Zo%C3%AB"

static bool hit(struct bench *bench, const char *method, const char *target, const char *headers,
                const char *body) {
    return bench_ask(bench, method, target, headers, body) == 599;
}

static bool speak_hit(struct bench *bench) {
    return hit(bench, "POST", SPEAK, KEY, TEXT);
}

static void set(struct bench *bench, const char *rest) {
    char fault[500];
    snprintf(fault, sizeof fault, "{\"id\": \"f\", \"kind\": \"status\", \"status\": 599, %s}",
             rest);
    bench_faults(bench, fault);
}

static void a_fault_hits_only_what_it_matches(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *match;
        bool speech, dial; // hit or not
    } cases[] = {
        {"{}", true, true},
        {"{\"provider\": \"elevenlabs\"}", true, false},
        {"{\"provider\": \"twilio\"}", false, true},
        {"{\"method\": \"POST\"}", true, true},
        {"{\"method\": \"GET\"}", false, false},
        {"{\"path\": \"/v1/text-to-speech/*\"}", true, false},
        {"{\"path\": \"/elevenlabs/*\"}", true, false},
        {"{\"path\": \"*/Calls.json\"}", false, true},
        {"{\"path\": \"Calls\"}", false, false},
        {"{\"number\": \"+12025550101\"}", false, true},
        {"{\"number\": \"+12025550102\"}", false, false},
        {"{\"key\": \"k\"}", true, false},
        {"{\"key\": \"token\"}", false, true},
        {"{\"text\": \"Ada\"}", true, false},
        {"{\"text\": \"Hello\"}", true, true},
        {"{\"text\": \"Zo\xc3\xab\"}", false, true}, // in the decoded form
        {"{\"provider\": \"twilio\", \"text\": \"Ada\"}", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char rest[300];
        snprintf(rest, sizeof rest, "\"match\": %s", cases[i].match);
        set(bench, rest);
        if (speak_hit(bench) != cases[i].speech ||
            hit(bench, "POST", CALLS, FORM, DIAL) != cases[i].dial)
            fail_msg("%s", cases[i].match);
    }
}

static void a_call_is_matched_by_number_when_it_is_asked_for_by_sid(void **state) {
    struct bench *bench = *state;
    char path[200];
    assert_int_equal(bench_ask(bench, "POST", CALLS, FORM, DIAL), 201);
    snprintf(path, sizeof path, "/twilio/2010-04-01/Accounts/AC0/Calls/%s.json",
             bench_text(bench, "sid"));
    set(bench, "\"match\": {\"number\": \"+12025550101\"}");
    assert_true(hit(bench, "GET", path, FORM, NULL));
    assert_true(hit(bench, "GET", CALLS "?To=+12025550101", FORM, NULL));
    assert_false(hit(bench, "GET", CALLS "?To=+12025550102", FORM, NULL));
}

static void a_count_ends_a_fault_and_hits_are_told(void **state) {
    struct bench *bench = *state;
    set(bench, "\"count\": 2");
    assert_true(speak_hit(bench));
    assert_true(speak_hit(bench));
    assert_false(speak_hit(bench));
    assert_int_equal(bench_ask(bench, "GET", "/admin/faults", NULL, NULL), 200);
    assert_int_equal(bench_number(bench, "faults.0.hits"), 2);
    assert_int_equal(bench_number(bench, "faults.0.count"), 2);
}

static void a_fault_begins_and_ends_by_its_time_line(void **state) {
    struct bench *bench = *state;
    set(bench, "\"after_s\": 2, \"for_s\": 3");
    bench_wait(bench, rf_ms(1999));
    assert_false(speak_hit(bench));
    bench_wait(bench, rf_ms(1));
    assert_true(speak_hit(bench));
    bench_wait(bench, rf_ms(2999));
    assert_true(speak_hit(bench));
    bench_wait(bench, rf_ms(1));
    assert_false(speak_hit(bench));
}

static void a_rate_is_kept_and_repeats_with_its_seed(void **state) {
    struct bench *bench = *state;
    int hits[2] = {0, 0};
    uint64_t pattern[2] = {0, 0};
    for (int run = 0; run < 2; run++) {
        set(bench, "\"rate\": 0.25");
        for (int i = 0; i < 1000; i++) {
            bool was_hit = hit(bench, "GET", "/elevenlabs/v1/models", KEY, NULL);
            hits[run] += was_hit;
            pattern[run] = pattern[run] * 31 + was_hit;
        }
    }
    assert_in_range(hits[0], 200, 300);
    assert_int_equal(pattern[0], pattern[1]);
}

static void the_first_fault_that_matches_wins(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"a\", \"kind\": \"status\", \"status\": 598, \"count\": 1},"
                        "{\"id\": \"b\", \"kind\": \"status\", \"status\": 599}");
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 598);
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 599);
    assert_int_equal(bench_count(bench, "requests"), 2);
    assert_string_equal(bench_text(bench, "requests.0.fault"), "a");
    assert_string_equal(bench_text(bench, "requests.1.fault"), "b");
}

// What each kind makes of a speech request: the manner, the status, and whether it was carried out.
static void each_kind_does_what_it_says(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *kind;
        enum sim_manner manner;
        unsigned status;
        const char *type;
        bool body, carried_out;
        long noted; // status in the ledger
    } cases[] = {
        {"\"status\", \"status\": 503", SIM_REPLY, 503, "application/json", true, false, 503},
        {"\"latency\", \"delay_ms\": 1", SIM_REPLY, 200, "audio/basic", true, true, 200},
        {"\"no_reply\"", SIM_SILENCE, 200, "audio/basic", true, true, 0},
        {"\"reset_before\"", SIM_RESET, 0, "", false, false, 0},
        {"\"reset_after\"", SIM_RESET, 200, "audio/basic", true, true, 0},
        {"\"half_reply\"", SIM_HALF, 200, "audio/basic", true, true, 200},
        {"\"wrong_type\"", SIM_REPLY, 200, "text/html", true, false, 200},
        {"\"empty\"", SIM_REPLY, 200, "", false, false, 200},
        {"\"drip\"", SIM_DRIP, 200, "audio/basic", true, true, 200},
        {"\"reset_before\", \"carry_out\": true", SIM_RESET, 200, "audio/basic", true, true, 0},
        {"\"status\", \"status\": 500, \"carry_out\": true", SIM_REPLY, 500, "application/json",
         true, true, 500},
        {"\"no_reply\", \"carry_out\": false", SIM_SILENCE, 0, "", false, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char fault[200];
        snprintf(fault, sizeof fault, "{\"id\": \"f\", \"kind\": %s}", cases[i].kind);
        assert_int_equal(bench_ask(bench, "POST", "/admin/reset", NULL, NULL), 200);
        bench_faults(bench, fault);
        unsigned status = bench_ask(bench, "POST", SPEAK, KEY, TEXT);
        const struct sim_reply *reply = &bench->outcome.reply;
        if (bench->outcome.manner != cases[i].manner || status != cases[i].status ||
            strcmp(reply->content_type, cases[i].type) != 0 || (reply->size > 0) != cases[i].body)
            fail_msg("%s: %d %u %s %zu", cases[i].kind, (int)bench->outcome.manner, status,
                     reply->content_type, reply->size);
        if (bench_count(bench, "speeches") != cases[i].carried_out)
            fail_msg("%s: carried out or not", cases[i].kind);
        assert_int_equal(bench_number(bench, "requests.0.status"), cases[i].noted);
    }
}

static void delays_add_to_the_latency_of_all(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 200);
    assert_int_equal(bench->outcome.delay.ns, rf_ms(20).ns);
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"latency\", \"delay_ms\": 1500}");
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 200);
    assert_int_equal(bench->outcome.delay.ns, rf_ms(1520).ns);
    assert_int_equal(bench_ask(bench, "GET", "/admin/ledger", NULL, NULL), 200);
    assert_int_equal(bench->outcome.delay.ns, 0);
}

static void a_reply_is_held_until_the_faults_are_put_again(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"status\", \"status\": 503, \"hold\": true, "
                        "\"delay_ms\": 30}");
    uint64_t holds = bench->sim.holds;
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 503);
    assert_true(bench->outcome.held);
    assert_int_equal(bench->outcome.delay.ns, rf_ms(50).ns);
    assert_int_equal(bench_ask(bench, "GET", "/admin/faults", NULL, NULL), 200);
    assert_false(bench->outcome.held);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/faults", NULL, "{}"), 400);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{}"), 200);
    assert_true(bench->sim.holds == holds);
    bench_faults(bench, "");
    assert_true(bench->sim.holds > holds);
    holds = bench->sim.holds;
    assert_int_equal(bench_ask(bench, "POST", "/admin/reset", NULL, NULL), 200);
    assert_true(bench->sim.holds > holds);
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 200);
    assert_false(bench->outcome.held);
}

static void a_drip_has_its_piece_and_pause(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"drip\", \"piece\": 7, \"delay_ms\": 250}");
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 200);
    assert_int_equal(bench->outcome.piece, 7);
    assert_int_equal(bench->outcome.pause.ns, rf_ms(250).ns);
    assert_int_equal(bench->outcome.delay.ns, rf_ms(20).ns);
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"drip\"}");
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 200);
    assert_int_equal(bench->outcome.piece, bench->outcome.reply.size / 20);
}

static void a_status_has_the_body_and_headers_that_were_given(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"status\", \"status\": 429, \"body\": "
                        "{\"detail\": {\"code\": \"system_busy\"}}, \"headers\": "
                        "{\"Retry-After\": \"7\"}}");
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 429);
    assert_string_equal(bench_text(bench, "detail.code"), "system_busy");
    assert_string_equal(bench_header(bench, "Retry-After"), "7");
    assert_string_equal(bench->outcome.reply.content_type, "application/json");
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"status\", \"status\": 502, \"body\": "
                        "\"Bad Gateway\", \"headers\": {\"content-type\": \"text/html\"}}");
    assert_int_equal(bench_ask(bench, "POST", SPEAK, KEY, TEXT), 502);
    assert_string_equal(bench->outcome.reply.body, "Bad Gateway");
    assert_string_equal(bench->outcome.reply.content_type, "text/html");
}

static void a_status_without_body_is_told_as_the_provider_tells_it(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *target;
        unsigned status;
        const char *place, *text;
    } cases[] = {
        {"/elevenlabs/v1/models", 401, "detail.code", "invalid_api_key"},
        {"/elevenlabs/v1/models", 429, "detail.code", "rate_limit_exceeded"},
        {"/openai/v1/models", 503, "error.code", "server_is_overloaded"},
        {"/anthropic/v1/models", 529, "error.type", "overloaded_error"},
        {CALLS, 500, "message", "An internal server error has occurred"},
        {"/telegram/bot1/getMe", 429, "description", "Too Many Requests: retry after 1"},
        {"/sheets/v4/spreadsheets/s", 503, "error.status", "UNAVAILABLE"},
        {"/google/token", 503, "error", "internal_failure"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char fault[200];
        snprintf(fault, sizeof fault, "{\"id\": \"f\", \"kind\": \"status\", \"status\": %u}",
                 cases[i].status);
        bench_faults(bench, fault);
        assert_int_equal(bench_ask(bench, "GET", cases[i].target, NULL, NULL), cases[i].status);
        if (strcmp(bench_text(bench, cases[i].place), cases[i].text) != 0)
            fail_msg("%s: %s", cases[i].target, bench->outcome.reply.body);
    }
}

// A dial that is reset after it was taken exists; one that is reset before does not.
static void a_reset_dial_exists_or_not(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"reset_before\", \"match\": "
                        "{\"number\": \"+12025550101\"}}");
    bench_ask(bench, "POST", CALLS, FORM, DIAL);
    assert_int_equal(bench->outcome.manner, SIM_RESET);
    assert_int_equal(bench_count(bench, "dials"), 0);
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"reset_after\"}");
    bench_ask(bench, "POST", CALLS, FORM, DIAL);
    assert_int_equal(bench->outcome.manner, SIM_RESET);
    assert_int_equal(bench_count(bench, "dials"), 1);
}

// A call that was never created is in no list of calls: who checks a run still sees who was
// dialled.
static void the_ledger_tells_which_number_a_request_was_about(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"reset_before\", \"match\": {\"text\": "
                        "\"To=\"}}");
    bench_ask(bench, "POST", CALLS, FORM, DIAL);
    bench_ask(bench, "GET", CALLS "?To=+12025550102", FORM, NULL);
    bench_ask(bench, "GET", "/elevenlabs/v1/models", KEY, NULL);
    assert_int_equal(bench_count(bench, "dials"), 0);
    assert_string_equal(bench_text(bench, "requests.0.number"), "+12025550101");
    assert_string_equal(bench_text(bench, "requests.0.fault"), "f");
    assert_string_equal(bench_text(bench, "requests.1.number"), "+12025550102");
    assert_string_equal(bench_text(bench, "requests.2.number"), "");
}

static bool early(struct bench *bench, const char *path) {
    struct sim_request request = {.method = "POST", .path = path, .body = ""};
    return sim_handle_early(&bench->sim, &request, bench->now);
}

static void a_reset_before_needs_no_body_if_it_matches_none(void **state) {
    struct bench *bench = *state;
    static const char path[] = "/elevenlabs/v1/text-to-speech/v";
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"reset_before\", \"count\": 1}");
    assert_true(early(bench, path));
    assert_false(early(bench, path));
    assert_int_equal(bench_count(bench, "requests"), 1);
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"reset_before\", \"match\": "
                        "{\"text\": \"Ada\"}}");
    assert_false(early(bench, path));
    // The fault before it may be the one that matches: only the body tells.
    bench_faults(bench, "{\"id\": \"a\", \"kind\": \"latency\", \"match\": {\"text\": \"Ada\"}},"
                        "{\"id\": \"b\", \"kind\": \"reset_before\"}");
    assert_false(early(bench, path));
    assert_false(early(bench, "/admin/ledger"));
}

static void a_fault_that_is_not_well_formed_changes_nothing(void **state) {
    struct bench *bench = *state;
    set(bench, "\"match\": {}");
    static const struct {
        const char *fault, *part;
    } cases[] = {
        {"{}", "id"},
        {"1", "objects"},
        {"{\"id\": \"x\"}", "kind"},
        {"{\"id\": \"x\", \"kind\": \"explode\"}", "kind"},
        {"{\"id\": \"x\", \"kind\": \"status\"}", "status"},
        {"{\"id\": \"x\", \"kind\": \"status\", \"status\": 99}", "status"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"rate\": 2}", "rate"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"count\": -1}", "count"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"cuont\": 1}", "cuont"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"match\": {\"nubmer\": \"1\"}}", "nubmer"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"match\": {\"number\": 1}}", "number"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"headers\": {\"a\": 1}}", "headers"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"delay_ms\": \"1\"}", "delay_ms"},
        {"{\"id\": \"x\", \"kind\": \"drip\", \"hold\": 1}", "hold"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[300];
        snprintf(body, sizeof body, "{\"faults\": [%s]}", cases[i].fault);
        if (bench_ask(bench, "PUT", "/admin/faults", NULL, body) != 400 ||
            strstr(bench_text(bench, "error"), cases[i].part) == NULL)
            fail_msg("%s: %s", cases[i].fault, bench->outcome.reply.body);
    }
    assert_int_equal(bench_ask(bench, "PUT", "/admin/faults", NULL, "[]"), 400);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/faults", NULL, "{}"), 400);
    assert_true(speak_hit(bench)); // the one that was there before
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_fault_hits_only_what_it_matches),
        TEST(a_call_is_matched_by_number_when_it_is_asked_for_by_sid),
        TEST(a_count_ends_a_fault_and_hits_are_told),
        TEST(a_fault_begins_and_ends_by_its_time_line),
        TEST(a_rate_is_kept_and_repeats_with_its_seed),
        TEST(the_first_fault_that_matches_wins),
        TEST(each_kind_does_what_it_says),
        TEST(delays_add_to_the_latency_of_all),
        TEST(a_reply_is_held_until_the_faults_are_put_again),
        TEST(a_drip_has_its_piece_and_pause),
        TEST(a_status_has_the_body_and_headers_that_were_given),
        TEST(a_status_without_body_is_told_as_the_provider_tells_it),
        TEST(a_reset_dial_exists_or_not),
        TEST(the_ledger_tells_which_number_a_request_was_about),
        TEST(a_reset_before_needs_no_body_if_it_matches_none),
        TEST(a_fault_that_is_not_well_formed_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
