// The timeline of one contact, put together from the events of many.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "timeline_text.h"

#define S RF_NS_PER_S

// 2026-11-24T10:48:00Z
#define BEGAN (INT64_C(1795517280) * S)

static int64_t last_n; // and what an event's id is made of

static void take(struct rf_timeline *timeline, const char *type, const char *subject,
                 const char *contact, int64_t after_ms, json_t *data) {
    char id[32];
    snprintf(id, sizeof id, "event-%d", (int)++last_n);
    const struct rf_event event = {.id = id,
                                   .n = last_n,
                                   .ts = BEGAN + after_ms * RF_NS_PER_MS,
                                   .severity = "info",
                                   .type = type,
                                   .subject = subject,
                                   .campaign = contact != NULL ? "spring" : NULL,
                                   .contact = contact,
                                   .data = data};
    assert_true(rf_timeline_take(timeline, &event));
    json_decref(data);
}

static json_t *attempt(const char *provider, int status, const char *class, int64_t began_ms,
                       int64_t took_ms, int64_t waited_ms) {
    return json_pack("{s:s, s:i, s:s, s:I, s:I, s:I}", "provider", provider, "status", status,
                     "class", class, "began", (json_int_t)(BEGAN + began_ms * RF_NS_PER_MS),
                     "took_ns", (json_int_t)(took_ms * RF_NS_PER_MS), "waited_ns",
                     (json_int_t)(waited_ms * RF_NS_PER_MS));
}

// A contact whose speech fails twice, at a provider whose breaker opens for another's failures.
static void take_a_story(struct rf_timeline *timeline) {
    last_n = 0;
    take(timeline, "breaker.closed", "elevenlabs", NULL, -60000, NULL); // before it began
    take(timeline, "contact.started", "spring-2", "spring-2", 0,
         json_pack("{s:s, s:s}", "phone", "+12025550100", "name", "Ada"));
    take(timeline, "contact.started", "spring-3", "spring-3", 1,
         json_pack("{s:s, s:s}", "phone", "+12025550101", "name", "Bela"));
    take(timeline, "retry.scheduled", "elevenlabs", "spring-2", 1100,
         json_pack("{s:s, s:i, s:s}", "call", "call-1", "attempt", 1, "class", "transient"));
    take(timeline, "retry.scheduled", "elevenlabs", "spring-3", 1100,
         json_pack("{s:s}", "call", "call-2"));
    take(timeline, "breaker.opened", "elevenlabs", NULL, 3000,
         json_pack("{s:s}", "cause", "failures"));                // meanwhile
    take(timeline, "breaker.opened", "twilio", NULL, 3000, NULL); // which it did not use yet
    take(timeline, "contact.step", "spring-2", "spring-2", 8000,
         json_pack("{s:s, s:s, s:s, s:I, s:[o,o]}", "step", "speech", "provider", "elevenlabs",
                   "call", "call-1", "took_ns", (json_int_t)(7 * S), "attempts",
                   attempt("elevenlabs", 503, "transient", 1000, 100, 0),
                   attempt("elevenlabs", 200, "ok", 6100, 900, 5000)));
    take(timeline, "contact.deferred", "spring-2", "spring-2", 9000,
         json_pack("{s:s, s:s, s:[]}", "step", "dial", "reason", "no_worker", "attempts"));
    take(timeline, "contact.done", "spring-2", "spring-2", 66000,
         json_pack("{s:s, s:s}", "outcome", "completed", "phone", "+12025550100"));
    take(timeline, "breaker.closed", "elevenlabs", NULL, 70000, NULL); // after its end
    take(timeline, "alert.sent", "email", NULL, 71000,
         json_pack("{s:s, s:s}", "alert", "event-6", "event", "breaker.opened"));
    take(timeline, "alert.sent", "email", NULL, 71000, json_pack("{s:s}", "alert", "event-7"));
}

static char *text_of(struct rf_timeline *timeline, const char *contact) {
    struct rf_text text = {0};
    struct rf_timeline_sum sum;
    size_t count;
    struct rf_timeline_entry *entries = rf_timeline_of(timeline, contact, &count, &sum);
    cli_timeline_text(contact, entries, count, &sum, false, &text);
    free(entries);
    return rf_text_take(&text);
}

static void a_contact_is_told_with_its_requests_and_what_happened_to_its_providers(void **state) {
    (void)state;
    struct rf_timeline timeline;
    rf_timeline_init(&timeline, "spring-2");
    take_a_story(&timeline);
    assert_int_equal(timeline.contact_count, 1);
    char *text = text_of(&timeline, "spring-2");
    assert_string_equal(
        text,
        "Contact spring-2, Ada, +12025550100, campaign spring\n"
        "+0 is 2026-11-24 10:48:00 UTC\n"
        "   +0:00.000  contact   work begins on Ada, +12025550100\n"
        "   +0:01.000  request   speech, request 1 to elevenlabs: transient, HTTP 503 after 0.1 s\n"
        "   +0:03.000  breaker   Circuit breaker of elevenlabs opened\n"
        "   +0:06.100  request   speech, request 2 to elevenlabs: ok, HTTP 200 after 0.9 s; 5.0 s "
        "waited before it\n"
        "   +0:08.000  contact   speech finished by elevenlabs in 7.0 s after 2 attempts\n"
        "   +0:09.000  contact   deferred at dial: no service gateway is there for it\n"
        "   +1:06.000  contact   its call ended: completed\n"
        "   +1:11.000  alert     Alert event-6 of breaker.opened was taken by email\n"
        "done (completed) after 66 s: 2 requests, 1 failed, 5.0 s waited before retries, "
        "deferrals: 1\n");
    free(text);
    rf_timeline_fini(&timeline);
}

