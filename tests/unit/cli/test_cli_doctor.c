// The doctor's list of checks, and its judgements.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "doctor_judge.h"
#include "doctor_list.h"

static const struct rf_instant now = {1000000000};

static void a_check_is_told_when_all_before_it_are_known(void **state) {
    (void)state;
    struct doctor_list list = {0};
    struct doctor_check *first = doctor_add(&list, "clock/openai", now);
    struct doctor_check *second = doctor_add(&list, "key/openai", now);
    doctor_settle(&list, second, DOCTOR_OK, now, "accepted", NULL);
    assert_null(doctor_next(&list));
    assert_int_equal(list.pending, 1);
    doctor_settle(&list, first, DOCTOR_WARN, rf_instant_add(now, rf_ms(3)), "off", "set it");
    assert_ptr_equal(doctor_next(&list), first);
    assert_ptr_equal(doctor_next(&list), second);
    assert_null(doctor_next(&list));
    assert_int_equal(first->took.ns, 3 * RF_NS_PER_MS);
    doctor_list_fini(&list);
}

static void a_check_is_settled_once(void **state) {
    (void)state;
    struct doctor_list list = {0};
    struct doctor_check *check = doctor_add(&list, "bus", now);
    doctor_settle(&list, check, DOCTOR_OK, now, "there", NULL);
    doctor_settle(&list, check, DOCTOR_FAIL, now, "not there", "start it");
    assert_int_equal(check->verdict, DOCTOR_OK);
    assert_int_equal(list.pending, 0);
    doctor_settle(&list, NULL, DOCTOR_FAIL, now, "nobody asked", NULL);
    doctor_list_fini(&list);
}

static void only_takes_a_group_or_a_line_of_it(void **state) {
    (void)state;
    static const struct {
        const char *only, *name;
        bool taken;
    } cases[] = {
        {NULL, "key/openai", true},
        {"key", "key/openai", true},
        {"key", "key/openai/2", true},
        {"key/openai", "key/openai", true},
        {"key/openai", "key/openai/2", true},
        {"key/openai", "key/openai-tts", false},
        {"key", "keys", false},
        {"clock", "key/openai", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct doctor_list list = {.only = cases[i].only};
        assert_int_equal(doctor_add(&list, cases[i].name, now) != NULL, cases[i].taken);
        doctor_list_fini(&list);
    }
    assert_true(doctor_only_known("port/console"));
    assert_false(doctor_only_known("ports"));
    assert_false(doctor_only_known(""));
}

static void a_failure_makes_the_report_not_ok(void **state) {
    (void)state;
    struct doctor_list list = {0};
    doctor_settle(&list, doctor_add(&list, "bus", now), DOCTOR_WARN, now, "down", "start it");
    doctor_settle(&list, doctor_add(&list, "disk", now), DOCTOR_SKIPPED, now, "", NULL);
    json_t *json = doctor_json(&list);
    assert_true(json_is_true(json_object_get(json, "ok")));
    json_decref(json);
    doctor_settle(&list, doctor_add(&list, "config", now), DOCTOR_FAIL, now, "line 3", "mend it");
    json = doctor_json(&list);
    assert_false(json_is_true(json_object_get(json, "ok")));
    const json_t *counts = json_object_get(json, "counts");
    assert_int_equal(json_integer_value(json_object_get(counts, "fail")), 1);
    assert_int_equal(json_integer_value(json_object_get(counts, "warn")), 1);
    assert_int_equal(json_integer_value(json_object_get(counts, "skipped")), 1);
    const json_t *check = json_array_get(json_object_get(json, "checks"), 1);
    assert_null(json_object_get(check, "mend"));
    json_decref(json);
    doctor_list_fini(&list);
}

static void there_is_a_bound(void **state) {
    (void)state;
    struct doctor_list list = {0};
    for (int i = 0; i < DOCTOR_MOST; i++)
        assert_non_null(doctor_add(&list, "key", now));
    assert_null(doctor_add(&list, "key", now));
    assert_int_equal(list.pending, DOCTOR_MOST);
    doctor_list_fini(&list);
}

static void versions_are_compared_by_their_numbers(void **state) {
    (void)state;
    static const struct {
        const char *running, *built, *least;
        enum doctor_verdict verdict;
    } cases[] = {
        {"7.88.1", "7.88.1", "7.88.0", DOCTOR_OK},   {"7.100.0", "7.88.1", "7.88.0", DOCTOR_OK},
        {"7.88.0", "7.88.1", "7.88.0", DOCTOR_WARN}, {"7.9.9", "7.88.1", "7.88.0", DOCTOR_FAIL},
        {"8.0.0", "7.88.1", "7.88.0", DOCTOR_FAIL},  {"3.0.19-dev", "3.0.19", "3.0.0", DOCTOR_OK},
        {"", "3.0.0", "3.0.0", DOCTOR_FAIL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(doctor_version(cases[i].running, cases[i].built, cases[i].least),
                         cases[i].verdict);
}

static void a_clock_may_be_off_by_so_much_and_no_more(void **state) {
    (void)state;
    assert_int_equal(doctor_clock(rf_ns(0), rf_seconds(30)), DOCTOR_OK);
    assert_int_equal(doctor_clock(rf_seconds(30), rf_seconds(30)), DOCTOR_OK);
    assert_int_equal(doctor_clock(rf_seconds(31), rf_seconds(30)), DOCTOR_WARN);
    assert_int_equal(doctor_clock(rf_seconds(-30), rf_seconds(30)), DOCTOR_OK);
    assert_int_equal(doctor_clock(rf_seconds(-31), rf_seconds(30)), DOCTOR_WARN);
}

static void a_key_is_judged_by_what_the_rules_say(void **state) {
    (void)state;
    assert_int_equal(doctor_key(200, RF_CLASS_PERMANENT_AUTH), DOCTOR_OK);
    assert_int_equal(doctor_key(401, RF_CLASS_PERMANENT_AUTH), DOCTOR_FAIL);
    assert_int_equal(doctor_key(429, RF_CLASS_PERMANENT_QUOTA), DOCTOR_FAIL);
    assert_int_equal(doctor_key(429, RF_CLASS_RATE_LIMITED), DOCTOR_WARN);
    assert_int_equal(doctor_key(503, RF_CLASS_TRANSIENT), DOCTOR_WARN);
    assert_int_equal(doctor_key(302, RF_CLASS_PERMANENT_CONFIG), DOCTOR_FAIL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_is_told_when_all_before_it_are_known),
        cmocka_unit_test(a_check_is_settled_once),
        cmocka_unit_test(only_takes_a_group_or_a_line_of_it),
        cmocka_unit_test(a_failure_makes_the_report_not_ok),
        cmocka_unit_test(there_is_a_bound),
        cmocka_unit_test(versions_are_compared_by_their_numbers),
        cmocka_unit_test(a_clock_may_be_off_by_so_much_and_no_more),
        cmocka_unit_test(a_key_is_judged_by_what_the_rules_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
