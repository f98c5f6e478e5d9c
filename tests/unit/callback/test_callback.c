// The signature of a callback: Twilio's own examples, and what is not signed so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "callback/callback.h"

#define ATTEMPT  "01JAR5ZX3N0000000000000000"
#define COUNT(a) (sizeof(a) / sizeof *(a))

// The example of Twilio's documentation of webhook security, with the token 12345.
static const struct rf_form_field example[] = {{"CallSid", "CA1234567890ABCDE"},
                                               {"Caller", "+14158675309"},
                                               {"Digits", "1234"},
                                               {"From", "+14158675309"},
                                               {"To", "+18005551212"}};
#define EXAMPLE_URL       "https://mycompany.com/myapp.php?foo=1&bar=2"
#define EXAMPLE_SIGNATURE "RSOYDt4T1cUTdK1PDd93/VVr8B8="

// What is told of a call: here signed by a program of a few lines in another language, with the
// token "token".
static const struct rf_form_field told[] = {{"AccountSid", "AC00000000000000000000000000000000"},
                                            {"CallSid", "CA11111111111111111111111111111111"},
                                            {"CallStatus", "completed"},
                                            {"CallDuration", "12"},
                                            {"From", "+12025550199"},
                                            {"To", "+12025550100"},
                                            {"ApiVersion", "2010-04-01"},
                                            {"Direction", "outbound-api"},
                                            {"Timestamp", "Sat, 28 Nov 2026 10:00:00 +0000"},
                                            {"CallbackSource", "call-progress-events"},
                                            {"SequenceNumber", "3"},
                                            {"ForwardedFrom", ""}};

static void the_providers_own_examples_are_signed_as_it_says(void **state) {
    (void)state;
    static const struct rf_form_field repeated[] = {{"Sid", "CA123"},
                                                    {"SidAccount", "AC123"},
                                                    {"Digits", "5678"},
                                                    {"Digits", "1234"},
                                                    {"Digits", "1234"}};
    static const struct {
        const char *url;
        const struct rf_form_field *fields;
        size_t count;
        const char *signature;
    } cases[] = {
        {EXAMPLE_URL, example, COUNT(example), EXAMPLE_SIGNATURE},
        // From the tests of its libraries.
        {"https://MyCompany.com/myapp.php?foo=1&bar=2", example, COUNT(example),
         "g9IN/x4Cft2g517EjYvEvM/W7LU="},
        {"https://MyCompany.com:1234/myapp.php?foo=1&bar=2", example, COUNT(example),
         "PCqOZm8cnu/L6+u5i5fuEd+Iac4="},
        {EXAMPLE_URL, repeated, COUNT(repeated), "IK+Dwps556ElfBT0I3Rgjkr1wJU="},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *made = rf_callback_sign("12345", cases[i].url, cases[i].fields, cases[i].count);
        assert_string_equal(made, cases[i].signature);
        assert_true(rf_callback_signed("12345", cases[i].url, cases[i].fields, cases[i].count,
                                       cases[i].signature));
        free(made);
    }
}

static void the_order_of_the_fields_does_not_matter(void **state) {
    (void)state;
    struct rf_form_field turned[COUNT(example)];
    for (size_t i = 0; i < COUNT(example); i++)
        turned[i] = example[COUNT(example) - 1 - i];
    assert_true(rf_callback_signed("12345", EXAMPLE_URL, turned, COUNT(turned), EXAMPLE_SIGNATURE));
}