static void the_same_is_told_to_programs(void **state) {
    (void)state;
    struct rf_timeline timeline;
    struct rf_timeline_sum sum;
    size_t count;
    rf_timeline_init(&timeline, "+12025550100"); // the number that it was dialled by
    take_a_story(&timeline);
    assert_int_equal(timeline.contact_count, 1);
    assert_string_equal(timeline.contacts[0], "spring-2");
    struct rf_timeline_entry *entries = rf_timeline_of(&timeline, "spring-2", &count, &sum);
    json_t *json = rf_timeline_json("spring-2", entries, count, &sum);
    const char *contact, *outcome, *was;
    json_int_t attempts, failed, waited;
    int whole;
    json_t *list;
    assert_int_equal(json_unpack(json, "{s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:o}", "contact",
                                 &contact, "state", &was, "outcome", &outcome, "attempts",
                                 &attempts, "failed", &failed, "waited_ns", &waited, "whole",
                                 &whole, "timeline", &list),
                     0);
    assert_string_equal(was, "done");
    assert_string_equal(outcome, "completed");
    assert_int_equal(attempts, 2);
    assert_int_equal(failed, 1);
    assert_int_equal(waited, 5 * S);
    assert_true(whole);
    assert_int_equal(json_array_size(list), 8);
    json_t *second = json_array_get(list, 1);
    assert_int_equal(json_integer_value(json_object_get(second, "at_ns")), S);
    assert_string_equal(json_string_value(json_object_get(second, "step")), "speech");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(second, "attempt"), "status")), 503);
    json_t *first = json_object_get(json_array_get(list, 0), "event");
    assert_string_equal(json_string_value(json_object_get(first, "topic")),
                        "contact.started/spring-2");
    json_decref(json);
    free(entries);
    rf_timeline_fini(&timeline);
}

static void a_retry_under_way_is_told_by_the_gateways_word_alone(void **state) {
    (void)state;
    struct rf_timeline timeline;
    rf_timeline_init(&timeline, "spring-2");
    take(&timeline, "retry.scheduled", "elevenlabs", "spring-2", 1100,
         json_pack("{s:s, s:i, s:s, s:I}", "call", "call-1", "attempt", 1, "class", "transient",
                   "wait_ns", (json_int_t)(5 * S)));
    char *text = text_of(&timeline, "spring-2");
    assert_string_equal(text,
                        "Contact spring-2, campaign spring\n"
                        "+0 is 2026-11-24 10:48:01 UTC; what was before it is no longer in the "
                        "journal\n"
                        "   +0:00.000  retry     Provider elevenlabs: attempt 1 for contact "
                        "spring-2 failed (transient); next try in 5.0 s\n"
                        "running, 0.0 s so far: 0 requests, 0 failed\n");
    free(text);
    rf_timeline_fini(&timeline);
}

static void one_number_in_two_campaigns_is_two_contacts(void **state) {
    (void)state;
    struct rf_timeline timeline;
    rf_timeline_init(&timeline, "+12025550100");
    for (int i = 2; i < 5; i++) {
        char contact[16];
        snprintf(contact, sizeof contact, "%s-%d", i == 3 ? "other" : "c", i);
        take(&timeline, "contact.started", contact, contact, i,
             json_pack("{s:s}", "phone", i == 4 ? "+12025550111" : "+12025550100"));
    }
    assert_int_equal(timeline.contact_count, 2);
    assert_string_equal(timeline.contacts[0], "c-2");
    assert_string_equal(timeline.contacts[1], "other-3");
    rf_timeline_fini(&timeline);
}

static void what_others_wrote_stays_one_line_and_may_be_of_any_type(void **state) {
    (void)state;
    struct rf_timeline timeline;
    rf_timeline_init(&timeline, "x");
    take(&timeline, "contact.started", "x", "x", 0, NULL);
    take(&timeline, "contact.step", "x", "x", 1000,
         json_pack("{s:i, s:[i,s,{},[],o]}", "step", 7, "attempts", 1, "two",
                   json_pack("{s:s, s:s, s:s}", "provider", "a\nb\x1b[2J", "message", "line\none",
                             "began", "never")));
    take(&timeline, "contact.step", "x", "x", 2000, json_pack("{s:s}", "attempts", "many"));
    char *text = text_of(&timeline, "x");
    assert_null(strchr(text, '\x1b'));
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 2 + 1 + 5 + 2 + 1);
    free(text);
    struct rf_timeline_sum sum;
    size_t count;
    struct rf_timeline_entry *entries = rf_timeline_of(&timeline, "x", &count, &sum);
    json_t *json = rf_timeline_json("x", entries, count, &sum);
    assert_non_null(json);
    json_decref(json);
    free(entries);
    rf_timeline_fini(&timeline);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_contact_is_told_with_its_requests_and_what_happened_to_its_providers),
        cmocka_unit_test(the_same_is_told_to_programs),
        cmocka_unit_test(a_retry_under_way_is_told_by_the_gateways_word_alone),
        cmocka_unit_test(one_number_in_two_campaigns_is_two_contacts),
        cmocka_unit_test(what_others_wrote_stays_one_line_and_may_be_of_any_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
