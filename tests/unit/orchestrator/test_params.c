#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "params.h"

static const struct rf_param params[] = {{"contact", RF_PARAM_TEXT}, {"after", RF_PARAM_COUNT}};

static enum rf_err check(const char *text, struct rf_error *error) {
    json_t *given = json_loads(text, 0, NULL);
    assert_non_null(given);
    enum rf_err err = rf_params_check(given, params, 2, error);
    json_decref(given);
    return err;
}

static void what_is_absent_null_or_of_its_kind_is_taken(void **state) {
    (void)state;
    static const char *const good[] = {
        "{}",
        "{\"contact\":null,\"after\":null}",
        "{\"contact\":\"spring-2\",\"after\":0}",
        "{\"contact\":\"\",\"after\":9223372036854775807,\"states\":[1],\"other\":{}}",
    };
    struct rf_error error;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_int_equal(check(good[i], &error), RF_OK);
}

static void what_is_of_another_kind_is_refused_by_its_name(void **state) {
    (void)state;
    static const struct {
        const char *given, *message;
    } bad[] = {
        {"{\"contact\":3}", "contact: expected a text"},
        {"{\"contact\":[\"spring-2\"]}", "contact: expected a text"},
        {"{\"contact\":false}", "contact: expected a text"},
        {"{\"after\":\"7\"}", "after: expected a whole number from 0 on"},
        {"{\"after\":-1}", "after: expected a whole number from 0 on"},
        {"{\"after\":1.5}", "after: expected a whole number from 0 on"},
        {"{\"after\":{},\"contact\":{}}", "contact: expected a text"},
    };
    struct rf_error error;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(check(bad[i].given, &error), RF_ERR_INVALID);
        assert_string_equal(error.message, bad[i].message);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_absent_null_or_of_its_kind_is_taken),
        cmocka_unit_test(what_is_of_another_kind_is_refused_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
