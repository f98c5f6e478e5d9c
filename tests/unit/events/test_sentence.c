#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/sentence.h"

static char *sentence_of(const char *type, const char *subject, json_t *data) {
    struct rf_event event = {.type = type, .subject = subject, .severity = "info", .data = data};
    struct rf_text text = {0};
    rf_event_sentence(&event, &text);
    json_decref(data);
    return rf_text_take(&text);
}

static void an_opened_breaker_tells_count_end_and_last_error(void **state) {
    (void)state;
    char *text =
        sentence_of("breaker.opened", "elevenlabs",
                    json_pack("{s:s, s:i, s:I, s:s}", "cause", "failures", "failures", 5, "until",
                              (json_int_t)1763981310000000000, "last_error", "HTTP 503: busy"));
    assert_string_equal(text, "Circuit breaker of elevenlabs opened after 5 failures in a row, its "
                              "calls fail at once until 2025-11-24 10:48:30 UTC; last error: HTTP "
                              "503: busy");
    free(text);
}

static void an_order_tells_who_gave_it_and_why(void **state) {
    (void)state;
    char *text =
        sentence_of("campaign.ordered", "spring",
                    json_pack("{s:s, s:s, s:s, s:i, s:s, s:s}", "order", "pause", "from", "running",
                              "to", "paused", "contacts", 4, "who", "ann", "why", "a\nlawyer"));
    assert_string_equal(text, "Campaign spring: pause, 4 contacts, now paused, by ann: a lawyer");
    free(text);
}

static void an_ejected_gateway_tells_what_was_held_against_it(void **state) {
    (void)state;
    json_t *evidence = json_pack("{s:i, s:i, s:i, s:i}", "failed", 5, "total", 6, "others_failed",
                                 0, "others_total", 31);
    char *text = sentence_of("worker.ejected", "service-gateway-01J",
                             json_pack("{s:s, s:I, s:s, s:o, s:i, s:s}", "provider", "elevenlabs",
                                       "until", (json_int_t)1763981310000000000, "confirmed_by",
                                       "service-gateway-02K", "evidence", evidence, "left", 7,
                                       "last_error", "cannot connect"));
    assert_string_equal(
        text,
        "Gateway service-gateway-01J is kept from elevenlabs until 2025-11-24 10:48:30 UTC: 5 "
        "of its latest 6 calls there failed, and 0 of 31 of the others, and then a call by "
        "service-gateway-02K succeeded; 7 gateways go on; its last error: cannot connect");
    free(text);
    text = sentence_of("worker.readmitted", "service-gateway-01J",
                       json_pack("{s:s, s:s, s:I}", "provider", "elevenlabs", "why",
                                 "its time is over", "held_ns", (json_int_t)30000000000));
    assert_string_equal(text, "Gateway service-gateway-01J may ask elevenlabs again (after 30 s): "
                              "its time is over");
    free(text);
}

