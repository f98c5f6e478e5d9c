#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bus/portion.h"

#define MOST ((size_t)1024 * 1024)

static struct rf_portion fresh(void) {
    struct rf_portion portion;
    rf_portion_init(&portion, MOST);
    return portion;
}

static void quick_answers_double_it_up_to_the_most(void **state) {
    (void)state;
    struct rf_portion portion = fresh();
    assert_int_equal(portion.bytes, RF_PORTION_FIRST);
    rf_portion_came(&portion, portion.bytes, rf_ms(1));
    assert_int_equal(portion.bytes, 2 * RF_PORTION_FIRST);
    for (int i = 0; i < 20; i++)
        rf_portion_came(&portion, portion.bytes, rf_ms(1));
    assert_int_equal(portion.bytes, MOST);
}

static void near_the_rate_of_the_line_it_grows_by_steps(void **state) {
    (void)state;
    struct rf_portion portion = fresh();
    rf_portion_came(&portion, portion.bytes, rf_ms(400));
    assert_int_equal(portion.bytes, RF_PORTION_FIRST + RF_PORTION_LEAST);
    rf_portion_came(&portion, portion.bytes, rf_ms(700));
    assert_int_equal(portion.bytes, RF_PORTION_FIRST + RF_PORTION_LEAST);
}

static void what_was_not_half_used_does_not_let_it_grow(void **state) {
    (void)state;
    struct rf_portion portion = fresh();
    rf_portion_came(&portion, RF_PORTION_FIRST / 2 - 1, rf_ms(1));
    assert_int_equal(portion.bytes, RF_PORTION_FIRST);
}

static void a_late_answer_halves_it_and_so_does_none(void **state) {
    (void)state;
    struct rf_portion portion = fresh();
    rf_portion_came(&portion, 1, rf_ms(1001));
    assert_int_equal(portion.bytes, RF_PORTION_FIRST / 2);
    for (int i = 0; i < 5; i++)
        rf_portion_missed(&portion);
    assert_int_equal(portion.bytes, RF_PORTION_LEAST);
}

// Whatever the rate, an answer to what is asked for in the end takes about a second at most, and a
// quick line is used in full.
static void it_settles_at_what_a_line_carries_in_time(void **state) {
    (void)state;
    static const struct {
        size_t bytes_a_second;
        size_t least, most; // where it ends
    } lines[] = {
        {4000, RF_PORTION_LEAST, 8 * 1024},
        {8000, RF_PORTION_LEAST, 8 * 1024},
        {125000, 60 * 1024, 125 * 1024},
        {12500000, MOST, MOST},
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct rf_portion portion = fresh();
        for (int turn = 0; turn < 200; turn++) {
            int64_t ms = (int64_t)(portion.bytes * 1000 / lines[i].bytes_a_second);
            rf_portion_came(&portion, portion.bytes, rf_ms(ms));
        }
        assert_in_range(portion.bytes, lines[i].least, lines[i].most);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quick_answers_double_it_up_to_the_most),
        cmocka_unit_test(near_the_rate_of_the_line_it_grows_by_steps),
        cmocka_unit_test(what_was_not_half_used_does_not_let_it_grow),
        cmocka_unit_test(a_late_answer_halves_it_and_so_does_none),
        cmocka_unit_test(it_settles_at_what_a_line_carries_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
