// `ringfence status` for people.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "overview.h"

static const char *const whole =
    "{\"broker\": {\"broker\": \"broker-1\", \"version\": \"0.1.0\", \"protocol\": 1, \"pid\": 7,"
    " \"started\": 40000000000, \"phase\": \"serving\","
    " \"workers\": [{\"instance\": \"service-gateway-1\", \"state\": \"draining\","
    "   \"in_hand\": 3, \"silent_ns\": 120000000,"
    "   \"offers\": [{\"service\": \"speech\", \"capacity\": 16, \"credit\": 13, \"waiting\": 2},"
    "     {\"service\": \"script\", \"capacity\": 4, \"credit\": 4, \"waiting\": 0}]},"
    "   {\"instance\": \"idle-1\", \"state\": \"ready\", \"silent_ns\": 1000000000, \"offers\": "
    "[]}],"
    " \"queues\": [{\"service\": \"speech\", \"waiting\": 5, \"held\": 2, \"oldest_ns\": "
    "3000000000,"
    "   \"live\": true, \"workers\": 3}, {\"service\": \"script\", \"waiting\": 0, \"live\": "
    "false}],"
    " \"recovery\": {\"holding\": true, \"awaited\": 2},"
    " \"counters\": {\"calls_taken\": 9, \"calls_answered\": 7, \"calls_worker_lost\": 1},"
    " \"breakers\": [{\"service\": \"elevenlabs\", \"state\": \"open\", \"epoch\": 1,"
    "   \"since\": 90000000000, \"until\": 120000000000, \"cause\": \"failures\", \"failures\": 5,"
    "   \"last_error\": \"503 Service Unavailable\"},"
    "   {\"service\": \"openai\", \"state\": \"closed\", \"since\": 40000000000, \"failures\": 2}],"
    " \"journal\": {\"first\": 1, \"last\": 80, \"count\": 80, \"bytes\": 20480},"
    " \"peers\": [{}, {}]},"
    " \"process\": {\"orchestrator-1\": {\"service\": \"orchestrator\", \"pid\": 12,"
    "   \"host\": \"h\", \"started\": 40000000000, \"state\": \"ready\"}},"
    " \"breaker\": {},"
    " \"provider\": {\"elevenlabs\": {\"status\": \"down\", \"since\": 88000000000,"
    "   \"why\": \"HTTP 503\"}},"
    " \"mark\": {\"twilio\": {\"class\": \"permanent.auth\", \"message\": \"bad\\ntoken\","
    "   \"since\": 99000000000, \"clears\": \"key\"}},"
    " \"fallback\": {\"speech\": {\"link\": \"recording\", \"instead_of\": \"elevenlabs\","
    "   \"class\": \"local\", \"message\": \"the breaker\\nis open\", \"at\": 97000000000}}}";

static char *overview_of(const char *json) {
    struct rf_text text = {0};
    json_t *all = json_loads(json, 0, NULL);
    assert_non_null(all);
    cli_overview_text(all, (struct rf_utc){100 * RF_NS_PER_S}, &text);
    json_decref(all);
    return rf_text_take(&text);
}

static void everything_is_told_in_one_screen(void **state) {
    (void)state;
    char *text = overview_of(whole);
    assert_string_equal(
        text, "broker broker-1 version 0.1.0, protocol 1, pid 7, for 60 s\n"
              "  events 1 to 80 kept (20 KiB), 2 clients\n"
              "processes\n"
              "  orchestrator     ready     pid 12      h            for 60 s\n"
              "workers\n"
              "  instance           state     heard  in hand  service  places  free  waiting\n"
              "  service-gateway-1  draining  0.1 s  3        speech   16      13    2\n"
              "                                               script   4       4     0\n"
              "  idle-1             ready     1.0 s  0        -        0       0     0\n"
              "queues\n"
              "  service  waiting  oldest  held  served by\n"
              "  speech   5        3.0 s   2     3\n"
              "  script   0        -       0     nobody\n"
              "  calls that may not be repeated are held: 2 workers from before the restart are "
              "not back\n"
              "calls\n"
              "  9 taken, 7 answered, 1 worker_lost\n"
              "breakers\n"
              "  elevenlabs     open      for 10 s, test request in 20 s: 503 Service "
              "Unavailable\n"
              "  openai         closed    for 60 s, 2 failures in a row\n"
              "providers\n"
              "  elevenlabs     down      for 12 s: HTTP 503\n"
              "marked unusable\n"
              "  twilio         permanent.auth for 1.0 s: bad token (cleared by: key)\n"
              "fallbacks\n"
              "  speech         recording instead of elevenlabs 3.0 s ago: the breaker is "
              "open\n");
    free(text);
}