static void whatever_is_changed_is_not_signed(void **state) {
    (void)state;
    struct rf_form_field changed[COUNT(example) + 1];
    for (size_t i = 0; i < COUNT(example); i++) {
        memcpy(changed, example, sizeof example);
        changed[i].value = "x";
        assert_false(
            rf_callback_signed("12345", EXAMPLE_URL, changed, COUNT(example), EXAMPLE_SIGNATURE));
        changed[i] = (struct rf_form_field){"x", example[i].value};
        assert_false(
            rf_callback_signed("12345", EXAMPLE_URL, changed, COUNT(example), EXAMPLE_SIGNATURE));
    }
    memcpy(changed, example, sizeof example);
    changed[COUNT(example)] = (struct rf_form_field){"CallStatus", "completed"};
    assert_false(
        rf_callback_signed("12345", EXAMPLE_URL, changed, COUNT(changed), EXAMPLE_SIGNATURE));
    assert_false(rf_callback_signed("12345", EXAMPLE_URL, example, 4, EXAMPLE_SIGNATURE));
    assert_false(rf_callback_signed("12346", EXAMPLE_URL, example, 5, EXAMPLE_SIGNATURE));
    assert_false(rf_callback_signed("12345", EXAMPLE_URL "3", example, 5, EXAMPLE_SIGNATURE));
    static const char *const signatures[] = {NULL,
                                             "",
                                             "=",
                                             "RSOYDt4T1cUTdK1PDd93/VVr8B8",
                                             "RSOYDt4T1cUTdK1PDd93/VVr8B8=\n",
                                             "rSOYDt4T1cUTdK1PDd93/VVr8B8=",
                                             "0000000000000000000000000000"};
    for (size_t i = 0; i < COUNT(signatures); i++)
        assert_false(rf_callback_signed("12345", EXAMPLE_URL, example, 5, signatures[i]));
}

// What stands between adds a port to the address, or drops one.
static void an_address_counts_with_and_without_its_port(void **state) {
    (void)state;
    static const struct {
        const char *url, *signature;
        bool good;
    } cases[] = {
        {"https://calls.example.com", "0e5CfDCxZF7eBBNn9mwpDGiRkhk=", true},
        {"https://calls.example.com", "elP5XOaFNT4ruhQxk29zAcOlQ1k=", true}, // of :443
        {"https://calls.example.com:443", "0e5CfDCxZF7eBBNn9mwpDGiRkhk=", true},
        {"https://calls.example.com:8443", "0e5CfDCxZF7eBBNn9mwpDGiRkhk=", true},
        {"https://calls.example.com", "yv7Q3jysHYhW1U7hh44ZzCt3HEI=", false}, // of :8443
        {"http://calls.example.com", "0e5CfDCxZF7eBBNn9mwpDGiRkhk=", false},
        {"http://[::1]", "tBKPM/i0DK6cJFX6Mx/jbNtFw/U=", true}, // of :80
        {"http://[::1]:80", "a4qiKE5jKpWP5HRHm1zCapVFttg=", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *url = rf_callback_url(cases[i].url, ATTEMPT);
        assert_int_equal(rf_callback_signed("token", url, told, COUNT(told), cases[i].signature),
                         cases[i].good);
        free(url);
    }
}

static void an_address_names_its_dial_and_leads_back_to_it(void **state) {
    (void)state;
    char attempt[RF_ULID_SIZE];
    char *url = rf_callback_url("https://calls.example.com/ringfence/", ATTEMPT);
    assert_string_equal(url, "https://calls.example.com/ringfence/twilio/status/" ATTEMPT);
    free(url);
    assert_true(rf_callback_attempt("/twilio/status/" ATTEMPT, attempt));
    assert_string_equal(attempt, ATTEMPT);
    static const char *const others[] = {
        "/twilio/status/",
        "/twilio/status",
        "/",
        "",
        "/twilio/status/" ATTEMPT "0",
        "/twilio/status/" ATTEMPT "/",
        "/twilio/status/01JAR5ZX3N000000000000000",
        "/twilio/status/01JAR5ZX3N00000000000000I0",
        "/twilio/status/01jar5zx3n0000000000000000",
        "/twilio/status/../../../../../etc/passwd00",
        ("/twilio/Status/" ATTEMPT),
    };
    for (size_t i = 0; i < COUNT(others); i++)
        assert_false(rf_callback_attempt(others[i], attempt));
    assert_null(rf_callback_url("https://calls.example.com", "call-1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_providers_own_examples_are_signed_as_it_says),
        cmocka_unit_test(the_order_of_the_fields_does_not_matter),
        cmocka_unit_test(whatever_is_changed_is_not_signed),
        cmocka_unit_test(an_address_counts_with_and_without_its_port),
        cmocka_unit_test(an_address_names_its_dial_and_leads_back_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
