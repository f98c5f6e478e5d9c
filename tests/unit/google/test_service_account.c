#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "google/service_account.h"

static char *pem_of(EVP_PKEY *key) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *data, *pem;
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    long size = BIO_get_mem_data(bio, &data);
    pem = strndup(data, (size_t)size);
    BIO_free(bio);
    return pem;
}

static enum rf_err load(const char *json, struct rf_account *account, struct rf_error *error) {
    char path[] = "/tmp/rf-account-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, json, strlen(json)), (ssize_t)strlen(json));
    close(fd);
    enum rf_err result = rf_account_load(path, account, error);
    unlink(path);
    return result;
}

// base64url without padding, to the standard form.
static unsigned char *decode(const char *text, size_t length, size_t *size) {
    char *padded = calloc(length + 4, 1);
    for (size_t i = 0; i < length; i++)
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    while (length % 4 != 0)
        padded[length++] = '=';
    unsigned char *data;
    assert_int_equal(rf_base64_decode(padded, &data, size), RF_OK);
    free(padded);
    return data;
}

static json_t *decode_json(const char *text, size_t length) {
    size_t size;
    unsigned char *data = decode(text, length, &size);
    json_t *object = json_loadb((const char *)data, size, 0, NULL);
    assert_non_null(object);
    free(data);
    return object;
}

static void the_assertion_is_signed_by_the_accounts_key(void **state) {
    (void)state;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    char *pem = pem_of(key);
    json_t *file = json_pack("{s:s, s:s, s:s, s:s}", "type", "service_account", "client_email",
                             "logger@example.iam", "private_key_id", "key-1", "private_key", pem);
    char *json = json_dumps(file, 0), *assertion;
    struct rf_account account;
    struct rf_error error = {0};
    assert_int_equal(load(json, &account, &error), RF_OK);
    assert_int_equal(rf_account_assertion(&account, "https://token.example/x",
                                          (struct rf_utc){1700000000 * RF_NS_PER_S}, &assertion,
                                          &error),
                     RF_OK);
    const char *first = strchr(assertion, '.'), *second = strrchr(assertion, '.');
    json_t *header = decode_json(assertion, (size_t)(first - assertion));
    json_t *claims = decode_json(first + 1, (size_t)(second - first - 1));
    json_t *expected_header =
        json_pack("{s:s, s:s, s:s}", "alg", "RS256", "typ", "JWT", "kid", "key-1");
    json_t *expected = json_pack("{s:s, s:s, s:s, s:i, s:i}", "iss", "logger@example.iam", "scope",
                                 "https://www.googleapis.com/auth/spreadsheets", "aud",
                                 "https://token.example/x", "iat", 1700000000, "exp", 1700003600);
    assert_true(json_equal(header, expected_header));
    assert_true(json_equal(claims, expected));
    size_t size;
    unsigned char *signature = decode(second + 1, strlen(second + 1), &size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, size, (const unsigned char *)assertion,
                                      (size_t)(second - assertion)),
                     1);
    EVP_MD_CTX_free(context);
    free(signature);
    json_decref(header);
    json_decref(claims);
    json_decref(expected);
    json_decref(expected_header);
    json_decref(file);
    free(json);
    free(assertion);
    free(pem);
    rf_account_fini(&account);
    EVP_PKEY_free(key);
}

static void what_is_no_key_file_is_refused_with_what_is_missing(void **state) {
    (void)state;
    const struct {
        const char *json, *named;
    } cases[] = {
        {"", "client_email"},
        {"[]", "client_email"},
        {"{\"private_key\": \"x\"}", "client_email"},
        {"{\"client_email\": \"\", \"private_key\": \"x\"}", "client_email"},
        {"{\"client_email\": \"a@b\"}", "private_key"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_account account;
        struct rf_error error = {0};
        assert_int_equal(load(cases[i].json, &account, &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, cases[i].named));
        assert_null(account.key);
    }
}

static void a_key_that_is_not_rsa_is_refused_and_not_told(void **state) {
    (void)state;
    EVP_PKEY *curve = EVP_EC_gen("P-256");
    char *pem = pem_of(curve);
    char *const keys[] = {pem, (char *)"SECRET", (char *)""};
    for (size_t i = 0; i < 3; i++) {
        struct rf_account account = {.email = (char *)"a@b", .key = keys[i]};
        struct rf_error error = {0};
        char *assertion;
        assert_int_equal(
            rf_account_assertion(&account, "x", (struct rf_utc){0}, &assertion, &error),
            RF_ERR_INVALID);
        assert_null(assertion);
        assert_null(strstr(error.message, "SECRET"));
    }
    free(pem);
    EVP_PKEY_free(curve);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_assertion_is_signed_by_the_accounts_key),
        cmocka_unit_test(what_is_no_key_file_is_refused_with_what_is_missing),
        cmocka_unit_test(a_key_that_is_not_rsa_is_refused_and_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
