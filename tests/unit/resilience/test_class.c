#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/class.h>

static void every_class_means_what_the_design_says(void **state) {
    (void)state;
    // Design section 4, written down a second time by hand.
    const struct {
        enum rf_class c;
        const char *name;
        bool retries, counts, permanent, marks;
    } rows[] = {
        {RF_CLASS_OK, "ok", false, false, false, false},
        {RF_CLASS_TRANSIENT, "transient", true, true, false, false},
        {RF_CLASS_RATE_LIMITED, "rate_limited", true, false, false, false},
        {RF_CLASS_PERMANENT_AUTH, "permanent.auth", false, false, true, true},
        {RF_CLASS_PERMANENT_QUOTA, "permanent.quota", false, false, true, true},
        {RF_CLASS_PERMANENT_CONFIG, "permanent.config", false, false, true, true},
        {RF_CLASS_PERMANENT_INVALID, "permanent.invalid", false, false, true, false},
        {RF_CLASS_AMBIGUOUS, "ambiguous", false, true, false, false},
        {RF_CLASS_LOCAL, "local", false, false, false, false},
    };
    assert_int_equal(sizeof rows / sizeof rows[0], RF_CLASS_COUNT);
    for (size_t i = 0; i < RF_CLASS_COUNT; i++) {
        enum rf_class parsed;
        assert_string_equal(rf_class_name(rows[i].c), rows[i].name);
        assert_true(rf_class_parse(rows[i].name, &parsed));
        assert_int_equal(parsed, rows[i].c);
        assert_int_equal(rf_class_retries(rows[i].c), rows[i].retries);
        assert_int_equal(rf_class_counts(rows[i].c), rows[i].counts);
        assert_int_equal(rf_class_permanent(rows[i].c), rows[i].permanent);
        assert_int_equal(rf_class_marks(rows[i].c), rows[i].marks);
    }
}

static void an_unknown_class_is_harmless(void **state) {
    (void)state;
    enum rf_class parsed;
    assert_false(rf_class_parse("permanent", &parsed));
    assert_false(rf_class_parse("", &parsed));
    for (int i = RF_CLASS_COUNT; i < RF_CLASS_COUNT + 2; i++) {
        enum rf_class unknown = (enum rf_class)i;
        assert_string_equal(rf_class_name(unknown), "unknown");
        assert_false(rf_class_retries(unknown) || rf_class_counts(unknown) ||
                     rf_class_permanent(unknown) || rf_class_marks(unknown));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_class_means_what_the_design_says),
        cmocka_unit_test(an_unknown_class_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
