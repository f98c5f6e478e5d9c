// What the simulated Twilio tells of a call, and what goes wrong with it when asked to.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "callback/callback.h"

#define CALLS "/twilio/2010-04-01/Accounts/AC0/Calls.json"
#define FORM  "Authorization: Basic AC0:token\nContent-Type: application/x-www-form-urlencoded\n"
#define URL   "http://127.0.0.1:1/twilio/status/01JAR5ZX3N0000000000000000"

static unsigned dial(struct bench *bench, const char *to, const char *more) {
    char body[700];
    snprintf(body, sizeof body, "To=%%2B%s&From=%%2B12025550100&Twiml=x&StatusCallback=" URL "%s",
             to, more);
    return bench_ask(bench, "POST", CALLS, FORM, body);
}

// "initiated, completed!" of what is sent by now; '!': its signature is not by this token.
static const char *sent(struct bench *bench, const char *token, char *text, size_t size) {
    struct sim_callback callback;
    text[0] = '\0';
    sim_calls_advance(&bench->sim.calls, bench->now);
    while (sim_callback_take(&bench->sim, bench->now, &callback)) {
        struct rf_form form;
        assert_string_equal(callback.url, URL);
        assert_int_equal(rf_form_parse(&form, callback.body), RF_OK);
        bool right =
            rf_callback_signed(token, callback.url, form.fields, form.count, callback.signature);
        const char *status = rf_form_get(&form, "CallStatus");
        const char *heard = rf_form_get(&form, "AnsweredBy");
        snprintf(text + strlen(text), size - strlen(text), "%s%s%s%s%s%s",
                 text[0] != '\0' ? ", " : "", callback.event, status != NULL ? " " : "",
                 status != NULL ? status : "", heard != NULL ? " by " : "",
                 heard != NULL ? heard : "");
        snprintf(text + strlen(text), size - strlen(text), "%s", right ? "" : "!");
        sim_callback_sent(&bench->sim, &callback, 204, bench->now);
        rf_form_fini(&form);
        sim_callback_fini(&callback);
    }
    return text;
}

#define SENT(b, expected)                                                                          \
    do {                                                                                           \
        char text_[400];                                                                           \
        assert_string_equal(sent(b, "token", text_, sizeof text_), expected);                      \
    } while (0)

static void a_call_is_told_of_as_its_dial_asked(void **state) {
    struct bench *bench = *state;
    assert_int_equal(dial(bench, "12025550101", ""), 201);
    bench_wait(bench, rf_seconds(3));
    SENT(bench, "");
    bench_wait(bench, rf_seconds(60));
    SENT(bench, "completed completed"); // without a wish the end alone
    assert_int_equal(dial(bench, "12025550101",
                          "&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing"
                          "&StatusCallbackEvent=answered&StatusCallbackEvent=completed"),
                     201);
    SENT(bench, "initiated initiated, ringing ringing");
    bench_wait(bench, rf_seconds(3));
    SENT(bench, "answered in-progress");
    bench_wait(bench, rf_seconds(60));
    SENT(bench, "completed completed");
    assert_int_equal(bench_count(bench, "callbacks"), 5);
    assert_string_equal(bench_text(bench, "callbacks.4.event"), "completed");
    assert_string_equal(bench_text(bench, "callbacks.4.to"), "+12025550101");
    assert_int_equal(bench_number(bench, "callbacks.4.status"), 204);
    assert_string_equal(bench_text(bench, "callbacks.4.fault"), "");
}