static void a_disk_a_certificate_and_a_queue_tell_their_figures(void **state) {
    (void)state;
    static const struct {
        const char *type, *subject, *data, *sentence;
    } cases[] = {
        {"own_side.failed", "network",
         "{\"host\":\"a1\",\"since\":1763981310000000000,\"why\":\"Connection refused\"}",
         "Our own side fails (network): no provider answers any more, as seen from host a1 since "
         "2025-11-24 10:48:30 UTC; the first: Connection refused"},
        {"own_side.failed", "dns", "{}",
         "Our own side fails (dns): no provider's name is found any more"},
        {"own_side.recovered", "dns", "{\"host\":\"a1\",\"held_ns\":180000000000}",
         "Our own side is well again (dns): providers answer on host a1 after 3 min"},
        {"disk.low", "/var/lib/ringfence",
         "{\"host\":\"a1\",\"free_bytes\":851443712,\"total_bytes\":107374182400,"
         "\"least_bytes\":1073741824,\"what\":\"bytes\"}",
         "Little is left of the disk of /var/lib/ringfence on host a1: 812 MiB free of 100 GiB, "
         "at least 1.0 GiB are wanted"},
        {"disk.low", "/var/log", "{\"free_inodes\":12,\"total_inodes\":65536,\"what\":\"inodes\"}",
         "Little is left of the disk of /var/log: room for 12 more files of 65536"},
        {"disk.ok", "/var/log",
         "{\"free_bytes\":2147483648,\"total_bytes\":4294967296,\"held_ns\":180000000000}",
         "Enough is left of the disk of /var/log: 2.0 GiB free of 4.0 GiB (it was low for 3 min)"},
        {"certificate.expiring", "openai",
         "{\"until\":1763981310000000000,\"left_ns\":172800000000000}",
         "The certificate of openai ends at 2025-11-24 10:48:30 UTC, in 2 d"},
        {"certificate.expiring", "openai", "{\"until\":1763981310000000000,\"left_ns\":-5}",
         "The certificate of openai ended at 2025-11-24 10:48:30 UTC"},
        {"clock.off", "a1", "{\"way\":\"slow\",\"by_ns\":120000000000,\"most_ns\":30000000000}",
         "The clock of host a1 is wrong: too slow by 2 min, as providers' answers say (30 s are "
         "allowed)"},
        {"clock.right", "a1", "{\"held_ns\":180000000000}",
         "The clock of host a1 is right again (it was wrong for 3 min)"},
        {"forecast.short", "elevenlabs",
         "{\"left\":\"812 characters\",\"needed\":\"4000 characters\",\"contacts\":100,"
         "\"unserved\":80,\"runs_out\":1763981310000000000,\"then\":\"openai-tts\"}",
         "The credit of elevenlabs will not last: 812 characters left, 4000 characters needed for "
         "100 contacts, about 80 of which it will leave unserved; it runs out at "
         "2025-11-24 10:48:30 UTC; then openai-tts takes over"},
        {"forecast.enough", "twilio",
         "{\"left\":\"40.00 USD\",\"needed\":\"3.20 USD\",\"contacts\":160,"
         "\"held_ns\":180000000000}",
         "The credit of twilio lasts again: 40.00 USD left, 3.20 USD needed for 160 contacts (it "
         "was "
         "short for 3 min)"},
        {"queue.stalled", "spring", "{\"since\":1763981310000000000,\"due\":37,\"in_progress\":0}",
         "Campaign spring stands still since 2025-11-24 10:48:30 UTC: 37 contacts are due, 0 in "
         "progress"},
        {"queue.moving", "spring", "{\"held_ns\":900000000000}",
         "Campaign spring moves again after 15 min"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text =
            sentence_of(cases[i].type, cases[i].subject, json_loads(cases[i].data, 0, NULL));
        assert_string_equal(text, cases[i].sentence);
        free(text);
    }
}

static void what_a_provider_tells_of_a_call_is_told(void **state) {
    (void)state;
    char *text =
        sentence_of("call.told", "CA1",
                    json_pack("{s:s, s:s, s:s, s:s, s:i}", "provider", "twilio", "attempt", "01J",
                              "status", "completed", "answered_by", "human", "duration_s", 12));
    assert_string_equal(text, "twilio tells of call CA1: completed after 12 s, answered by human");
    free(text);
    text = sentence_of("call.told", "CA1",
                       json_pack("{s:s, s:s}", "provider", "twilio", "status", "initiated"));
    assert_string_equal(text, "twilio tells of call CA1: initiated");
    free(text);
}

static void a_set_aside_contact_tells_why_and_where(void **state) {
    (void)state;
    char *text = sentence_of("contact.set_aside", "spring-12",
                             json_pack("{s:s, s:s, s:s, s:[{},{},{},{}], s:s}", "step", "speech",
                                       "reason", "retries_exhausted", "provider", "elevenlabs",
                                       "attempts", "message", "busy"));
    assert_string_equal(text, "Contact spring-12: set aside at speech, retries exhausted after 4 "
                              "attempts at elevenlabs: busy");
    free(text);
    text =
        sentence_of("contact.set_aside", "spring-12",
                    json_pack("{s:s, s:s}", "reason", "permanent.auth", "message", "key is wrong"));
    assert_string_equal(
        text, "Contact spring-12: set aside, permanent failure (permanent.auth): key is wrong");
    free(text);
}

static void a_contact_that_waits_tells_for_what_and_until_when(void **state) {
    (void)state;
    const json_int_t until = 1763981310000000000;
    char *text = sentence_of("contact.deferred", "spring-12",
                             json_pack("{s:s, s:s, s:s, s:I}", "step", "dial", "reason",
                                       "breaker_open", "provider", "twilio", "until", until));
    assert_string_equal(text, "Contact spring-12: deferred at dial: the circuit breaker of twilio "
                              "is open; tries again at 2025-11-24 10:48:30 UTC");
    free(text);
    text = sentence_of("contact.deferred", "spring-12", json_pack("{s:s}", "reason", "no_worker"));
    assert_string_equal(text, "Contact spring-12: deferred: no service gateway is there for it");
    free(text);
    text = sentence_of("contact.deferred", "spring-12",
                       json_pack("{s:s, s:s}", "reason", "overloaded", "provider", "openai"));
    assert_string_equal(text, "Contact spring-12: deferred: overloaded (openai)");
    free(text);
    text = sentence_of("contact.deferred", "spring-12",
                       json_pack("{s:s, s:s, s:i, s:I}", "reason", "hour", "status", "busy",
                                 "calls", 2, "until", until));
    assert_string_equal(text, "Contact spring-12: its call 2 ended: busy; it is called again at "
                              "2025-11-24 10:48:30 UTC");
    free(text);
    static const char *const reasons[] = {"hour", "weekday", "holiday"};
    for (size_t i = 0; i < 3; i++) {
        char expected[160];
        snprintf(expected, sizeof expected,
                 "Contact spring-12: waits for its calling window, which opens at 2025-11-24 "
                 "10:48:30 UTC (%s)",
                 reasons[i]);
        text = sentence_of("contact.deferred", "spring-12",
                           json_pack("{s:s, s:I}", "reason", reasons[i], "until", until));
        assert_string_equal(text, expected);
        free(text);
    }
}

static void a_provider_that_was_never_down_is_not_up_again(void **state) {
    (void)state;
    char *text = sentence_of("provider.up", "twilio", json_pack("{s:s}", "from", "down"));
    assert_string_equal(text, "Provider twilio is up again");
    free(text);
    text = sentence_of("provider.up", "twilio", json_pack("{s:s}", "from", "unknown"));
    assert_string_equal(text, "Provider twilio is up");
    free(text);
}

static void a_gap_and_a_lost_process_claim_no_more_than_is_known(void **state) {
    (void)state;
    char *text = sentence_of("journal.trimmed", "alerter",
                             json_pack("{s:i, s:i}", "from", 41, "to", 1000000));
    assert_string_equal(text, "alerter may have missed events: the journal no longer has what lay "
                              "from number 41 to 1000000");
    free(text);
    text = sentence_of("journal.replaced", "alerter",
                       json_pack("{s:i, s:i}", "after", 812, "from", 0));
    assert_string_equal(text, "alerter had read the journal to number 812 before it was replaced "
                              "by another, or by an older copy, and goes on behind number 0 of "
                              "what is there now; it may have missed events");
    free(text);
    text = sentence_of("subscriber.forgotten", "billing",
                       json_pack("{s:I, s:i, s:s}", "heard", (json_int_t)1763981310000000000,
                                 "taken", 40, "why", "silent for too long"));
    assert_string_equal(text, "Subscriber billing is forgotten (silent for too long); it was last "
                              "heard of at 2025-11-24 10:48:30 UTC, had taken all up to number 40, "
                              "and what it has not taken is no longer kept for it");
    free(text);
    text = sentence_of("process.refused", "logger-01J",
                       json_pack("{s:s}", "message", "protocol version 2 is newer than 1"));
    assert_string_equal(text,
                        "Process logger-01J is not let in by the broker: protocol version 2 is "
                        "newer than 1");
    free(text);
    text = sentence_of("process.lost", "logger-01J",
                       json_pack("{s:I}", "last_change", (json_int_t)1763981310000000000));
    assert_string_equal(text, "Process logger-01J is gone without a word; its entry last changed "
                              "at 2025-11-24 10:48:30 UTC");
    free(text);
}

static void a_retry_tells_for_whom_the_provider_was_asked(void **state) {
    (void)state;
    json_t *data = json_pack("{s:i, s:I, s:i}", "attempt", 2, "wait_ns", (json_int_t)9600000000,
                             "status", 503);
    struct rf_event event = {.type = "retry.scheduled",
                             .subject = "elevenlabs",
                             .severity = "warning",
                             .contact = "demo-4",
                             .data = data};
    struct rf_text text = {0};
    rf_event_sentence(&event, &text);
    json_decref(data);
    char *words = rf_text_take(&text);
    assert_string_equal(words, "Provider elevenlabs: attempt 2 for contact demo-4 failed (HTTP "
                               "503); next try in 9.6 s");
    free(words);
}

static void a_key_that_is_set_aside_tells_which_why_and_what_is_left(void **state) {
    (void)state;
    char *text = sentence_of("key.set_aside", "elevenlabs",
                             json_pack("{s:s, s:s, s:s, s:i, s:s}", "key", "0123abcd", "class",
                                       "permanent.auth", "message", "Invalid API key", "left", 1,
                                       "clears", "key"));
    assert_string_equal(text, "A key of provider elevenlabs (0123abcd) is set aside "
                              "(permanent.auth): Invalid API key; keys left: 1; cleared by: key");
    free(text);
    text = sentence_of("key.cleared", "elevenlabs",
                       json_pack("{s:s, s:s}", "key", "0123abcd", "why", "a person cleared it"));
    assert_string_equal(text, "A key of provider elevenlabs (0123abcd) is no longer set aside: a "
                              "person cleared it");
    free(text);
}

// Every type of the catalogue has words of its own, and stands without any data.
static void every_event_type_of_the_catalogue_has_a_sentence(void **state) {
    (void)state;
    const char *const types[] = {
#define EVENT(name, type, severity, meaning) type,
#include <ringfence/messages.def>
    };
    for (size_t i = 0; i < RF_EVENT_COUNT; i++) {
        char *text = sentence_of(types[i], "subject-1", NULL);
        assert_non_null(strstr(text, "subject-1"));
        assert_null(strstr(text, types[i]));
        free(text);
    }
}

#define UNTIL "\"until\":1763981310000000000}"

static void what_people_say_about_alerts_is_told_with_who_and_why(void **state) {
    (void)state;
    static const struct {
        const char *type, *subject, *data, *sentence;
    } cases[] = {
        {"alert.silenced", "01J",
         "{\"match\":\"incident=breaker/*\",\"who\":\"ann\",\"why\":\"maintenance\"," UNTIL,
         "Silenced: incident=breaker/* until 2025-11-24 10:48:30 UTC by ann: maintenance"},
        {"alert.silenced", "01J", "{" UNTIL, "Silenced: 01J until 2025-11-24 10:48:30 UTC"},
        {"alert.unsilenced", "01J",
         "{\"match\":\"incident=breaker/*\",\"who\":\"bob\",\"why\":\"it is back\"," UNTIL,
         "No longer silenced: incident=breaker/*, which was to last until 2025-11-24 10:48:30 UTC; "
         "ended by bob: it is back"},
        {"alert.silence_ended", "01J",
         "{\"match\":\"rule=queue\",\"who\":\"ann\",\"why\":\"maintenance\"," UNTIL,
         "No longer silenced, as the time is over: rule=queue; silenced by ann: maintenance"},
        {"alert.acknowledged", "breaker/elevenlabs", "{\"who\":\"ann\",\"why\":\"on it\"," UNTIL,
         "Incident breaker/elevenlabs is acknowledged by ann: on it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text =
            sentence_of(cases[i].type, cases[i].subject, json_loads(cases[i].data, 0, NULL));
        assert_string_equal(text, cases[i].sentence);
        free(text);
    }
}

static void dead_letters_are_told_by_what_is_known_of_them(void **state) {
    (void)state;
    static const struct {
        const char *data, *sentence;
    } cases[] = {
        {"{\"alert\":\"01J\",\"count\":1,\"message\":\"too late\"}",
         "Alert 01J is a dead letter of channel email: too late"},
        {"{\"count\":7,\"message\":\"gone\"}", "Dead letters: 7 of channel email: gone"},
        {"{\"message\":\"gone\"}", "There are dead letters of channel email: gone"},
        {"{}", "There are dead letters of channel email"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = sentence_of("alert.dead", "email", json_loads(cases[i].data, 0, NULL));
        assert_string_equal(text, cases[i].sentence);
        free(text);
    }
}

static void an_unknown_type_is_told_by_type_subject_and_message(void **state) {
    (void)state;
    char *text = sentence_of("thing.happened", "x", json_pack("{s:s}", "message", "so it was"));
    assert_string_equal(text, "thing.happened x: so it was");
    free(text);
}

// Whatever an event holds: one line, valid UTF-8, of bounded length.
static void hostile_data_neither_breaks_the_line_nor_grows_it(void **state) {
    (void)state;
    const char *const types[] = {
#define EVENT(name, type, severity, meaning) type,
#include <ringfence/messages.def>
        "unknown.type",
    };
    const char *const keys[] = {"cause", "last_error", "why",      "class",  "message", "clears",
                                "step",  "name",       "provider", "reason", "outcome", "alert",
                                "from",  "phone",      "event",    "match",  "who"};
    char *hostile = malloc(10001);
    for (size_t i = 0; i < 10000; i++)
        hostile[i] = "\r\n.\xFF\x1b"[i % 5];
    hostile[10000] = '\0';
    char *wide = malloc(10001);
    for (size_t i = 0; i < 10000; i++)
        wide[i] = "\r\n.\x1b \xE2\x80\xA8"[i % 8];
    wide[10000 / 8 * 8] = '\0';
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        json_t *data = json_object();
        for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++)
            json_object_set_new(data, keys[k], json_string(wide));
        json_object_set_new(data, "status", json_string("no number"));
        json_object_set_new(data, "attempts", json_true());
        json_object_set_new(data, "until", json_integer(INT64_MIN));
        char *text = sentence_of(types[t], hostile, data);
        assert_null(strpbrk(text, "\r\n\x1b"));
        assert_null(strstr(text, "\xE2\x80\xA8"));
        assert_true(strlen(text) < 2500);
        free(text);
    }
    free(hostile);
    free(wide);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_opened_breaker_tells_count_end_and_last_error),
        cmocka_unit_test(an_order_tells_who_gave_it_and_why),
        cmocka_unit_test(an_ejected_gateway_tells_what_was_held_against_it),
        cmocka_unit_test(a_disk_a_certificate_and_a_queue_tell_their_figures),
        cmocka_unit_test(what_a_provider_tells_of_a_call_is_told),
        cmocka_unit_test(a_set_aside_contact_tells_why_and_where),
        cmocka_unit_test(a_contact_that_waits_tells_for_what_and_until_when),
        cmocka_unit_test(a_provider_that_was_never_down_is_not_up_again),
        cmocka_unit_test(a_gap_and_a_lost_process_claim_no_more_than_is_known),
        cmocka_unit_test(a_retry_tells_for_whom_the_provider_was_asked),
        cmocka_unit_test(a_key_that_is_set_aside_tells_which_why_and_what_is_left),
        cmocka_unit_test(what_people_say_about_alerts_is_told_with_who_and_why),
        cmocka_unit_test(dead_letters_are_told_by_what_is_known_of_them),
        cmocka_unit_test(every_event_type_of_the_catalogue_has_a_sentence),
        cmocka_unit_test(an_unknown_type_is_told_by_type_subject_and_message),
        cmocka_unit_test(hostile_data_neither_breaks_the_line_nor_grows_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
