#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "request.h"
#include "twiml.h"

static void a_script_is_asked_for_with_the_contacts_fields(void **state) {
    (void)state;
    char prompt[] = "Call {name} at {phone} in {city} {unknown}.", phone[] = "+12025550100";
    char name[] = "Ann", fields[] = "{\"city\": \"Bath\", \"name\": \"of the column\"}";
    const struct rf_config config = {.orchestrator = {.prompt = prompt}};
    struct rf_contact contact = {.phone = phone, .name = name, .fields = fields};
    json_t *params = rf_request_script(&contact, &config);
    assert_string_equal(json_string_value(json_object_get(params, "prompt")),
                        "Call Ann at +12025550100 in Bath {unknown}.");
    json_t *sent = json_object_get(params, "fields");
    assert_string_equal(json_string_value(json_object_get(sent, "name")), "Ann");
    assert_string_equal(json_string_value(json_object_get(sent, "phone")), "+12025550100");
    assert_string_equal(json_string_value(json_object_get(sent, "city")), "Bath");
    json_decref(params);

    contact.name = contact.fields = NULL;
    params = rf_request_script(&contact, &config);
    assert_string_equal(json_string_value(json_object_get(params, "prompt")),
                        "Call  at +12025550100 in {city} {unknown}.");
    json_decref(params);
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
        cmocka_unit_test(a_script_is_asked_for_with_the_contacts_fields),
        cmocka_unit_test(spoken_text_cannot_leave_its_element),
        cmocka_unit_test(a_played_address_is_base_and_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
