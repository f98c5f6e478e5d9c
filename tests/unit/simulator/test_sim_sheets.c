// Google: the token endpoint that verifies, and the sheets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/digest.h"
#include "bench.h"

#define URI    "http://127.0.0.1:1/google/token"
#define SCOPE  "https://www.googleapis.com/auth/spreadsheets"
#define EMAIL  "ringfence@simulated.iam.gserviceaccount.com"
#define FORM   "Host: localhost:8\nContent-Type: application/x-www-form-urlencoded\n"
#define VALUES "/sheets/v4/spreadsheets/s/values/"
#define RAW    "?valueInputOption=RAW"

// One key for all tests: making one takes long.
static struct {
    struct sim_account *account;
    EVP_PKEY *key, *stranger;
} google;

static int make_account(void **state) {
    (void)state;
    struct rf_error error;
    char *text = NULL;
    assert_int_equal(sim_account_make_json(URI, &text, &error), RF_OK);
    assert_int_equal(sim_account_from_json(text, &google.account, &error), RF_OK);
    json_t *value = json_loads(text, 0, NULL);
    const char *pem = json_string_value(json_object_get(value, "private_key"));
    BIO *bio = BIO_new_mem_buf(pem, -1);
    google.key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    google.stranger = EVP_RSA_gen(2048);
    assert_non_null(google.key);
    assert_non_null(google.stranger);
    BIO_free(bio);
    json_decref(value);
    free(text);
    return 0;
}

static int free_account(void **state) {
    (void)state;
    sim_account_destroy(&google.account);
    EVP_PKEY_free(google.key);
    EVP_PKEY_free(google.stranger);
    return 0;
}

struct claims {
    const char *header, *iss, *aud, *scope;
    long issued, expires; // from now, in seconds
    bool stranger, cut;
};

static const struct claims good = {
    "{\"alg\":\"RS256\",\"typ\":\"JWT\"}", EMAIL, URI, SCOPE, 0, 3600, false, false};

static char *assertion(const struct bench *bench, const struct claims *claims) {
    long now_s = (long)(bench->now.ns / RF_NS_PER_S);
    char *payload, *text, *body;
    assert_true(asprintf(&payload,
                         "{\"iss\":\"%s\",\"aud\":\"%s\",\"scope\":\"%s\",\"iat\":%ld,\"exp\":%ld}",
                         claims->iss, claims->aud, claims->scope, now_s + claims->issued,
                         now_s + claims->expires) > 0);
    char *head64 = rf_base64url_encode(claims->header, strlen(claims->header));
    char *payload64 = rf_base64url_encode(payload, strlen(payload));
    assert_true(asprintf(&text, "%s.%s", head64, payload64) > 0);
    unsigned char signature[512];
    size_t size = sizeof signature;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(digest, NULL, EVP_sha256(), NULL,
                                        claims->stranger ? google.stranger : google.key),
                     1);
    assert_int_equal(
        EVP_DigestSign(digest, signature, &size, (const unsigned char *)text, strlen(text)), 1);
    EVP_MD_CTX_free(digest);
    char *signature64 = rf_base64url_encode(signature, claims->cut ? size - 1 : size);
    assert_true(asprintf(&body,
                         "grant_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3Agrant-type%%3Ajwt-bearer"
                         "&assertion=%s.%s",
                         text, signature64) > 0);
    free(payload);
    free(text);
    free(head64);
    free(payload64);
    free(signature64);
    return body;
}

static unsigned ask_token(struct bench *bench, const struct claims *claims) {
    bench->sim.options.account = google.account;
    char *body = assertion(bench, claims);
    unsigned status = bench_ask(bench, "POST", "/google/token", FORM, body);
    free(body);
    return status;
}

static void a_good_assertion_gets_a_token(void **state) {
    struct bench *bench = *state;
    assert_int_equal(ask_token(bench, &good), 200);
    assert_string_equal(bench_text(bench, "token_type"), "Bearer");
    assert_true(strlen(bench_text(bench, "access_token")) > 20);
    assert_in_range(bench_number(bench, "expires_in"), 3000, 3600);
}