static void each_ending_is_told_and_who_answered(void **state) {
    struct bench *bench = *state;
    static const char *const cases[][2] = {
        {"12025550190", "completed busy"},
        {"12025550191", "completed no-answer"},
        {"12025550192", "completed failed"},
        {"12025550197", "completed completed by machine_start"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(dial(bench, cases[i][0], "&MachineDetection=Enable"), 201);
        bench_wait(bench, rf_seconds(100));
        SENT(bench, cases[i][1]);
    }
    // Asynchronously it is told for itself, while the call goes on.
    assert_int_equal(dial(bench, "12025550197",
                          "&MachineDetection=Enable&AsyncAmd=true&AsyncAmdStatusCallback=" URL),
                     201);
    bench_wait(bench, rf_seconds(5));
    SENT(bench, "amd by machine_start");
    bench_wait(bench, rf_seconds(100));
    SENT(bench, "completed completed");
}

static void a_dial_with_a_bad_wish_places_no_call(void **state) {
    struct bench *bench = *state;
    assert_int_equal(dial(bench, "12025550101", "&StatusCallbackEvent=ended"), 400);
    assert_int_equal(bench_number(bench, "code"), 21626);
    assert_int_equal(bench_ask(bench, "POST", CALLS, FORM,
                               "To=%2B12025550101&From=%2B12025550100&Twiml=x&StatusCallback=x"),
                     400);
    assert_int_equal(bench_number(bench, "code"), 21609);
    assert_int_equal(bench_count(bench, "dials"), 0);
}

static void callbacks_are_lost_doubled_late_and_forged_by_script(void **state) {
    struct bench *bench = *state;
    bench_faults(bench,
                 "{\"id\": \"l\", \"kind\": \"lost\", \"match\": {\"provider\": \"callbacks\","
                 " \"number\": \"+12025550101\"}},"
                 "{\"id\": \"d\", \"kind\": \"doubled\", \"match\": {\"provider\": "
                 "\"callbacks\", \"number\": \"+12025550102\"}},"
                 "{\"id\": \"w\", \"kind\": \"wrong_signature\", \"match\": {\"provider\": "
                 "\"callbacks\", \"number\": \"+12025550103\"}},"
                 "{\"id\": \"o\", \"kind\": \"late\", \"delay_ms\": 90000, \"match\": "
                 "{\"provider\": \"callbacks\", \"text\": \"CallStatus=initiated\"}}");
    dial(bench, "12025550101", "");
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "");
    dial(bench, "12025550102", "");
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "completed completed, completed completed");
    dial(bench, "12025550103", "");
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "completed completed!");
    dial(bench, "12025550104", "&StatusCallbackEvent=initiated&StatusCallbackEvent=completed");
    SENT(bench, "");
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "completed completed"); // before its beginning
    bench_wait(bench, rf_seconds(90));
    SENT(bench, "initiated initiated");
    assert_int_equal(bench_count(bench, "callbacks"), 6); // with the lost one
    assert_string_equal(bench_text(bench, "callbacks.0.fault"), "l");
    assert_int_equal(bench_number(bench, "callbacks.0.status"), 0);
}

static void faults_of_replies_and_of_callbacks_are_not_mixed_up(void **state) {
    struct bench *bench = *state;
    static const char *const refused[] = {
        "{\"faults\": [{\"id\": \"a\", \"kind\": \"lost\"}]}",
        "{\"faults\": [{\"id\": \"a\", \"kind\": \"late\", \"match\": {\"provider\": "
        "\"twilio\"}}]}",
        "{\"faults\": [{\"id\": \"a\", \"kind\": \"latency\", \"match\": {\"provider\": "
        "\"callbacks\"}}]}",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(bench_ask(bench, "PUT", "/admin/faults", NULL, refused[i]), 400);
    bench_faults(bench, "{\"id\": \"any\", \"kind\": \"latency\", \"delay_ms\": 5}");
    dial(bench, "12025550101", "");
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "completed completed");
}

static void a_token_that_was_replaced_signs_no_more(void **state) {
    struct bench *bench = *state;
    dial(bench, "12025550101", "");
    assert_int_equal(bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"twilio\": [\"another\"]}"),
                     200);
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "completed completed!");
}

static void a_simulator_that_forgets_everything_tells_nothing_more(void **state) {
    struct bench *bench = *state;
    dial(bench, "12025550101", "");
    bench_wait(bench, rf_seconds(1));
    assert_int_equal(bench_ask(bench, "POST", "/admin/reset", NULL, NULL), 200);
    bench_wait(bench, rf_seconds(20));
    SENT(bench, "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, bench_setup, bench_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_told_of_as_its_dial_asked),
        TEST(each_ending_is_told_and_who_answered),
        TEST(a_dial_with_a_bad_wish_places_no_call),
        TEST(callbacks_are_lost_doubled_late_and_forged_by_script),
        TEST(faults_of_replies_and_of_callbacks_are_not_mixed_up),
        TEST(a_token_that_was_replaced_signs_no_more),
        TEST(a_simulator_that_forgets_everything_tells_nothing_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
