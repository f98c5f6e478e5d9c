#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "strangers.h"

static struct rf_instant at(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static void each_is_new_once_however_often_it_comes(void **state) {
    (void)state;
    struct rf_strangers strangers = {0};
    assert_true(rf_strangers_new(&strangers, "logger-1", at(1)));
    assert_false(rf_strangers_new(&strangers, "logger-1", at(2)));
    assert_false(rf_strangers_new(&strangers, "logger-1", at(90000)));
    assert_true(rf_strangers_new(&strangers, "logger-2", at(2)));
}

static void whoever_makes_up_names_is_told_of_so_often_an_hour(void **state) {
    (void)state;
    struct rf_strangers strangers = {0};
    size_t told = 0;
    char name[32];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "made-up-%d", i);
        told += rf_strangers_new(&strangers, name, at(1));
    }
    assert_int_equal(told, RF_STRANGERS);
    assert_false(rf_strangers_new(&strangers, "logger-1", at(3600)));
    assert_true(rf_strangers_new(&strangers, "logger-1", at(3601)));
    assert_false(rf_strangers_new(&strangers, "logger-1", at(3602)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_new_once_however_often_it_comes),
        cmocka_unit_test(whoever_makes_up_names_is_told_of_so_often_an_hour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
