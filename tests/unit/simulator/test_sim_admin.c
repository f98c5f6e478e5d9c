// The simulator's own face: keys, ledger, settings, reset.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void keys_are_refused_and_accepted_while_running(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *target, *good, *bad;
        const char *place, *text; // of the refusal
    } faces[] = {
        {"/elevenlabs/v1/models", "xi-api-key: good\n", "xi-api-key: bad\n", "detail.code",
         "invalid_api_key"},
        {"/openai/v1/models", "Authorization: Bearer good\n", "Authorization: Bearer bad\n",
         "error.code", "invalid_api_key"},
        {"/anthropic/v1/models", "x-api-key: good\n", "x-api-key: bad\n", "error.type",
         "authentication_error"},
        {"/twilio/2010-04-01/Accounts/AC0.json", "Authorization: Basic AC0:good\n",
         "Authorization: Basic AC0:bad\n", "message", "Authenticate"},
    };
    for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
        assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{}"), 200);
        assert_int_equal(bench_ask(bench, "GET", faces[i].target, faces[i].bad, NULL), 200);
        assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL,
                                   "{\"elevenlabs\": [\"x\", \"good\"], \"openai\": [\"good\"], "
                                   "\"anthropic\": [\"good\"], \"twilio\": [\"good\"]}"),
                         200);
        assert_int_equal(bench_ask(bench, "GET", faces[i].target, faces[i].good, NULL), 200);
        assert_int_equal(bench_ask(bench, "GET", faces[i].target, faces[i].bad, NULL), 401);
        assert_string_equal(bench_text(bench, faces[i].place), faces[i].text);
    }
}

static void a_telegram_token_can_be_revoked(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"telegram\": [\"1:a\"]}"),
                     200);
    assert_int_equal(bench_ask(bench, "GET", "/telegram/bot1:a/getMe", NULL, NULL), 200);
    assert_int_equal(bench_ask(bench, "GET", "/telegram/bot1:b/getMe", NULL, NULL), 401);
    assert_string_equal(bench_text(bench, "description"), "Unauthorized");
}

static void an_empty_list_accepts_no_key_and_an_unnamed_provider_any(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"openai\": []}"), 200);
    assert_int_equal(
        bench_ask(bench, "GET", "/openai/v1/models", "Authorization: Bearer k\n", NULL), 401);
    assert_int_equal(bench_ask(bench, "GET", "/elevenlabs/v1/models", "xi-api-key: k\n", NULL),
                     200);
    assert_int_equal(bench_ask(bench, "GET", "/elevenlabs/v1/models", NULL, NULL), 401);
    assert_int_equal(bench_ask(bench, "GET", "/admin/keys", NULL, NULL), 200);
    assert_int_equal(bench_number(bench, "openai"), 0);
}

static void keys_that_are_not_well_formed_change_nothing(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"openai\": [\"a\"]}"), 200);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"openai\": \"a\"}"), 400);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"openai\": [1]}"), 400);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "[]"), 400);
    assert_int_equal(
        bench_ask(bench, "GET", "/openai/v1/models", "Authorization: Bearer a\n", NULL), 200);
}

static void the_ledger_gives_all_lists_or_those_that_are_asked_for(void **state) {
    struct bench *bench = *state;
    static const char *const names[] = {"scripts",  "speeches", "telegram",
                                        "webhooks", "requests", "dials"};
    assert_int_equal(bench_ask(bench, "GET", "/admin/ledger", NULL, NULL), 200);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(bench_number(bench, names[i]), 0);
    assert_int_equal(bench_number(bench, "sheets.rows"), 0);
    assert_int_equal(bench_ask(bench, "GET", "/admin/ledger?only=dials,sheets", NULL, NULL), 200);
    assert_int_equal(json_object_size(bench->json), 2);
    assert_int_equal(bench_number(bench, "dials"), 0);
}

static void what_asks_the_simulator_itself_is_not_in_the_ledger(void **state) {
    struct bench *bench = *state;
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"reset_before\"}");
    assert_int_equal(bench_ask(bench, "GET", "/admin/healthz", NULL, NULL), 200);
    assert_int_equal(bench->outcome.manner, SIM_REPLY);
    assert_int_equal(bench_count(bench, "requests"), 0);
}

