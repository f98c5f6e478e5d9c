#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "otlp.h"

static void what_an_answer_means(void **state) {
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum rf_otlp_outcome outcome;
        int64_t rejected;
        const char *message;
    } cases[] = {
        {200, "{}", RF_OTLP_OK, 0, ""},
        {200, "", RF_OTLP_OK, 0, ""},
        {202, "{\"partialSuccess\":{}}", RF_OTLP_OK, 0, ""},
        {200, "{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"no\"}}",
         RF_OTLP_OK, 3, "the collector answered 200: no"},
        {200, "{\"partialSuccess\":{\"rejectedLogRecords\":3}}", RF_OTLP_OK, 3,
         "the collector answered 200"},
        {200, "{\"partialSuccess\":{\"rejectedLogRecords\":\"-3\"}}", RF_OTLP_OK, 0, ""},
        {400, "{\"code\":3,\"message\":\"bad\\n\"}", RF_OTLP_REFUSED, 0,
         "the collector answered 400: bad "},
        {413, "<html>", RF_OTLP_REFUSED, 0, "the collector answered 413"},
        {422, "[]", RF_OTLP_REFUSED, 0, "the collector answered 422"},
        {401, "{}", RF_OTLP_LATER, 0, "the collector answered 401"},
        {404, "", RF_OTLP_LATER, 0, "the collector answered 404"},
        {429, "", RF_OTLP_LATER, 0, "the collector answered 429"},
        {500, "", RF_OTLP_LATER, 0, "the collector answered 500"},
        {503, "{\"message\":\"full\"}", RF_OTLP_LATER, 0, "the collector answered 503: full"},
        {302, "", RF_OTLP_LATER, 0, "the collector answered 302"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_http_reply reply = {.status = cases[i].status,
                                      .body = cases[i].body,
                                      .body_size = strlen(cases[i].body),
                                      .content_type = "",
                                      .error_text = ""};
        struct rf_otlp_verdict verdict = rf_otlp_reply(&rf_otlp_logs, &reply);
        assert_int_equal(verdict.outcome, cases[i].outcome);
        assert_int_equal(verdict.rejected, cases[i].rejected);
        assert_string_equal(verdict.message, cases[i].message);
    }
    struct rf_http_reply none = {.failure = RF_HTTP_TOO_LATE, .body = "", .error_text = "too late"};
    struct rf_otlp_verdict verdict = rf_otlp_reply(&rf_otlp_logs, &none);
    assert_int_equal(verdict.outcome, RF_OTLP_LATER);
    assert_string_equal(verdict.message, "the collector did not answer: too late");
}

static void what_is_left_out_of_logs_says_nothing_of_spans(void **state) {
    (void)state;
    static const char body[] =
        "{\"partialSuccess\":{\"rejectedSpans\":\"2\",\"rejectedLogRecords\":\"5\"}}";
    struct rf_http_reply reply = {.status = 200,
                                  .body = body,
                                  .body_size = sizeof body - 1,
                                  .content_type = "",
                                  .error_text = ""};
    assert_int_equal(rf_otlp_reply(&rf_otlp_traces, &reply).rejected, 2);
    assert_int_equal(rf_otlp_reply(&rf_otlp_logs, &reply).rejected, 5);
}

// Only a key of so many bytes is cut, and in the middle of a character it would be no text any
// more.
static void a_key_of_any_length_makes_a_record(void **state) {
    (void)state;
    struct rf_redaction *redaction = rf_redaction_new(&(struct rf_redact_rules){0});
    assert_non_null(redaction);
    for (size_t before = 0; before < 4; before++) {
        char key[601] = "", *at = key;
        for (size_t i = 0; i < before; i++)
            *at++ = 'k';
        while (at + 3 < key + sizeof key)
            at = stpcpy(at, "\xE2\x82\xAC");
        struct rf_event event = {.n = 7,
                                 .ts = 1,
                                 .type = "log.line",
                                 .severity = "info",
                                 .data = json_pack("{s:s}", key, "value")};
        assert_non_null(event.data);
        json_t *record = rf_otlp_record(redaction, &event, (struct rf_utc){2});
        assert_non_null(record);
        json_decref(record);
        json_decref(event.data);
    }
    rf_redaction_destroy(&redaction);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_answer_means),
        cmocka_unit_test(what_is_left_out_of_logs_says_nothing_of_spans),
        cmocka_unit_test(a_key_of_any_length_makes_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
