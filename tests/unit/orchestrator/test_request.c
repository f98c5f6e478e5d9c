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

// Whose call it is, and how long its request may take, goes along as it was when it was begun.
static void what_is_asked_about_a_call_is_what_it_was_begun_with(void **state) {
    (void)state;
    char phone[] = "+12025550100", script[] = "Hello", audio[] = "say";
    const struct rf_config config = {.telephony = {.audio = audio}};
    const struct rf_rules rules = {.clock_skew = {4 * RF_NS_PER_S}};
    struct rf_contact contact = {
        .phone = phone,
        .script = script,
        .dial = {.created = {100000 * RF_NS_PER_S},
                 .within = {15 * RF_NS_PER_S},
                 .account = "AC1 at https://api.example",
                 .sender = "+12025550199",
                 .sid = "CA1"},
    };
    struct rf_error error = {0};
    const struct rf_utc now = {100050 * RF_NS_PER_S};
    json_t *known = json_pack("[s]", "CA0");
    json_t *dial = rf_request_dial(&contact, &config, now, &error);
    json_t *found = rf_request_find(&contact, &rules, now, known);
    json_t *status = rf_request_status(&contact);
    json_t *wanted[] = {
        json_pack("{s:s,s:O,s:s,s:s,s:I}", "to", phone, "twiml", json_object_get(dial, "twiml"),
                  "account", "AC1 at https://api.example", "from", "+12025550199", "within_ns",
                  (json_int_t)(15 * RF_NS_PER_S)),
        json_pack("{s:s,s:I,s:I,s:O,s:s,s:s}", "to", phone, "created_after",
                  (json_int_t)(99995 * RF_NS_PER_S), "unsure_after",
                  (json_int_t)(13600 * RF_NS_PER_S), "known", known, "account",
                  "AC1 at https://api.example", "from", "+12025550199"),
        json_pack("{s:s,s:s,s:s}", "sid", "CA1", "account", "AC1 at https://api.example", "from",
                  "+12025550199"),
    };
    json_t *params[] = {dial, found, status};
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_equal(params[i], wanted[i]));
        json_decref(params[i]);
        json_decref(wanted[i]);
    }
    json_decref(known);
    // Of an attempt that was stored before that was told.
    contact.dial = (struct rf_dial){.sid = "CA1"};
    status = rf_request_status(&contact);
    assert_int_equal(json_object_size(status), 1);
    json_decref(status);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_is_asked_for_with_the_contacts_fields),
        cmocka_unit_test(spoken_text_cannot_leave_its_element),
        cmocka_unit_test(a_played_address_is_base_and_path),
        cmocka_unit_test(what_is_asked_about_a_call_is_what_it_was_begun_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
