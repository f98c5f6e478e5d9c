#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"

#define AT INT64_C(1763981280123456789) // 2025-11-24 10:48:00

static bool make(const char *type, const char *subject, json_t *data, struct rf_alert *alert) {
    struct rf_event event = {.id = "01JDF0000000000000000000AB",
                             .n = 42,
                             .ts = AT,
                             .type = type,
                             .subject = subject,
                             .severity = "error",
                             .campaign = "spring",
                             .data = data};
    struct rf_error error;
    bool made;
    assert_int_equal(rf_alert_make(&event, &made, alert, &error), RF_OK);
    json_decref(data);
    return made;
}

static void each_default_rule_makes_an_alert_that_says_what_and_what_to_do(void **state) {
    (void)state;
    const struct {
        const char *type, *subject, *data, *title, *advice, *incident;
    } cases[] = {
        {"breaker.opened", "elevenlabs", "{}", "Circuit breaker of elevenlabs opened",
         "called after its recovery", "breaker/elevenlabs"},
        {"breaker.closed", "elevenlabs", "{}", "Circuit breaker of elevenlabs closed", "go on",
         "breaker/elevenlabs"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"retries_exhausted\"}",
         "Retries exhausted: contact spring-7 set aside", "out of the queue", "contact/spring-7"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"interrupted\"}",
         "Interrupted too often: contact spring-7 set aside", "see in its log", "contact/spring-7"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"call_lost\"}",
         "Call lost sight of: contact spring-7 set aside", "own log", "contact/spring-7"},
        {"contact.set_aside", "spring-7",
         "{\"reason\": \"call_unknown\", \"class\": \"ambiguous\"}",
         "Not known whether called: contact spring-7 set aside", "refuses to list",
         "contact/spring-7"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"permanent.auth\"}",
         "Permanent failure: contact spring-7 set aside", "provider's key", "contact/spring-7"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"permanent.quota\"}",
         "Permanent failure: contact spring-7 set aside", "quota", "contact/spring-7"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"permanent.config\"}",
         "Permanent failure: contact spring-7 set aside", "geo permissions", "contact/spring-7"},
        {"contact.set_aside", "spring-7", "{\"reason\": \"permanent.invalid\"}",
         "Permanent failure: contact spring-7 set aside", "such as its number", "contact/spring-7"},
        {"provider.down", "twilio", "{}", "Provider twilio is down", "status page",
         "provider/twilio"},
        {"provider.up", "twilio", "{\"from\": \"down\"}", "Provider twilio is up again",
         "answers again", "provider/twilio"},
        {"process.lost", "logger-01J", "{}", "Process logger-01J is lost", "Start the process",
         "process/logger-01J"},
        {"mark.set", "twilio", "{\"class\": \"permanent.auth\"}", "Provider twilio is unusable",
         "Check the provider's key", "mark/twilio"},
        {"mark.set", "openai", "{\"class\": \"permanent.quota\"}", "Provider openai is unusable",
         "credit or quota", "mark/openai"},
        {"mark.set", "openai", "{\"class\": \"permanent.config\"}", "Provider openai is unusable",
         "section of the configuration", "mark/openai"},
        {"mark.set", "openai", "{\"class\": \"rate_limited\"}", "Provider openai is unusable",
         "mark clear", "mark/openai"},
        {"key.set_aside", "twilio", "{\"key\": \"0123abcd\", \"class\": \"permanent.auth\"}",
         "A key of provider twilio is set aside", "other keys are used", "key/twilio/0123abcd"},
        {"worker.ejected", "gateway-1", "{\"provider\": \"elevenlabs\"}",
         "Gateway gateway-1 is kept from elevenlabs", "way to the provider", "worker/gateway-1"},
        {"worker.ejected", "gateway-1", "{}", "Gateway gateway-1 is kept from a provider",
         "other gateways", "worker/gateway-1"},
        {"journal.trimmed", "alerter", "{}", "Events may be lost: alerter has a gap",
         "journal.max_age", "journal/alerter"},
        {"journal.replaced", "alerter", "{}", "Events may be lost: alerter has a gap",
         "backup brought back", "journal/alerter"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_alert alert;
        assert_true(
            make(cases[i].type, cases[i].subject, json_loads(cases[i].data, 0, NULL), &alert));
        assert_string_equal(alert.title, cases[i].title);
        assert_string_equal(alert.incident, cases[i].incident);
        assert_non_null(strstr(alert.text, cases[i].advice));
        assert_non_null(strstr(alert.text, "2025-11-24 10:48:00 UTC"));
        assert_non_null(strstr(alert.text, "spring"));
        assert_string_equal(alert.id, "01JDF0000000000000000000AB");
        assert_int_equal(alert.n, 42);
        rf_alert_fini(&alert);
    }
}

static void what_is_no_news_for_people_makes_no_alert(void **state) {
    (void)state;
    const struct {
        const char *type, *data;
    } cases[] = {
        {"contact.set_aside", "{\"reason\": \"cancelled\"}"},
        {"contact.set_aside", "{}"},
        {"contact.set_aside", "{\"reason\": \"permanent.auth\", \"mark_made\": true}"}, // mark.set
        {"contact.set_aside", "{\"reason\": \"retries_exhausted\", \"mark_made\": true}"},
        {"key.cleared", "{}"},
        {"breaker.half_open", "{}"},
        {"retry.exhausted", "{}"},
        {"alert.sent", "{}"}, // or an alert would cause the next
        {"alert.failed", "{}"},
        {"sink.failed", "{}"},
        {"contact.done", "{}"},
        {"breaker.opened.not", "{}"},
        {"", "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_alert alert;
        assert_false(make(cases[i].type, "x", json_loads(cases[i].data, 0, NULL), &alert));
    }
}

static void incident_23_up_is_told_only_after_down(void **state) {
    (void)state;
    const struct {
        const char *data;
        bool told;
    } cases[] = {
        {"{\"from\": \"down\"}", true},
        {"{\"from\": \"unknown\"}", false},
        {"{\"from\": \"up\"}", false},
        {"{\"from\": 7}", false},
        {"{}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_alert alert;
        assert_int_equal(make("provider.up", "x", json_loads(cases[i].data, 0, NULL), &alert),
                         cases[i].told);
        rf_alert_fini(&alert);
    }
}

static void every_rule_is_within_the_topics_subscribed_to(void **state) {
    (void)state;
    const char *const types[] = {"breaker.opened",  "breaker.closed",   "contact.set_aside",
                                 "provider.down",   "provider.up",      "process.lost",
                                 "journal.trimmed", "journal.replaced", "mark.set",
                                 "key.set_aside",   "worker.ejected"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char topic[64];
        snprintf(topic, sizeof topic, "%s/x", types[i]);
        bool found = false;
        for (size_t t = 0; t < rf_alert_topic_count; t++)
            found = found || strncmp(topic, rf_alert_topics[t], strlen(rf_alert_topics[t])) == 0;
        assert_true(found);
    }
}

static void the_attempts_of_a_contact_are_told_one_by_one(void **state) {
    (void)state;
    json_t *data = json_pack("{s:s, s:s}", "reason", "retries_exhausted", "phone", "+12025550123");
    json_t *attempts = json_array();
    for (int i = 0; i < 25; i++)
        json_array_append_new(attempts,
                              json_pack("{s:s, s:i, s:s, s:I, s:I, s:s}", "provider", "elevenlabs",
                                        "status", 503, "class", "transient", "took_ns",
                                        (json_int_t)400000000, "waited_ns", (json_int_t)5000000000,
                                        "message", "busy\r\nX: y"));
    json_object_set_new(data, "attempts", attempts);
    struct rf_alert alert;
    assert_true(make("contact.set_aside", "spring-7", data, &alert));
    assert_non_null(strstr(alert.text, "1. elevenlabs, HTTP 503, transient, took 0.4 s after a "
                                       "wait of 5.0 s: busy  X: y\n"));
    assert_non_null(strstr(alert.text, "and 5 more\n"));
    assert_non_null(strstr(alert.text, "+12025550123"));
    rf_alert_fini(&alert);
}

static void an_id_that_cannot_stand_in_a_header_is_replaced_by_the_number(void **state) {
    (void)state;
    char longest[RF_ALERT_ID_SIZE + 1];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    const char *const ids[] = {NULL, "", "a.b", "a\r\nBcc: x", "caf\xC3\xA9", "a b", longest};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct rf_event event = {.id = ids[i],
                                 .n = 42,
                                 .type = "provider.down",
                                 .subject = "twilio",
                                 .severity = "error"};
        struct rf_alert alert;
        struct rf_error error;
        bool made;
        assert_int_equal(rf_alert_make(&event, &made, &alert, &error), RF_OK);
        assert_true(made);
        assert_string_equal(alert.id, "event-42");
        rf_alert_fini(&alert);
    }
}

static void the_payload_is_json_with_the_event_in_it(void **state) {
    (void)state;
    struct rf_alert alert;
    assert_true(make("provider.down", "twilio", json_pack("{s:s}", "why", "HTTP 503"), &alert));
    json_t *body = json_loads(alert.payload, 0, NULL);
    const char *type, *timestamp, *id, *why;
    assert_int_equal(json_unpack(body, "{s:s, s:s, s:{s:s, s:{s:s}}}", "type", &type, "timestamp",
                                 &timestamp, "data", "id", &id, "details", "why", &why),
                     0);
    assert_string_equal(type, "provider.down");
    assert_string_equal(timestamp, "2025-11-24T10:48:00.123456Z");
    assert_string_equal(id, alert.id);
    assert_string_equal(why, "HTTP 503");
    json_decref(body);
    rf_alert_fini(&alert);
}

static void details_that_are_too_large_are_left_out_and_said_so(void **state) {
    (void)state;
    char *huge = malloc(200001);
    memset(huge, 'x', 200000);
    huge[200000] = '\0';
    struct rf_alert alert;
    assert_true(make("provider.down", "twilio", json_pack("{s:s}", "why", huge), &alert));
    assert_true(strlen(alert.payload) < 10000);
    assert_non_null(strstr(alert.payload, "details_left_out_bytes"));
    rf_alert_fini(&alert);
    free(huge);
}

static void hostile_texts_stay_within_their_lines(void **state) {
    (void)state;
    char subject[2001];
    for (size_t i = 0; i < 2000; i++)
        subject[i] = "\r\n\xFFx"[i % 4];
    subject[2000] = '\0';
    struct rf_alert alert;
    assert_true(make("contact.set_aside", subject,
                     json_pack("{s:s, s:s, s:s}", "reason", "permanent.auth\r\nX: y", "message",
                               "a\nid: forged", "name", "\x1b[2J"),
                     &alert));
    assert_null(strpbrk(alert.title, "\r\n"));
    assert_true(strlen(alert.title) < 200);
    assert_null(strchr(alert.text, '\r'));
    assert_null(strchr(alert.text, '\x1b'));
    assert_null(strstr(alert.text, "\nid: forged"));
    rf_alert_fini(&alert);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_default_rule_makes_an_alert_that_says_what_and_what_to_do),
        cmocka_unit_test(what_is_no_news_for_people_makes_no_alert),
        cmocka_unit_test(incident_23_up_is_told_only_after_down),
        cmocka_unit_test(every_rule_is_within_the_topics_subscribed_to),
        cmocka_unit_test(the_attempts_of_a_contact_are_told_one_by_one),
        cmocka_unit_test(an_id_that_cannot_stand_in_a_header_is_replaced_by_the_number),
        cmocka_unit_test(the_payload_is_json_with_the_event_in_it),
        cmocka_unit_test(details_that_are_too_large_are_left_out_and_said_so),
        cmocka_unit_test(hostile_texts_stay_within_their_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
