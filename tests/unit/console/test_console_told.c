// A callback is read when it is signed by the account, and says what we can use.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "told.h"

#define URL     "https://calls.example/twilio/status/" ATTEMPT
#define ATTEMPT "01JAR5ZX3N0000000000000000"
#define FORM    "application/x-www-form-urlencoded"
#define SID     "CA11111111111111111111111111111111"

static char first[] = "first-token", second[] = "second-token";
static const struct rf_secret tokens[] = {{.value = first}, {.value = NULL}, {.value = second}};

// Reads `body` as it would be if `token` had signed it.
static enum console_trust read_as(const char *token, const char *body, struct console_told *told) {
    struct rf_form form;
    assert_int_equal(rf_form_parse(&form, body), RF_OK);
    char *signature = rf_callback_sign(token, URL, form.fields, form.count);
    rf_form_fini(&form);
    const struct console_post post = {URL, FORM, signature, body};
    enum console_trust trust = console_told_read(&post, tokens, 3, told);
    free(signature);
    return trust;
}

static void what_the_account_signed_is_read(void **state) {
    (void)state;
    struct console_told told;
    assert_int_equal(read_as(first,
                             "CallSid=" SID "&CallStatus=completed&CallDuration=12"
                             "&AnsweredBy=machine_start&From=%2B12025550199&Unknown=%00x",
                             &told),
                     CONSOLE_SIGNED);
    assert_string_equal(told.sid, SID);
    assert_string_equal(told.status, "completed");
    assert_string_equal(told.answered_by, "machine_start");
    assert_int_equal(told.duration_s, 12);
    json_t *data = console_told_data(&told, ATTEMPT);
    char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"answered_by\":\"machine_start\",\"attempt\":\"" ATTEMPT
                              "\",\"duration_s\":12,\"provider\":\"twilio\","
                              "\"status\":\"completed\"}");
    free(text);
    json_decref(data);
    // By the token that is about to replace the first one, too.
    assert_int_equal(read_as(second, "CallSid=" SID "&CallStatus=initiated", &told),
                     CONSOLE_SIGNED);
    assert_string_equal(told.answered_by, "");
    assert_int_equal(told.duration_s, -1);
    // As detection that does not hold up the call tells it.
    assert_int_equal(
        read_as(first, "CallSid=" SID "&AnsweredBy=human&MachineDetectionDuration=9", &told),
        CONSOLE_SIGNED);
    assert_string_equal(told.status, "");
}

static void what_nobody_or_another_signed_is_forged(void **state) {
    (void)state;
    static const char body[] = "CallSid=" SID "&CallStatus=completed";
    struct console_told told;
    assert_int_equal(read_as("third-token", body, &told), CONSOLE_FORGED);
    assert_int_equal(read_as("", body, &told), CONSOLE_FORGED);
    static const struct console_post posts[] = {
        {URL, FORM, NULL, body},
        {URL, FORM, "", body},
        {URL, FORM, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", body},
        {URL, NULL, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", body},
        {URL, "application/json", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "{}"},
    };
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        assert_int_equal(console_told_read(&posts[i], tokens, 3, &told), CONSOLE_FORGED);
        assert_string_equal(told.sid, "");
    }
    // Without a token nobody can have signed it, not even by an empty one.
    struct rf_form form;
    assert_int_equal(rf_form_parse(&form, body), RF_OK);
    char *empty = rf_callback_sign("", URL, form.fields, form.count);
    const struct console_post post = {URL, FORM, empty, body};
    assert_int_equal(console_told_read(&post, &tokens[1], 1, &told), CONSOLE_FORGED);
    assert_int_equal(console_told_read(&post, tokens, 0, &told), CONSOLE_FORGED);
    free(empty);
    rf_form_fini(&form);
}

static void a_signature_over_fields_that_were_left_out_is_none(void **state) {
    (void)state;
    char body[1024] = "CallSid=" SID "&CallStatus=completed";
    struct console_told told;
    for (int i = 0; i < RF_FORM_FIELDS; i++)
        snprintf(body + strlen(body), sizeof body - strlen(body), "&a%d=", i);
    assert_int_equal(read_as(first, body, &told), CONSOLE_FORGED);
}

static void signed_nonsense_is_unusable(void **state) {
    (void)state;
    static const char *const bodies[] = {
        "",
        "CallStatus=completed",
        "CallSid=&CallStatus=completed",
        "CallSid=" SID,
        "CallSid=" SID "&CallStatus=",
        "CallSid=CA1%2F..%2F&CallStatus=completed",
        "CallSid=CA1&CallStatus=com%0Apleted",
        "CallSid=CA1&CallStatus=completed&AnsweredBy=%3Cb%3E",
        "CallSid=CA1&CallStatus=completed&CallDuration=-1",
        "CallSid=CA1&CallStatus=completed&CallDuration=1e9",
        "CallSid=CA1&CallStatus=completed&CallDuration=9999999999",
        "CallSid=CA1&CallStatus=abcdefghijklmnopqrstuvwxyzabcdefghijkl",
        "CallSid=CA1111111111222222222233333333334444444444555555555566666666667777"
        "&CallStatus=completed",
    };
    struct console_told told;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(read_as(first, bodies[i], &told), CONSOLE_UNUSABLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_account_signed_is_read),
        cmocka_unit_test(what_nobody_or_another_signed_is_forged),
        cmocka_unit_test(a_signature_over_fields_that_were_left_out_is_none),
        cmocka_unit_test(signed_nonsense_is_unusable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