static void any_name_of_the_endpoint_is_a_good_audience(void **state) {
    struct bench *bench = *state;
    static const char *const names[] = {"http://localhost:8/google/token",
                                        "https://localhost:8/google/token",
                                        "https://oauth2.googleapis.com/token"};
    for (size_t i = 0; i < 3; i++) {
        struct claims claims = good;
        claims.aud = names[i];
        assert_int_equal(ask_token(bench, &claims), 200);
    }
}

static void a_bad_assertion_is_invalid_grant(void **state) {
    struct bench *bench = *state;
    struct claims cases[11];
    for (size_t i = 0; i < 11; i++)
        cases[i] = good;
    cases[0].stranger = true;
    cases[1].cut = true;
    cases[2].header = "{\"alg\":\"none\"}";
    cases[3].header = "{\"alg\":\"HS256\"}";
    cases[4].iss = "someone@else";
    cases[5].aud = "http://127.0.0.1:2/google/token";
    cases[6].scope = "";
    cases[7].issued = 301; // a clock that is ahead
    cases[7].expires = 3600;
    cases[8].issued = -7200; // over
    cases[8].expires = -3600;
    cases[9].expires = 3601; // longer than an hour
    cases[10].issued = 100;
    cases[10].expires = 50;
    for (size_t i = 0; i < 11; i++)
        if (ask_token(bench, &cases[i]) != 400 ||
            strcmp(bench_text(bench, "error"), "invalid_grant") != 0)
            fail_msg("case %zu: %s", i, bench->outcome.reply.body);
}

static void a_revoked_account_gets_no_token_and_its_tokens_end(void **state) {
    struct bench *bench = *state;
    char header[200];
    assert_int_equal(ask_token(bench, &good), 200);
    snprintf(header, sizeof header, "Authorization: Bearer %s\n",
             bench_text(bench, "access_token"));
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", header, NULL), 200);
    assert_int_equal(
        bench_ask(bench, "PUT", "/admin/keys", NULL, "{\"google\": [], \"sheets\": []}"), 200);
    assert_int_equal(ask_token(bench, &good), 400);
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", header, NULL), 401);
}

// ---- sheets ----

static char bearer[200];

static int setup_sheets(void **state) {
    bench_setup(state);
    struct bench *bench = *state;
    assert_int_equal(ask_token(bench, &good), 200);
    snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\n",
             bench_text(bench, "access_token"));
    return 0;
}

static void appends_go_below_what_is_there(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "POST", VALUES "log!A1:append" RAW, bearer,
                               "{\"values\": [[\"n\", \"type\"]]}"),
                     200);
    assert_string_equal(bench_text(bench, "updates.updatedRange"), "log!A1:B1");
    assert_string_equal(bench_text(bench, "tableRange"), "");
    assert_int_equal(bench_ask(bench, "POST",
                               VALUES "log!A1:append" RAW "&insertDataOption=INSERT_ROWS", bearer,
                               "{\"values\": [[1, \"a\"], [2, \"b\"]]}"),
                     200);
    assert_string_equal(bench_text(bench, "updates.updatedRange"), "log!A2:B3");
    assert_int_equal(bench_number(bench, "updates.updatedRows"), 2);
    assert_int_equal(bench_number(bench, "updates.updatedCells"), 4);
    assert_string_equal(bench_text(bench, "tableRange"), "log!A1:B1");
    assert_int_equal(bench_count(bench, "sheets.rows"), 3);
    assert_string_equal(bench_text(bench, "sheets.rows.2.1"), "b");
}

static void an_update_repeated_overwrites_itself(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bench_ask(bench, "PUT", VALUES "log!A2:B3" RAW, bearer,
                                   "{\"values\": [[1, \"a\"], [2, null]]}"),
                         200);
        assert_string_equal(bench_text(bench, "updatedRange"), "log!A2:B3");
        assert_int_equal(bench_number(bench, "updatedCells"), 3);
    }
    assert_int_equal(bench_count(bench, "sheets.rows"), 3);
    assert_int_equal(bench_ask(bench, "GET", VALUES "log!A1:B9", bearer, NULL), 200);
    assert_int_equal(bench_number(bench, "values"), 3);
    assert_int_equal(bench_number(bench, "values.0"), 0);
    assert_string_equal(bench_text(bench, "values.1.0"), "1"); // formatted: a text
    assert_int_equal(bench_number(bench, "values.2"), 1);
    assert_int_equal(bench_ask(bench, "GET", VALUES "log!A2:A?valueRenderOption=UNFORMATTED_VALUE",
                               bearer, NULL),
                     200);
    assert_int_equal(bench_number(bench, "values.0.0"), 1);
}

