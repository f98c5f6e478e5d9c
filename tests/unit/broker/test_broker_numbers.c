#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "numbers.h"

static void nothing_beyond_the_reservation_is_given(void **state) {
    (void)state;
    struct rf_numbers numbers;
    rf_numbers_init(&numbers, 7, 9);
    assert_int_equal(rf_numbers_take(&numbers), 7);
    assert_int_equal(rf_numbers_take(&numbers), 8);
    assert_int_equal(rf_numbers_take(&numbers), 0);
    rf_numbers_extend(&numbers, 10);
    assert_int_equal(rf_numbers_take(&numbers), 9);
    assert_int_equal(rf_numbers_take(&numbers), 0);
}

static void half_a_block_before_the_end_the_next_is_asked_for_once(void **state) {
    (void)state;
    struct rf_numbers numbers;
    rf_numbers_init(&numbers, 1, 1 + RF_NUMBERS_BLOCK / 2 + 1);
    assert_false(rf_numbers_low(&numbers));
    rf_numbers_take(&numbers);
    assert_true(rf_numbers_low(&numbers));
    assert_false(rf_numbers_low(&numbers));
    rf_numbers_extend(&numbers, numbers.limit + RF_NUMBERS_BLOCK);
    assert_false(rf_numbers_low(&numbers));
}

static void a_failed_reservation_is_asked_for_again_and_takes_nothing_away(void **state) {
    (void)state;
    struct rf_numbers numbers;
    rf_numbers_init(&numbers, 1, 3);
    assert_true(rf_numbers_low(&numbers));
    rf_numbers_extend(&numbers, 2);
    assert_int_equal(numbers.limit, 3);
    assert_true(rf_numbers_low(&numbers));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_beyond_the_reservation_is_given),
        cmocka_unit_test(half_a_block_before_the_end_the_next_is_asked_for_once),
        cmocka_unit_test(a_failed_reservation_is_asked_for_again_and_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
