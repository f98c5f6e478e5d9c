#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "passive.h"

static const struct health_passive_rules rules = {
    .window = {60 * RF_NS_PER_S}, .minimum = 10, .degraded = 0.2, .down = 0.8};

static struct rf_instant at_s(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static bool heard(struct health_passive *passive, int64_t second, int good, int bad) {
    struct rf_measure measure = {0};
    for (int i = 0; i < good; i++)
        rf_measure_attempt(&measure, RF_CLASS_OK, rf_ms(100));
    for (int i = 0; i < bad; i++)
        rf_measure_attempt(&measure, RF_CLASS_TRANSIENT, rf_ms(100));
    health_passive_heard(passive, &measure, &rules, at_s(second));
    return health_passive_look(passive, &rules, at_s(second));
}

static void few_attempts_say_nothing(void **state) {
    (void)state;
    struct health_passive passive = {0};
    assert_false(health_passive_look(&passive, &rules, at_s(1)));
    assert_false(heard(&passive, 1, 0, 9));
    assert_int_equal(passive.status, HEALTH_UNKNOWN);
    assert_true(heard(&passive, 2, 0, 1));
    assert_int_equal(passive.status, HEALTH_DOWN);
    assert_string_equal(passive.why, "10 of the latest 10 attempts failed");
}

static void the_share_of_those_that_fail_is_the_status(void **state) {
    (void)state;
    const struct {
        int good, bad;
        enum health_status status;
    } rows[] = {
        {100, 0, HEALTH_UP},       {81, 19, HEALTH_UP},   {80, 20, HEALTH_DEGRADED},
        {21, 79, HEALTH_DEGRADED}, {20, 80, HEALTH_DOWN}, {0, 100, HEALTH_DOWN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct health_passive passive = {0};
        heard(&passive, 5, rows[i].good, rows[i].bad);
        assert_int_equal(passive.status, rows[i].status);
    }
}

static void incident_43_what_a_caller_provokes_marks_no_provider_as_down(void **state) {
    (void)state;
    static const enum rf_class harmless[] = {RF_CLASS_PERMANENT_INVALID, RF_CLASS_PERMANENT_AUTH,
                                             RF_CLASS_PERMANENT_QUOTA, RF_CLASS_PERMANENT_CONFIG,
                                             RF_CLASS_RATE_LIMITED};
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        struct health_passive passive = {0};
        struct rf_measure measure = {0};
        for (int n = 0; n < 1000; n++)
            rf_measure_attempt(&measure, harmless[i], rf_ms(5));
        health_passive_heard(&passive, &measure, &rules, at_s(1));
        health_passive_look(&passive, &rules, at_s(1));
        assert_int_equal(passive.status, HEALTH_UP);
    }
}

static void it_gets_better_only_a_quarter_below_what_made_it_bad(void **state) {
    (void)state;
    struct health_passive passive = {0};
    heard(&passive, 0, 80, 20);
    assert_int_equal(passive.status, HEALTH_DEGRADED);
    heard(&passive, 1, 33, 0); // 20 of 133: 15.04 %
    assert_int_equal(passive.status, HEALTH_DEGRADED);
    heard(&passive, 2, 1, 0); // 20 of 134: 14.9 %
    assert_int_equal(passive.status, HEALTH_UP);
    heard(&passive, 3, 0, 4); // 24 of 138: 17.4 %, below 20
    assert_int_equal(passive.status, HEALTH_UP);
}

static void what_is_older_than_the_window_does_not_count(void **state) {
    (void)state;
    struct health_passive passive = {0};
    struct rf_measure sum;
    heard(&passive, 2, 5, 0);
    heard(&passive, 7, 5, 0);
    health_passive_latest(&passive, INT64_MAX, at_s(59), &sum);
    assert_int_equal(rf_measure_total(&sum), 10);
    health_passive_latest(&passive, INT64_MAX, at_s(60), &sum); // the first slot is 0 to 5 s
    assert_int_equal(rf_measure_total(&sum), 5);
    health_passive_latest(&passive, INT64_MAX, at_s(65), &sum);
    assert_int_equal(rf_measure_total(&sum), 0);
    heard(&passive, 62, 0, 1); // its slot had the first five
    health_passive_latest(&passive, INT64_MAX, at_s(62), &sum);
    assert_int_equal(rf_measure_total(&sum), 6);
}

static void the_latest_attempts_decide_and_not_those_before_them(void **state) {
    (void)state;
    struct health_passive passive = {0};
    heard(&passive, 2, 0, 1000);
    heard(&passive, 7, 9, 0); // too few of late: with those before
    assert_int_equal(passive.status, HEALTH_DOWN);
    assert_true(heard(&passive, 8, 1, 0));
    assert_int_equal(passive.status, HEALTH_UP);
    assert_true(heard(&passive, 13, 2, 8));
    assert_int_equal(passive.status, HEALTH_DOWN);
}

static void what_is_forgotten_does_not_count(void **state) {
    (void)state;
    struct health_passive passive = {0};
    heard(&passive, 2, 0, 1000);
    health_passive_forget(&passive);
    assert_false(heard(&passive, 3, 0, 9));
    assert_int_equal(passive.status, HEALTH_UNKNOWN);
}

static void a_good_status_is_worth_what_the_window_holds(void **state) {
    (void)state;
    struct health_passive passive = {0};
    heard(&passive, 2, 10, 0);
    assert_int_equal(passive.status, HEALTH_UP);
    assert_false(health_passive_look(&passive, &rules, at_s(59)));
    assert_true(health_passive_look(&passive, &rules, at_s(61)));
    assert_int_equal(passive.status, HEALTH_UNKNOWN);
}

static void a_bad_status_is_kept_for_ten_windows_of_silence(void **state) {
    (void)state;
    struct health_passive passive = {0};
    heard(&passive, 2, 0, 10);
    assert_false(health_passive_look(&passive, &rules, at_s(601)));
    assert_int_equal(passive.status, HEALTH_DOWN);
    assert_true(health_passive_look(&passive, &rules, at_s(602)));
    assert_int_equal(passive.status, HEALTH_UNKNOWN);
}

static void few_attempts_end_a_bad_status_only_if_all_succeed(void **state) {
    (void)state;
    struct health_passive passive = {0};
    heard(&passive, 2, 0, 10);
    assert_false(heard(&passive, 70, 0, 1)); // a breaker's test request
    assert_false(heard(&passive, 100, 1, 0));
    assert_int_equal(passive.status, HEALTH_DOWN);
    assert_true(health_passive_look(&passive, &rules, at_s(130))); // only the good one is left
    assert_int_equal(passive.status, HEALTH_UNKNOWN);
}

static void a_restored_bad_status_is_kept_as_one_that_was_heard_now(void **state) {
    (void)state;
    struct health_passive passive = {0}, good = {0};
    health_passive_restore(&passive, HEALTH_DEGRADED, at_s(1000));
    assert_false(health_passive_look(&passive, &rules, at_s(1599)));
    assert_int_equal(passive.status, HEALTH_DEGRADED);
    assert_true(health_passive_look(&passive, &rules, at_s(1600)));
    health_passive_restore(&good, HEALTH_UP, at_s(1000));
    assert_int_equal(good.status, HEALTH_UNKNOWN);
}

static void another_window_begins_anew(void **state) {
    (void)state;
    struct health_passive passive = {0};
    struct health_passive_rules other = rules;
    struct rf_measure one = {0}, sum;
    heard(&passive, 2, 10, 0);
    other.window = rf_seconds(120);
    rf_measure_attempt(&one, RF_CLASS_OK, rf_ms(1));
    health_passive_heard(&passive, &one, &other, at_s(3));
    health_passive_latest(&passive, INT64_MAX, at_s(3), &sum);
    assert_int_equal(rf_measure_total(&sum), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_attempts_say_nothing),
        cmocka_unit_test(the_share_of_those_that_fail_is_the_status),
        cmocka_unit_test(incident_43_what_a_caller_provokes_marks_no_provider_as_down),
        cmocka_unit_test(it_gets_better_only_a_quarter_below_what_made_it_bad),
        cmocka_unit_test(what_is_older_than_the_window_does_not_count),
        cmocka_unit_test(the_latest_attempts_decide_and_not_those_before_them),
        cmocka_unit_test(what_is_forgotten_does_not_count),
        cmocka_unit_test(a_good_status_is_worth_what_the_window_holds),
        cmocka_unit_test(a_bad_status_is_kept_for_ten_windows_of_silence),
        cmocka_unit_test(few_attempts_end_a_bad_status_only_if_all_succeed),
        cmocka_unit_test(a_restored_bad_status_is_kept_as_one_that_was_heard_now),
        cmocka_unit_test(another_window_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
