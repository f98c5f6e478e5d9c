#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "sheet_reply.h"

struct row {
    enum rf_http_failure failure;
    bool sent;
    long status;
    const char *body;
    enum rf_sheet_outcome outcome;
};

static void check(struct rf_sheet_verdict (*read)(const struct rf_http_reply *),
                  const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct rf_http_reply reply = {.failure = rows[i].failure,
                                      .sent = rows[i].sent,
                                      .status = rows[i].status,
                                      .content_type = "",
                                      .body = rows[i].body,
                                      .body_size = strlen(rows[i].body),
                                      .error_text = ""};
        struct rf_sheet_verdict verdict = read(&reply);
        if (verdict.outcome != rows[i].outcome)
            print_error("row %zu: status %ld, body %s\n", i, rows[i].status, rows[i].body);
        assert_int_equal(verdict.outcome, rows[i].outcome);
        assert_int_equal(verdict.body != NULL, verdict.outcome == RF_SHEET_OK);
        assert_int_equal(verdict.message[0] == '\0', verdict.outcome == RF_SHEET_OK);
        assert_null(strpbrk(verdict.message, "\r\n"));
        json_decref(verdict.body);
    }
}

static void replies_of_the_api_are_told_apart(void **state) {
    (void)state;
    const struct row rows[] = {
        {RF_HTTP_NONE, true, 200, "{}", RF_SHEET_OK},
        {RF_HTTP_NONE, true, 200, "", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_NONE, true, 200, "<html>", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_NONE, true, 200, "[]", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_TRUNCATED, true, 200, "{\"updates\":", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_NONE, true, 400, "{\"error\":{\"message\":\"bad\\r\\nrange\"}}", RF_SHEET_REFUSED},
        {RF_HTTP_NONE, true, 401, "{\"error\":{\"status\":\"UNAUTHENTICATED\"}}",
         RF_SHEET_NO_ACCESS},
        {RF_HTTP_NONE, true, 403, "{\"error\":{\"status\":\"PERMISSION_DENIED\"}}",
         RF_SHEET_REFUSED},
        {RF_HTTP_NONE, true, 403,
         "{\"error\":{\"errors\":[{\"reason\":\"userRateLimitExceeded\"}]}}", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 404, "{}", RF_SHEET_REFUSED},
        {RF_HTTP_NONE, true, 302, "", RF_SHEET_REFUSED},
        {RF_HTTP_NONE, true, 429, "<html>", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 500, "{}", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_NONE, true, 503, "", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_TIMEOUT, true, 0, "", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_BROKEN, true, 0, "", RF_SHEET_AMBIGUOUS},
        {RF_HTTP_CONNECT, false, 0, "", RF_SHEET_LATER},
        {RF_HTTP_RESOLVE, false, 0, "", RF_SHEET_LATER},
        {RF_HTTP_RESOLVER, false, 0, "", RF_SHEET_LATER},
        {RF_HTTP_CERTIFICATE, false, 0, "", RF_SHEET_LATER},
    };
    check(rf_sheet_reply, rows, sizeof rows / sizeof rows[0]);
}

static void replies_of_the_token_endpoint_are_told_apart(void **state) {
    (void)state;
    const struct row rows[] = {
        {RF_HTTP_NONE, true, 200, "{\"access_token\":\"t\",\"expires_in\":3599}", RF_SHEET_OK},
        {RF_HTTP_NONE, true, 200, "{\"access_token\":\"t\"}", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 200, "{\"access_token\":\"t\",\"expires_in\":0}", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 200, "{\"access_token\":7,\"expires_in\":3599}", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 200, "", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 400, "{\"error\":\"invalid_grant\"}", RF_SHEET_REFUSED},
        {RF_HTTP_NONE, true, 400, "{\"error\":{\"odd\":1}}", RF_SHEET_REFUSED},
        {RF_HTTP_NONE, true, 400, "{\"error\":\"internal_failure\"}", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 400,
         "{\"error\":\"x\",\"error_description\":\"temporarily_unavailable\"}", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 429, "", RF_SHEET_LATER},
        {RF_HTTP_NONE, true, 502, "", RF_SHEET_LATER},
        {RF_HTTP_BROKEN, true, 0, "", RF_SHEET_LATER},
    };
    check(rf_sheet_token_reply, rows, sizeof rows / sizeof rows[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_of_the_api_are_told_apart),
        cmocka_unit_test(replies_of_the_token_endpoint_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