static void an_update_beyond_the_grid_is_refused_until_rows_are_inserted(void **state) {
    struct bench *bench = *state;
    static const char row[] = "{\"values\": [[\"a\"]]}";
    assert_int_equal(bench_ask(bench, "PUT", VALUES "log!A1000" RAW, bearer, row), 200);
    assert_int_equal(bench_ask(bench, "PUT", VALUES "log!A1001" RAW, bearer, row), 400);
    assert_string_equal(bench_text(bench, "error.status"), "INVALID_ARGUMENT");
    assert_non_null(strstr(bench_text(bench, "error.message"), "exceeds grid limits"));
    assert_int_equal(bench_ask(bench, "PUT", VALUES "log!Z1" RAW, bearer, row), 200);
    assert_int_equal(bench_ask(bench, "PUT", VALUES "log!AA1" RAW, bearer, row), 400);
    assert_int_equal(bench_ask(bench, "POST",
                               VALUES "log:append" RAW "&insertDataOption=INSERT_ROWS", bearer,
                               row),
                     200);
    assert_string_equal(bench_text(bench, "updates.updatedRange"), "log!A1001");
    assert_int_equal(bench_ask(bench, "PUT", VALUES "log!A1001" RAW, bearer, row), 200);
}

static void a_new_tab_has_the_size_that_was_set(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "PUT", "/admin/settings", NULL, "{\"sheet_rows\": 2}"), 200);
    assert_int_equal(
        bench_ask(bench, "PUT", VALUES "log!A3" RAW, bearer, "{\"values\": [[\"a\"]]}"), 400);
    // An overwriting append makes the rows that it needs.
    assert_int_equal(
        bench_ask(bench, "POST", VALUES "log:append" RAW, bearer, "{\"values\": [[1], [2], [3]]}"),
        200);
    assert_int_equal(bench_count(bench, "sheets.rows"), 3);
}

static void raw_keeps_what_looks_like_a_formula(void **state) {
    struct bench *bench = *state;
    static const char row[] = "{\"values\": [[\"=1+1\", \"5\", \"'x\"]]}";
    assert_int_equal(bench_ask(bench, "PUT", VALUES "log!A1:C1" RAW, bearer, row), 200);
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", bearer, NULL), 200);
    assert_string_equal(bench_text(bench, "values.0.0"), "=1+1");
    assert_string_equal(bench_text(bench, "values.0.2"), "'x");
    assert_int_equal(
        bench_ask(bench, "PUT", VALUES "log!A1:C1?valueInputOption=USER_ENTERED", bearer, row),
        200);
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", bearer, NULL), 200);
    assert_string_equal(bench_text(bench, "values.0.0"), "#ERROR!");
    assert_string_equal(bench_text(bench, "values.0.2"), "x");
}

