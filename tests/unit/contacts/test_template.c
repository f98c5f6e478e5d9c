#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "contacts/template.h"

static void placeholders_become_the_fields_and_the_first_unknown_one_is_told(void **state) {
    (void)state;
    json_t *fields = json_pack("{s:s,s:s,s:s,s:i}", "name", "Ann", "city", "Bath", "evil",
                               "{name}{gone}", "number", 5);
    const struct {
        const char *template, *text, *missing;
    } cases[] = {
        {"Call {name}.", "Call Ann.", ""},
        {"{city}{city}", "BathBath", ""},
        {"{evil}", "{name}{gone}", ""}, // what was put in is not looked at again
        {"{unknown} {other} {", "{unknown} {other} {", "unknown"},
        {"{number}", "{number}", "number"},
        {"{ name}", "{ name}", " name"},
        {"}{name", "}{name", ""},
        {"", "", ""},
        {"{a-key-that-is-too-long}", "{a-key-that-is-too-long}", "a-key-that-is-t"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char missing[16] = "before";
        char *text = rf_template_fill(cases[i].template, fields, missing, sizeof missing);
        assert_non_null(text);
        assert_string_equal(text, cases[i].text);
        assert_string_equal(missing, cases[i].missing);
        free(text);
    }
    char *text = rf_template_fill("Hi {name}", NULL, NULL, 0);
    assert_string_equal(text, "Hi {name}");
    free(text);
    text = rf_template_fill("{{name}}", fields, NULL, 0);
    assert_string_equal(text, "{Ann}");
    free(text);
    json_decref(fields);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_become_the_fields_and_the_first_unknown_one_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
