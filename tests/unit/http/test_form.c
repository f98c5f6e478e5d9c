// Forms: what is written is escaped, and what is read is what was written.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/form.h"

static void a_form_is_escaped(void **state) {
    (void)state;
    const struct rf_form_field fields[] = {{"A", "a b&c=d+\r\n"}, {"B", NULL}, {"C", "\xc3\xa4~"}};
    char *text = rf_form_encode(fields, 3);
    assert_string_equal(text, "A=a%20b%26c%3Dd%2B%0D%0A&C=%C3%A4~");
    free(text);
}

static void a_form_is_read_in_its_order_and_decoded(void **state) {
    (void)state;
    static const struct rf_form_field expected[] = {
        {"To", "+12025550100"}, {"a b", "c d"},    {"empty", ""},   {"bare", ""},
        {"", "no name"},        {"To", "another"}, {"odd", "%zz%4"}};
    struct rf_form form;
    assert_int_equal(rf_form_parse(&form, "To=%2B12025550100&a+b=c%20d&&empty=&bare&=no+name&"
                                          "To=another&odd=%zz%4"),
                     RF_OK);
    assert_int_equal(form.count, 7);
    for (size_t i = 0; i < form.count; i++) {
        assert_string_equal(form.fields[i].name, expected[i].name);
        assert_string_equal(form.fields[i].value, expected[i].value);
    }
    assert_string_equal(rf_form_get(&form, "To"), "+12025550100");
    assert_null(rf_form_get(&form, "to"));
    assert_false(form.cut);
    rf_form_fini(&form);
    assert_int_equal(rf_form_parse(&form, ""), RF_OK);
    assert_int_equal(form.count, 0);
    rf_form_fini(&form);
}

static void a_form_with_too_many_fields_is_said_to_be_cut(void **state) {
    (void)state;
    char body[4 * RF_FORM_FIELDS + 8] = "";
    struct rf_form form;
    for (int i = 0; i < RF_FORM_FIELDS; i++)
        strcat(body, "a=1&");
    assert_int_equal(rf_form_parse(&form, body), RF_OK);
    assert_int_equal(form.count, RF_FORM_FIELDS);
    assert_false(form.cut);
    rf_form_fini(&form);
    strcat(body, "b=2");
    assert_int_equal(rf_form_parse(&form, body), RF_OK);
    assert_int_equal(form.count, RF_FORM_FIELDS);
    assert_true(form.cut);
    rf_form_fini(&form);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_form_is_escaped),
        cmocka_unit_test(a_form_is_read_in_its_order_and_decoded),
        cmocka_unit_test(a_form_with_too_many_fields_is_said_to_be_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
