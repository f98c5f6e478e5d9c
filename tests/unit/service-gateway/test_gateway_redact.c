// What of a provider's words may be told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "redact.h"

static void secrets_and_controls_are_taken_out(void **state) {
    (void)state;
    static const struct {
        const char *text, *secret, *expected;
    } cases[] = {
        {"nothing to hide", "s3cret", "nothing to hide"},
        {"key s3cret and s3cret.", "s3cret", "key [redacted] and [redacted]."},
        {"s3cret", "s3cret", "[redacted]"},
        {"cut off at s3cr", "s3cret", "cut off at [redacted]"}, // a text that ended within it
        {"ends in s3", "s3cret", "ends in s3"},                 // too short to tell
        {"Incorrect API key provided: sk-abcd********wxyz. See", "",
         "Incorrect API key provided: [redacted] See"},
        {"a risk-free task-force", NULL, "a risk-free task-force"},
        {"Authorization: Bearer abc.def", NULL, "Authorization: [redacted]"},
        {"one\r\ntwo\ttab\x1b[31m", NULL, "one  two tab [31m"},
        {"caf\xc3", NULL, "caf"},
        {"caf\xc3\xa9", NULL, "caf\xc3\xa9"},
        {"\xe2\x82", NULL, ""},
        {"", "s3cret", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s", cases[i].text);
        redact(text, sizeof text, cases[i].secret);
        assert_string_equal(text, cases[i].expected);
    }
}

static void a_longer_replacement_stays_within_the_buffer(void **state) {
    (void)state;
    char text[16] = "abcd abcd abcd";
    redact(text, sizeof text, "abcd");
    assert_true(strlen(text) < sizeof text);
    assert_null(strstr(text, "abcd"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_and_controls_are_taken_out),
        cmocka_unit_test(a_longer_replacement_stays_within_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