static void a_breaker_tells_who_or_what_holds_its_decisions_back(void **state) {
    (void)state;
    static const struct {
        const char *breaker, *told;
    } rows[] = {
        {"\"state\": \"open\", \"until\": 160000000000, \"mode\": \"enforce\", \"force\": \"open\","
         " \"force_until\": 160000000000, \"force_who\": \"ann\", \"force_why\": \"a\\ttrial\","
         " \"last_error\": \"503\"",
         "open      for 10 s, forced open by ann until 1970-01-01 00:02:40 UTC: a trial\n"},
        {"\"state\": \"closed\", \"failures\": 3, \"mode\": \"observe\", \"decided\": \"open\","
         " \"force\": \"closed\", \"force_until\": 0, \"force_who\": \"bob\","
         " \"force_why\": \"they say it works\"",
         "closed    for 10 s, 3 failures in a row, forced closed by bob until it is reset: they "
         "say it works\n"},
        {"\"state\": \"closed\", \"mode\": \"enforce\", \"force\": \"disabled\", \"force_who\": "
         "\"cy\", \"force_why\": \"a drill\"",
         "closed    for 10 s, disabled by cy until it is reset: a drill\n"},
        {"\"state\": \"closed\", \"mode\": \"observe\", \"decided\": \"half_open\", \"force\": "
         "\"none\", \"force_who\": \"\"",
         "closed    for 10 s, only observes (would be half_open)\n"},
        {"\"state\": \"closed\", \"mode\": \"disabled\", \"force\": \"none\"",
         "closed    for 10 s, disabled in the configuration\n"},
        {"\"state\": \"closed\", \"mode\": \"enforce\", \"force\": \"none\", \"figures\":"
         " {\"total\": 40, \"failed\": 3, \"timed\": 41, \"slow\": 5}",
         "closed    for 10 s, 3 of 40 failed, 5 of 41 slow\n"},
        {"\"state\": \"half_open\", \"mode\": \"enforce\", \"force\": \"none\","
         " \"last_error\": \"503\"",
         "half_open for 10 s: 503\n"},
        {"\"state\": \"closed\", \"mode\": \"enforce\", \"suspect\": \"gateway-7\", \"ejected\": ["
         "{\"instance\": \"gateway-3\", \"until\": 120000000000, \"times\": 1},"
         "{\"instance\": \"gateway-5\", \"until\": 160000000000, \"times\": 2}]",
         "closed    for 10 s\n"
         "    gateway-7 alone fails: another one's next call decides\n"
         "    gateway-3 alone failed, and is kept from it for 20 s\n"
         "    gateway-5 alone failed, and is kept from it for 60 s, 2 times in a row\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{\"broker\": {\"breakers\": [{\"service\": \"twilio\", \"since\": 90000000000,"
                 " %s}]}}",
                 rows[i].breaker);
        char *text = overview_of(json);
        const char *line = strstr(text, "  twilio         ");
        assert_non_null(line);
        assert_string_equal(line + strlen("  twilio         "), rows[i].told);
        free(text);
    }
}

