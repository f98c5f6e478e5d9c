#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "events/condition.h"

static void conditions_hold_or_not(void **state) {
    (void)state;
    const struct {
        const char *conditions;
        bool holds;
    } cases[] = {
        {"", true},
        {"reason=permanent.auth", true},
        {"reason=permanent", false},
        {"reason=x|permanent.auth", true},
        {"reason!=x|y", true},
        {"reason!=permanent.auth", false},
        {"missing!=x", true},
        {"missing=x", false},
        {"reason^=x|permanent.", true},
        {"left>2", true},
        {"left>3", false},
        {"left<10 left>1", true},
        {"reason>1", false},
        {"mark", true},
        {"unmarked", false},
        {"missing", false},
        {"subject=spring-7 campaign=spring severity=error provider=twilio", true},
        {"subject=spring-8 campaign=spring", false},
        {"=x", false},
    };
    json_t *data = json_pack("{s:s, s:i, s:b, s:b}", "reason", "permanent.auth", "left", 3, "mark",
                             1, "unmarked", 0);
    struct rf_event event = {.type = "contact.set_aside",
                             .subject = "spring-7",
                             .severity = "error",
                             .service = "twilio",
                             .campaign = "spring",
                             .data = data};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (rf_condition_holds(cases[i].conditions, &event) != cases[i].holds)
            fail_msg("%s", cases[i].conditions);
    json_decref(data);
}

static void what_is_no_condition_or_no_type_is_refused_with_what_was_expected(void **state) {
    (void)state;
    struct rf_error error;
    const char *const wrong[] = {"=x", "reason=", "a~b", "left>many"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rf_condition_check(wrong[i], "*", &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, "expected"));
    }
    assert_int_equal(rf_condition_check("reason=a|b left<2 mark_made", "*", &error), RF_OK);
    assert_int_equal(rf_condition_check("severity=error reasn=a", "*", &error), RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "no event of * has a field reasn; expected subject"));
    assert_int_equal(rf_fields_check("campaign reason provider", "contact.*", &error), RF_OK);
    assert_int_equal(rf_fields_check("campaign provder", "contact.*", &error), RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "no event of contact.* has a field provder"));
    assert_int_equal(rf_type_check("breaker.opened provider.*", &error), RF_OK);
    assert_int_equal(rf_type_check("breaker.opend", &error), RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "breaker.opend"));
    assert_int_equal(rf_type_check(" ", &error), RF_ERR_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold_or_not),
        cmocka_unit_test(what_is_no_condition_or_no_type_is_refused_with_what_was_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
