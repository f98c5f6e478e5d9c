#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "format.h"

// The vector that the Standard Webhooks libraries publish in their tests.
static void the_signature_agrees_with_the_published_vector(void **state) {
    (void)state;
    const char *const secrets[] = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                   "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    for (size_t i = 0; i < 2; i++) {
        char signature[RF_WEBHOOK_SIGNATURE_SIZE];
        struct rf_error error;
        assert_int_equal(rf_webhook_sign(secrets[i], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                         "{\"test\": 2432232314}", signature, &error),
                         RF_OK);
        assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}

// While a secret changes, receivers that know either of them are served: the new one is the first.
static void each_secret_makes_a_signature(void **state) {
    (void)state;
    char signature[RF_WEBHOOK_SIGNATURE_SIZE];
    struct rf_error error = {0};
    assert_int_equal(rf_webhook_sign("whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE= "
                                     " whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                     "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                                     "{\"test\": 2432232314}", signature, &error),
                     RF_OK);
    const char *space = strchr(signature, ' ');
    assert_non_null(space);
    assert_string_equal(space + 1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_int_equal(strncmp(signature, "v1,", 3), 0);
    assert_int_equal(space - signature, 3 + 44);
#define KEY "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw "
    assert_int_equal(rf_webhook_sign(KEY KEY KEY KEY, "id", 1, "{}", signature, &error), RF_OK);
    assert_int_equal(rf_webhook_sign(KEY KEY KEY KEY KEY, "id", 1, "{}", signature, &error),
                     RF_ERR_INVALID);
    assert_int_equal(rf_webhook_sign(KEY "whsec_short", "id", 1, "{}", signature, &error),
                     RF_ERR_INVALID);
}

static void a_secret_that_is_no_key_is_refused_without_being_told(void **state) {
    (void)state;
    const char *const secrets[] = {
        "",
        "whsec_",
        "whsec_short",
        "whsec_c2hvcnQ=",                         // 5 bytes
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa%w", // not base64
        // 65 bytes
        "whsec_"
        "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE"
        "=",
    };
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        char signature[RF_WEBHOOK_SIGNATURE_SIZE];
        struct rf_error error = {0};
        assert_int_equal(rf_webhook_sign(secrets[i], "id", 1, "{}", signature, &error),
                         RF_ERR_INVALID);
        assert_true(strlen(secrets[i]) < 7 || strstr(error.message, secrets[i] + 6) == NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_agrees_with_the_published_vector),
        cmocka_unit_test(each_secret_makes_a_signature),
        cmocka_unit_test(a_secret_that_is_no_key_is_refused_without_being_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