static void a_disk_in_trouble_is_told_with_how_long_why_and_what_waits(void **state) {
    (void)state;
    const struct {
        const char *journal, *line;
    } cases[] = {
        {"\"failing\": false, \"held\": false, \"waiting\": 3", NULL},
        {"\"failing\": true, \"held\": false, \"since\": 70000000000, \"waiting\": 3,"
         " \"why\": \"database or disk\\nis full\"",
         "  the disk cannot be written for 30 s: database or disk is full; 3 changes wait\n"},
        {"\"failing\": true, \"held\": true, \"since\": 70000000000, \"waiting\": 5,"
         " \"why\": \"full\"",
         "  the disk cannot be written for 30 s: full; 5 changes wait, publishers are held back\n"},
        {"\"failing\": false, \"held\": true, \"since\": 90000000000, \"waiting\": 5,"
         " \"why\": \"\"",
         "  the disk is late for 10 s; 5 changes wait, publishers are held back\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[400];
        snprintf(json, sizeof json, "{\"broker\": {\"broker\": \"b\", \"journal\": {%s}}}",
                 cases[i].journal);
        char *text = overview_of(json);
        if (cases[i].line != NULL)
            assert_non_null(strstr(text, cases[i].line));
        else
            assert_null(strstr(text, "the disk"));
        free(text);
    }
}

static void limits_tell_who_has_what_of_them(void **state) {
    (void)state;
    char *text = overview_of(
        "{\"broker\": {\"limits\": ["
        "{\"service\": \"elevenlabs\", \"kind\": \"places\", \"key\": \"\", \"outstanding\": 2,"
        " \"left\": 0, \"held\": false, \"most\": 2, \"holders\": ["
        "{\"instance\": \"gateway-1\", \"has\": 1, \"wanted\": 3, \"lost\": false},"
        "{\"instance\": \"gateway-2\", \"has\": 0, \"wanted\": 1, \"lost\": false},"
        "{\"instance\": \"gateway-3\", \"has\": 1, \"wanted\": 0, \"lost\": true}]},"
        "{\"service\": \"twilio\", \"kind\": \"tokens\", \"key\": \"0123456789abcdef\","
        " \"outstanding\": 0, \"left\": 1, \"held\": true, \"rate\": 0.5, \"holders\": []},"
        "{\"service\": \"openai\", \"kind\": \"retries\", \"outstanding\": 3, \"left\": 7},"
        "{\"service\": \"elevenlabs\", \"kind\": \"retries\", \"outstanding\": 10, \"left\": 0,"
        " \"holders\": [{\"instance\": \"gateway-1\", \"has\": 10, \"wanted\": 0}]},"
        "{\"service\": \"twilio\", \"kind\": \"retries\", \"outstanding\": 4, \"left\": 0,"
        " \"holders\": [{\"instance\": \"gateway-1\", \"has\": 4, \"wanted\": 6}]}],"
        "\"pauses\": [{\"service\": \"elevenlabs\", \"key\": \"\", \"until\": 120000000000}]}}");
    assert_non_null(strstr(text,
                           "limits\n"
                           "  elevenlabs     2 of 2 attempts at once granted, 4 more wanted: "
                           "gateway-1 1, gateway-3 1 (lost)\n"
                           "  twilio 01234567 0.5 attempts a second, 0 granted and not begun, "
                           "held until all gateways are known\n"
                           "  twilio         no retry is left in the budget, 4 granted, 6 more "
                           "wanted: gateway-1 4\n"
                           "paused as the provider asks\n"
                           "  elevenlabs     for 20 s\n"));
    free(text);
}

static void what_is_absent_or_of_another_type_is_left_out(void **state) {
    (void)state;
    static const char *const odd[] = {
        "{}",
        "{\"broker\": []}",
        "{\"broker\": {\"workers\": {}, \"queues\": 5, \"breakers\": \"x\", \"peers\": null}}",
        "{\"broker\": {\"workers\": [5], \"queues\": [[]], \"breakers\": [{}]}}",
        ("{\"process\": {\"a\": 5}, \"provider\": {\"b\": []}, \"mark\": {\"c\": null}, "
         "\"fallback\": {\"d\": 1}}"),
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char *text = overview_of(odd[i]);
        assert_non_null(strstr(text, "processes\n"));
        assert_non_null(strstr(text, "workers\n"));
        assert_null(strstr(text, "protocol"));
        free(text);
    }
}

static void what_is_known_of_a_provider_over_time_is_told(void **state) {
    (void)state;
    static const struct {
        const char *figures, *line;
    } rows[] = {
        {"\"availability\": {\"24h\": {\"share\": 0.999999, \"known_ns\": 5}}",
         "  elevenlabs     up        for 12 s, 99.99 % in 24h: HTTP 200\n"},
        {"\"availability\": {\"24h\": {\"share\": 1.0}}, \"latency\": {\"attempts\": 9,"
         " \"p50_ns\": 412000000, \"p90_ns\": 600000000, \"p99_ns\": 1240000000}",
         "  elevenlabs     up        for 12 s, 100.00 % in 24h, calls take 0.41 s (p99 1.24 s): "
         "HTTP 200\n"},
        {"\"availability\": {\"24h\": {\"known_ns\": 0}}, \"latency\": 5",
         "  elevenlabs     up        for 12 s: HTTP 200\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{\"provider\": {\"elevenlabs\": {\"status\": \"up\", \"since\": 88000000000,"
                 " \"why\": \"HTTP 200\", %s}}}",
                 rows[i].figures);
        char *text = overview_of(json);
        assert_non_null(strstr(text, rows[i].line));
        free(text);
    }
}

static void a_process_tells_its_memory_and_what_waits(void **state) {
    (void)state;
    static const struct {
        const char *figures, *line;
    } rows[] = {
        {"\"rss_bytes\": 32505856, \"lag_ns\": 99000000, \"queues\": {\"unacknowledged\": 0}",
         "  alerter          ready     pid 12      h            for 60 s, 31 MiB\n"},
        {"\"rss_bytes\": 1048576, \"lag_ns\": 1240000000,"
         " \"queues\": {\"unacknowledged\": 3, \"deliveries\": 41}",
         "  alerter          ready     pid 12      h            for 60 s, 1 MiB, its loop stood "
         "for "
         "1.2 s, unacknowledged 3, deliveries 41\n"},
        {"\"queues\": 7", "  alerter          ready     pid 12      h            for 60 s\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char json[512];
        snprintf(json, sizeof json,
                 "{\"process\": {\"alerter-1\": {\"service\": \"alerter\", \"pid\": 12,"
                 " \"host\": \"h\", \"started\": 40000000000, \"state\": \"ready\", %s}}}",
                 rows[i].figures);
        char *text = overview_of(json);
        assert_non_null(strstr(text, rows[i].line));
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_told_in_one_screen),
        cmocka_unit_test(a_breaker_tells_who_or_what_holds_its_decisions_back),
        cmocka_unit_test(a_disk_in_trouble_is_told_with_how_long_why_and_what_waits),
        cmocka_unit_test(limits_tell_who_has_what_of_them),
        cmocka_unit_test(what_is_absent_or_of_another_type_is_left_out),
        cmocka_unit_test(what_is_known_of_a_provider_over_time_is_told),
        cmocka_unit_test(a_process_tells_its_memory_and_what_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