static void settings_are_checked(void **state) {
    struct bench *bench = *state;
    static const char *const bad[] = {"{\"sheet_rows\": 0}", "{\"sheet_rows\": \"1\"}",
                                      "{\"rows\": 1}", "{\"sheet_columns\": 100000}"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(bench_ask(bench, "PUT", "/admin/settings", NULL, bad[i]), 400);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/settings", NULL,
                               "{\"sheet_rows\": 5, \"sheet_columns\": 3}"),
                     200);
}

static void accounts_have_what_is_set_less_what_was_used(void **state) {
    struct bench *bench = *state;
    static const char subscription[] = "/elevenlabs/v1/user/subscription";
    assert_int_equal(bench_ask(bench, "PUT", "/admin/settings", NULL,
                               "{\"elevenlabs_character_limit\": 50, "
                               "\"elevenlabs_character_reset\": 1800000000}"),
                     200);
    assert_int_equal(bench_ask(bench, "POST", "/elevenlabs/v1/text-to-speech/v", "xi-api-key: k\n",
                               "{\"text\": \"hello\"}"),
                     200);
    assert_int_equal(bench_ask(bench, "GET", subscription, "xi-api-key: k\n", NULL), 200);
    assert_int_equal(bench_number(bench, "character_count"), 5);
    assert_int_equal(bench_number(bench, "character_limit"), 50);
    assert_int_equal(bench_number(bench, "next_character_count_reset_unix"), 1800000000);
}

static void a_reset_forgets_everything(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", "/elevenlabs/v1/text-to-speech/v", "xi-api-key: k\n",
                               "{\"text\": \"a\"}"),
                     200);
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"elevenlabs\": []}"), 200);
    bench_faults(bench, "{\"id\": \"f\", \"kind\": \"empty\"}");
    assert_int_equal(bench_ask(bench, "POST", "/admin/reset", NULL, NULL), 200);
    assert_int_equal(bench_count(bench, "speeches"), 0);
    assert_int_equal(bench_count(bench, "requests"), 0);
    assert_int_equal(
        bench_ask(bench, "GET", "/elevenlabs/v1/user/subscription", "xi-api-key: k\n", NULL), 200);
    assert_int_equal(bench_number(bench, "character_count"), 0);
}

static void what_is_no_face_is_404(void **state) {
    struct bench *bench = *state;
    static const char *const paths[] = {"/", "/nobody/x", "/openaix/v1/models", "/admin",
                                        "/admin/nothing"};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(bench_ask(bench, "GET", paths[i], NULL, NULL), 404);
    assert_int_equal(bench_ask(bench, "DELETE", "/admin/faults", NULL, NULL), 404);
}

static void the_ledger_is_bounded(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < SIM_LEDGER_MOST + 3; i++)
        sim_ledger_add(&bench->sim.ledger, SIM_LEDGER_TELEGRAM, bench->now, json_object());
    assert_int_equal(bench_count(bench, "telegram"), SIM_LEDGER_MOST);
    assert_int_equal(bench_number(bench, "dropped"), 3);
}

static void the_ledger_tells_when_a_request_came_and_when_it_was_read(void **state) {
    struct bench *bench = *state;
    bench->waited = rf_ms(1500);
    bench_ask(bench, "GET", "/elevenlabs/v1/models", "xi-api-key: k", NULL);
    bench_ask(bench, "GET", "/admin/ledger", NULL, NULL);
    const json_t *request = json_array_get(json_object_get(bench->json, "requests"), 0);
    double at = json_real_value(json_object_get(request, "at"));
    double came = json_real_value(json_object_get(request, "came"));
    assert_true(at - came > 1.499 && at - came < 1.501);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_ledger_tells_when_a_request_came_and_when_it_was_read),
        TEST(keys_are_refused_and_accepted_while_running),
        TEST(a_telegram_token_can_be_revoked),
        TEST(an_empty_list_accepts_no_key_and_an_unnamed_provider_any),
        TEST(keys_that_are_not_well_formed_change_nothing),
        TEST(the_ledger_gives_all_lists_or_those_that_are_asked_for),
        TEST(what_asks_the_simulator_itself_is_not_in_the_ledger),
        TEST(settings_are_checked),
        TEST(accounts_have_what_is_set_less_what_was_used),
        TEST(a_reset_forgets_everything),
        TEST(what_is_no_face_is_404),
        TEST(the_ledger_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
