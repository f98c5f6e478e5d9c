// Names of spans, and the header that carries them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/trace_context.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define OTHER "4bf92f3577b34da6a3ce929d0e0e4737"

static void a_trace_id_is_32_digits_in_lower_case_that_are_not_all_zero(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool is;
    } cases[] = {{TRACE, true},
                 {NULL, false},
                 {"", false},
                 {"00000000000000000000000000000000", false},
                 {"4BF92F3577B34DA6A3CE929D0E0E4736", false},
                 {"4bf92f3577b34da6a3ce929d0e0e473", false},
                 {TRACE "0", false},
                 {"4bf92f3577b34da6a3ce929d0e0e473g", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(rf_trace_is_id(cases[i].text), cases[i].is);
}

// Another program may make them for itself: what they come of is promised.
static void a_span_has_one_name_that_comes_of_what_it_is_of(void **state) {
    (void)state;
    char span[RF_SPAN_ID_SIZE];
    // printf '%s contact 0 ' $trace | sha256sum, and
    // printf '%s attempt 1700000000000000001 01J openai' $trace | sha256sum
    assert_string_equal(rf_span_of_contact(TRACE, span), "e1d1973f7edaa67b");
    assert_string_equal(rf_span_of_attempt(TRACE, "01J", "openai", 1700000000000000001, span),
                        "232445e6901bf8eb");
}

static void each_part_of_a_name_makes_another_span(void **state) {
    (void)state;
    char all[7][RF_SPAN_ID_SIZE];
    rf_span_of_contact(TRACE, all[0]);
    rf_span_of_contact(OTHER, all[1]);
    rf_span_of_attempt(TRACE, "a", "openai", 1, all[2]);
    rf_span_of_attempt(TRACE, "b", "openai", 1, all[3]);
    rf_span_of_attempt(TRACE, "a", "anthropic", 1, all[4]);
    rf_span_of_attempt(TRACE, "a", "openai", 2, all[5]);
    rf_span_id(TRACE, "call", "a openai", 1, all[6]);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(strspn(all[i], "0123456789abcdef"), 16);
        assert_int_equal(strlen(all[i]), 16);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(all[i], all[j]);
    }
}

static void a_header_has_version_trace_span_and_that_it_is_sampled(void **state) {
    (void)state;
    char header[RF_TRACEPARENT_SIZE];
    assert_string_equal(rf_traceparent(TRACE, "00f067aa0ba902b7", header),
                        "00-" TRACE "-00f067aa0ba902b7-01");
    assert_int_equal(strlen(header), RF_TRACEPARENT_SIZE - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_id_is_32_digits_in_lower_case_that_are_not_all_zero),
        cmocka_unit_test(a_span_has_one_name_that_comes_of_what_it_is_of),
        cmocka_unit_test(each_part_of_a_name_makes_another_span),
        cmocka_unit_test(a_header_has_version_trace_span_and_that_it_is_sampled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
