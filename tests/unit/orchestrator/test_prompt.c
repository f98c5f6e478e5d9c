#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "prompt.h"
#include "twiml.h"

static void placeholders_are_the_contacts(void **state) {
    (void)state;
    json_t *fields = json_pack("{s:s,s:s}", "city", "Bath", "evil", "{name}{phone}");
    const struct {
        const char *template, *text;
    } cases[] = {
        {"Call {name} at {phone}.", "Call Ann at +12025550100."},
        {"{city}{city}", "BathBath"},
        {"{evil}", "{name}{phone}"}, // what was put in is not looked at again
        {"{unknown} {", "{unknown} {"},
        {"{}", "{}"},
        {"{ name}", "{ name}"},
        {"}{name", "}{name"},
        {"{{name}}", "{Ann}"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = rf_prompt_fill(cases[i].template, "Ann", "+12025550100", fields);
        assert_non_null(text);
        assert_string_equal(text, cases[i].text);
        free(text);
    }
    char *text = rf_prompt_fill("Hi {name}{city}", NULL, "+1", NULL);
    assert_string_equal(text, "Hi {city}");
    free(text);
    json_decref(fields);
}

static void spoken_text_cannot_leave_its_element(void **state) {
    (void)state;
    char *twiml = rf_twiml_say("</Say><Dial>+1900</Dial> & \"it's\"\n\x01 \xc3\xa4");
    assert_string_equal(twiml, "<Response><Say>&lt;/Say&gt;&lt;Dial&gt;+1900&lt;/Dial&gt; &amp; "
                               "&quot;it&apos;s&quot;  \xc3\xa4</Say></Response>");
    free(twiml);
}

static void a_played_address_is_base_and_path(void **state) {
    (void)state;
    const char *const bases[] = {"http://a:1", "http://a:1/"};
    for (size_t i = 0; i < 2; i++) {
        char *twiml = rf_twiml_play(bases[i], "/media/1/b/c.mp3?x=1&y");
        assert_string_equal(
            twiml, "<Response><Play>http://a:1/media/1/b/c.mp3?x=1&amp;y</Play></Response>");
        free(twiml);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_are_the_contacts),
        cmocka_unit_test(spoken_text_cannot_leave_its_element),
        cmocka_unit_test(a_played_address_is_base_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