static void what_is_wrong_gets_the_error_of_google(void **state) {
    struct bench *bench = *state;
    static const char row[] = "{\"values\": [[\"a\"]]}";
    static const struct {
        const char *method, *target, *body;
        unsigned status;
        const char *code;
    } cases[] = {
        {"PUT", VALUES "log!A1", row, 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1?valueInputOption=COOKED", row, 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1" RAW, "{}", 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1" RAW, "{\"values\": []}", 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1" RAW, "{\"values\": [1]}", 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1" RAW, "{\"values\": [[{}]]}", 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1:A1" RAW, "{\"values\": [[1, 2]]}", 200, ""},
        {"PUT", VALUES "log!A1:B1" RAW, "{\"values\": [[1, 2, 3]]}", 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!A1:B1" RAW, "{\"values\": [[1], [2]]}", 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!B2:A1" RAW, row, 400, "INVALID_ARGUMENT"},
        {"PUT", VALUES "log!" RAW, row, 400, "INVALID_ARGUMENT"},
        {"POST", VALUES "log:append" RAW "&insertDataOption=X", row, 400, "INVALID_ARGUMENT"},
        {"DELETE", VALUES "log", "", 404, "NOT_FOUND"},
        {"GET", "/sheets/v4/other", "", 404, "NOT_FOUND"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned status = bench_ask(bench, cases[i].method, cases[i].target, bearer, cases[i].body);
        if (status != cases[i].status ||
            strcmp(bench_text(bench, "error.status"), cases[i].code) != 0)
            fail_msg("case %zu: %u %s", i, status, bench->outcome.reply.body);
    }
}

static void a_token_ends_and_one_without_the_scope_does_not_open_sheets(void **state) {
    struct bench *bench = *state;
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", "", NULL), 401);
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", "Authorization: Bearer x\n", NULL), 401);
    bench_wait(bench, rf_seconds(3599));
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", bearer, NULL), 200);
    bench_wait(bench, rf_seconds(1));
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", bearer, NULL), 401);
    assert_string_equal(bench_text(bench, "error.status"), "UNAUTHENTICATED");
    struct claims claims = good;
    claims.scope = "https://www.googleapis.com/auth/calendar";
    assert_int_equal(ask_token(bench, &claims), 200);
    char header[200];
    snprintf(header, sizeof header, "Authorization: Bearer %s\n",
             bench_text(bench, "access_token"));
    assert_int_equal(bench_ask(bench, "GET", VALUES "log", header, NULL), 403);
}

static void ranges_are_read_and_named(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        size_t first_row, last_row, first_column, last_column;
    } cases[] = {
        {"log", true, 0, SIZE_MAX, 0, SIZE_MAX},
        {"log!A2:F10", true, 1, 9, 0, 5},
        {"'my log'!B3", true, 2, 2, 1, 1},
        {"log!A:C", true, 0, SIZE_MAX, 0, 2},
        {"log!3:5", true, 2, 4, 0, SIZE_MAX},
        {"log!AA10:AB", true, 9, SIZE_MAX, 26, 27},
        {"log!", false, 0, 0, 0, 0},
        {"!A1", false, 0, 0, 0, 0},
        {"log!A0", false, 0, 0, 0, 0},
        {"log!A1:", false, 0, 0, 0, 0},
        {"log!A1:B2:C3", false, 0, 0, 0, 0},
        {"log!a1", false, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sim_range range;
        bool valid = sim_range_parse(cases[i].text, &range);
        if (valid != cases[i].valid || (valid && (range.first_row != cases[i].first_row ||
                                                  range.last_row != cases[i].last_row ||
                                                  range.first_column != cases[i].first_column ||
                                                  range.last_column != cases[i].last_column)))
            fail_msg("%s", cases[i].text);
    }
    char name[200];
    sim_range_name("my log", 0, 25, 1, 2, name);
    assert_string_equal(name, "'my log'!Z1:AA1");
}

int main(void) {
#define TEST(name)   cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
#define SHEETS(name) cmocka_unit_test_setup_teardown(name, setup_sheets, bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_good_assertion_gets_a_token),
        TEST(any_name_of_the_endpoint_is_a_good_audience),
        TEST(a_bad_assertion_is_invalid_grant),
        TEST(a_revoked_account_gets_no_token_and_its_tokens_end),
        SHEETS(appends_go_below_what_is_there),
        SHEETS(an_update_repeated_overwrites_itself),
        SHEETS(an_update_beyond_the_grid_is_refused_until_rows_are_inserted),
        SHEETS(a_new_tab_has_the_size_that_was_set),
        SHEETS(raw_keeps_what_looks_like_a_formula),
        SHEETS(what_is_wrong_gets_the_error_of_google),
        SHEETS(a_token_ends_and_one_without_the_scope_does_not_open_sheets),
        cmocka_unit_test(ranges_are_read_and_named),
    };
    return cmocka_run_group_tests(tests, make_account, free_account);
}
