#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../resilience/random.h"
#include "measure/measure.h"

static void what_a_caller_can_provoke_does_not_speak_against_the_provider(void **state) {
    (void)state;
    struct rf_measure measure = {0};
    for (int c = 0; c < RF_CLASS_COUNT; c++)
        rf_measure_attempt(&measure, (enum rf_class)c, rf_ms(10));
    assert_int_equal(rf_measure_total(&measure), RF_CLASS_COUNT - 1); // but `local`
    assert_int_equal(measure.took.count, RF_CLASS_COUNT - 1);
    assert_int_equal(rf_measure_failed(&measure), 2); // transient, ambiguous
}

static struct rf_measure drawn(struct test_random *random) {
    struct rf_measure measure = {0};
    for (int64_t i = test_random_below(random, 200); i > 0; i--)
        rf_measure_attempt(&measure, (enum rf_class)test_random_below(random, RF_CLASS_COUNT),
                           rf_ns(test_random_below(random, INT64_C(1) << 44)));
    return measure;
}

static void what_is_told_is_read_as_it_was(void **state) {
    (void)state;
    struct test_random random = {43};
    for (int round = 0; round < 500; round++) {
        struct rf_measure measure = drawn(&random), read;
        struct rf_error error;
        json_t *json = rf_measure_json(&measure);
        assert_non_null(json);
        assert_int_equal(rf_measure_read(json, &read, &error), RF_OK);
        assert_memory_equal(&read, &measure, sizeof read);
        json_decref(json);
    }
}

static void measures_add_up(void **state) {
    (void)state;
    struct test_random random = {44};
    for (int round = 0; round < 100; round++) {
        struct rf_measure a = drawn(&random), b = drawn(&random), sum = a;
        rf_measure_merge(&sum, &b);
        assert_int_equal(rf_measure_total(&sum), rf_measure_total(&a) + rf_measure_total(&b));
        assert_int_equal(rf_measure_failed(&sum), rf_measure_failed(&a) + rf_measure_failed(&b));
        assert_int_equal(sum.took.count, rf_measure_total(&sum));
    }
}

static void another_form_is_refused_and_leaves_nothing(void **state) {
    (void)state;
    static const char *const forms[] = {
        "{}",
        "[]",
        "{\"classes\": {\"ok\": 1}}",
        "{\"took\": []}",
        "{\"classes\": [], \"took\": []}",
        "{\"classes\": {\"ok\": -1}, \"took\": []}",
        "{\"classes\": {\"ok\": 1.5}, \"took\": []}",
        "{\"classes\": {\"ok\": 9223372036854775807}, \"took\": []}",
        "{\"classes\": {\"ok\": 1}, \"took\": [1]}",
        "{\"classes\": {\"ok\": 1}, \"took\": [-1, 1]}",
        "{\"classes\": {\"ok\": 1}, \"took\": [832, 1]}",
        "{\"classes\": {\"ok\": 1}, \"took\": [1, -1]}",
        "{\"classes\": {\"ok\": 1}, \"took\": [1, 4294967295, 1, 1]}",
        "{\"classes\": {\"ok\": 1}, \"took\": [\"1\", 1]}",
        "{\"classes\": {\"ok\": 1}, \"took\": {}}",
    };
    static const struct rf_measure none;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        json_t *json = json_loads(forms[i], 0, NULL);
        struct rf_measure read;
        struct rf_error error;
        assert_non_null(json);
        assert_int_equal(rf_measure_read(json, &read, &error), RF_ERR_INVALID);
        assert_memory_equal(&read, &none, sizeof read);
        json_decref(json);
    }
}

static void a_class_of_a_newer_version_is_left_out(void **state) {
    (void)state;
    json_t *json =
        json_loads("{\"classes\": {\"ok\": 2, \"novel\": 3}, \"took\": [5, 2]}", 0, NULL);
    struct rf_measure read;
    struct rf_error error;
    assert_int_equal(rf_measure_read(json, &read, &error), RF_OK);
    assert_int_equal(rf_measure_total(&read), 2);
    json_decref(json);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_caller_can_provoke_does_not_speak_against_the_provider),
        cmocka_unit_test(what_is_told_is_read_as_it_was),
        cmocka_unit_test(measures_add_up),
        cmocka_unit_test(another_form_is_refused_and_leaves_nothing),
        cmocka_unit_test(a_class_of_a_newer_version_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
