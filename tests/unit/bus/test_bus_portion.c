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
    rf_portion_came(&portion, portion.bytes, rf_ms(200));
    rf_portion_came(&portion, portion.bytes, rf_ms(400)); // the time follows the size
    assert_int_equal(portion.bytes, 2 * RF_PORTION_FIRST + RF_PORTION_LEAST);
    rf_portion_came(&portion, portion.bytes, rf_ms(700));
    assert_int_equal(portion.bytes, 2 * RF_PORTION_FIRST + RF_PORTION_LEAST);
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

// Ten answers of the same size tell nothing; with the first of another one it is known.
static void what_no_portion_makes_quicker_does_not_hold_it_small(void **state) {
    (void)state;
    static const int64_t disks[] = {260, 400, 600, 999, 1001, 1500, 4000}; // ms for each answer
    for (size_t i = 0; i < sizeof disks / sizeof *disks; i++) {
        struct rf_portion portion = fresh();
        for (int turn = 0; turn < 40; turn++)
            rf_portion_came(&portion, portion.bytes, rf_ms(disks[i]));
        assert_int_equal(portion.bytes, MOST);
        // Looked for anew now and then, it is a half for one answer.
        for (int turn = 0; turn < 500; turn++) {
            rf_portion_came(&portion, portion.bytes, rf_ms(disks[i]));
            assert_in_range(portion.bytes, MOST / 2, MOST);
        }
    }
}

// A disk that is slow, and then a line that is: it is small again after a few answers.
static void a_line_that_becomes_slow_is_known_for_one_whatever_was_before(void **state) {
    (void)state;
    struct rf_portion portion = fresh();
    for (int turn = 0; turn < 40; turn++)
        rf_portion_came(&portion, portion.bytes, rf_ms(600));
    for (int turn = 0; turn < 12; turn++)
        rf_portion_came(&portion, portion.bytes, rf_ms((int64_t)(portion.bytes / 8) + 600));
    assert_in_range(portion.bytes, RF_PORTION_LEAST, 2 * RF_PORTION_LEAST);
}

// After a loss nothing is known, and nothing is below the least.
static void from_the_least_it_is_looked_for_above(void **state) {
    (void)state;
    struct rf_portion portion = fresh();
    rf_portion_missed(&portion);
    assert_int_equal(portion.bytes, RF_PORTION_LEAST);
    for (int turn = 0; turn < 20; turn++)
        rf_portion_came(&portion, portion.bytes, rf_ms(600));
    assert_int_equal(portion.bytes, MOST);
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
        int held = 0; // and but for a look now and then it stays there
        for (int turn = 0; turn < 400; turn++) {
            int64_t ms = (int64_t)(portion.bytes * 1000 / lines[i].bytes_a_second);
            rf_portion_came(&portion, portion.bytes, rf_ms(ms));
            if (turn >= 200)
                assert_in_range(portion.bytes, lines[i].least / 2, lines[i].most);
            held += turn >= 200 && portion.bytes >= lines[i].least;
        }
        assert_in_range(held, 170, 200);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quick_answers_double_it_up_to_the_most),
        cmocka_unit_test(near_the_rate_of_the_line_it_grows_by_steps),
        cmocka_unit_test(what_was_not_half_used_does_not_let_it_grow),
        cmocka_unit_test(a_late_answer_halves_it_and_so_does_none),
        cmocka_unit_test(what_no_portion_makes_quicker_does_not_hold_it_small),
        cmocka_unit_test(a_line_that_becomes_slow_is_known_for_one_whatever_was_before),
        cmocka_unit_test(from_the_least_it_is_looked_for_above),
        cmocka_unit_test(it_settles_at_what_a_line_carries_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
