// The pure parts of the HTTP client: failures, what may stand in a header, Retry-After.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "http/transfer.h"

static const struct rf_utc now = {INT64_C(1795518480) * RF_NS_PER_S}; // 2026-11-24T11:08:00Z

static void retry_after_is_read_in_every_form(void **state) {
    (void)state;
    static const struct {
        const char *ms, *value;
        int64_t expected_ms;
    } cases[] = {
        {NULL, NULL, 0},
        {NULL, "0", 0},
        {NULL, "30", 30000},
        {NULL, " 30 ", 30000},
        {NULL, "1.5", 1500},
        {"250", "30", 250},
        {"250.5", NULL, 250}, // rounded below
        {"soon", "30", 30000},
        {NULL, "Tue, 24 Nov 2026 11:08:45 GMT", 45000},
        {NULL, "Tue, 24 Nov 2026 11:07:00 GMT", 0}, // past
        {NULL, "-5", 0},
        {NULL, "30s", 0},
        {NULL, "", 0},
        {NULL, "whenever", 0},
        {NULL, "99999999999999999999999999", INT64_C(315360000000)}, // ten years, not an overflow
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_duration wait = rf_http_retry_after_parse(cases[i].ms, cases[i].value, now);
        assert_int_equal(wait.ns / RF_NS_PER_MS, cases[i].expected_ms);
    }
}

static void nothing_in_a_header_can_begin_a_line(void **state) {
    (void)state;
    assert_true(rf_http_name_valid("xi-api-key"));
    assert_false(rf_http_name_valid(""));
    assert_false(rf_http_name_valid("a b"));
    assert_false(rf_http_name_valid("a:"));
    assert_false(rf_http_name_valid("a\r\nb"));
    assert_true(rf_http_text_valid("Bearer sk-123\tand a tab, \xc3\xa4"));
    assert_true(rf_http_text_valid(""));
    assert_false(rf_http_text_valid("good\r\nX-Evil: 1"));
    assert_false(rf_http_text_valid("good\n"));
    assert_false(rf_http_text_valid("\x7f"));
    assert_false(rf_http_url_valid("http://a/b c"));
    assert_false(rf_http_url_valid("http://a/\r\nHost: b"));
    assert_true(rf_mail_address_valid("ops@example.com"));
    assert_false(rf_mail_address_valid("ops@example.com>\r\nRCPT TO:<evil@example.com"));
    assert_false(rf_mail_address_valid("ops@example.com, other@example.com"));
    assert_false(rf_mail_address_valid("ops"));
}

static void a_failure_is_judged_by_the_side_of_the_first_byte(void **state) {
    (void)state;
    static const struct {
        CURLcode code;
        bool begun;
        long status, proxy_status;
        enum rf_http_failure expected;
    } cases[] = {
        {CURLE_OK, true, 200, 0, RF_HTTP_NONE},
        {CURLE_COULDNT_RESOLVE_HOST, false, 0, 0, RF_HTTP_RESOLVE},
        {CURLE_COULDNT_CONNECT, false, 0, 0, RF_HTTP_CONNECT},
        {CURLE_OPERATION_TIMEDOUT, false, 0, 0, RF_HTTP_CONNECT},
        {CURLE_OPERATION_TIMEDOUT, true, 0, 0, RF_HTTP_TIMEOUT},
        {CURLE_OPERATION_TIMEDOUT, true, 200, 0, RF_HTTP_TIMEOUT},
        {CURLE_SSL_CONNECT_ERROR, false, 0, 0, RF_HTTP_TLS},
        {CURLE_PEER_FAILED_VERIFICATION, false, 0, 0, RF_HTTP_CERTIFICATE},
        {CURLE_SSL_CACERT_BADFILE, false, 0, 0, RF_HTTP_CERTIFICATE},
        {CURLE_GOT_NOTHING, true, 0, 0, RF_HTTP_BROKEN},
        {CURLE_RECV_ERROR, true, 0, 0, RF_HTTP_BROKEN},
        {CURLE_RECV_ERROR, true, 200, 0, RF_HTTP_TRUNCATED},
        {CURLE_RECV_ERROR, false, 0, 0, RF_HTTP_CONNECT},
        {CURLE_SEND_ERROR, true, 0, 0, RF_HTTP_BROKEN},
        {CURLE_PARTIAL_FILE, true, 200, 0, RF_HTTP_TRUNCATED},
        {CURLE_FILESIZE_EXCEEDED, true, 200, 0, RF_HTTP_TOO_LARGE},
        {CURLE_OUT_OF_MEMORY, false, 0, 0, RF_HTTP_OTHER},
        {CURLE_URL_MALFORMAT, false, 0, 0, RF_HTTP_OTHER},
        {CURLE_BAD_CONTENT_ENCODING, true, 200, 0, RF_HTTP_ENCODING},
        {CURLE_HTTP2, false, 0, 0, RF_HTTP_CONNECT},
        {CURLE_HTTP2_STREAM, true, 0, 0, RF_HTTP_BROKEN},
        {CURLE_HTTP2_STREAM, true, 200, 0, RF_HTTP_TRUNCATED},
        {CURLE_COULDNT_RESOLVE_PROXY, false, 0, 0, RF_HTTP_RESOLVE},
        {CURLE_RECV_ERROR, false, 0, 407, RF_HTTP_PROXY},
        {CURLE_RECV_ERROR, false, 0, 403, RF_HTTP_PROXY},
        {CURLE_RECV_ERROR, false, 0, 502, RF_HTTP_CONNECT},
        {CURLE_RECV_ERROR, true, 0, 200, RF_HTTP_BROKEN}, // behind a tunnel that stood
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(rf_http_failure_of(cases[i].code, cases[i].begun, cases[i].status,
                                            cases[i].proxy_status),
                         cases[i].expected);
}

static void a_refused_mail_is_a_status(void **state) {
    (void)state;
    assert_int_equal(rf_mail_failure_of(CURLE_OK, true, 250), RF_HTTP_NONE);
    assert_int_equal(rf_mail_failure_of(CURLE_SEND_ERROR, true, 550), RF_HTTP_NONE);
    assert_int_equal(rf_mail_failure_of(CURLE_LOGIN_DENIED, false, 535), RF_HTTP_NONE);
    assert_int_equal(rf_mail_failure_of(CURLE_LOGIN_DENIED, false, 250), RF_HTTP_LOGIN);
    assert_int_equal(rf_mail_failure_of(CURLE_WEIRD_SERVER_REPLY, false, 421), RF_HTTP_NONE);
    assert_int_equal(rf_mail_failure_of(CURLE_COULDNT_CONNECT, false, 0), RF_HTTP_CONNECT);
    // After the final dot without an answer: 354 was the last word.
    assert_int_equal(rf_mail_failure_of(CURLE_RECV_ERROR, true, 354), RF_HTTP_BROKEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_after_is_read_in_every_form),
        cmocka_unit_test(nothing_in_a_header_can_begin_a_line),
        cmocka_unit_test(a_failure_is_judged_by_the_side_of_the_first_byte),
        cmocka_unit_test(a_refused_mail_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
