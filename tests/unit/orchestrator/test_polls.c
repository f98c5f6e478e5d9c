// Questions about calls: a few at a time, in the order in which they came due.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "polls.h"

#define CALLS 10000

static void ten_thousand_calls_that_are_due_at_once_are_asked_about_a_few_at_a_time(void **state) {
    (void)state;
    struct rf_polls polls = {0};
    struct rf_polls_waiter *calls = calloc(CALLS, sizeof *calls);
    size_t asking[RF_POLLS_MOST], count = 0;
    for (size_t i = 0; i < CALLS; i++)
        if (rf_polls_enter(&polls, &calls[i]))
            asking[count++] = i;
    assert_int_equal(count, RF_POLLS_MOST);
    assert_null(rf_polls_next(&polls));
    // Each answer lets the next one ask; nobody is left out or overtaken.
    for (size_t next = RF_POLLS_MOST, done = 0; done < CALLS; done++) {
        rf_polls_leave(&polls, &calls[asking[done % RF_POLLS_MOST]]);
        struct rf_polls_waiter *waiter = rf_polls_next(&polls);
        if (next == CALLS) {
            assert_null(waiter);
            continue;
        }
        assert_ptr_equal(waiter, &calls[next]);
        assert_null(rf_polls_next(&polls));
        asking[done % RF_POLLS_MOST] = next++;
    }
    assert_int_equal(polls.asking, 0);
    free(calls);
}

static void who_leaves_the_line_is_not_asked_about(void **state) {
    (void)state;
    struct rf_polls polls = {0};
    struct rf_polls_waiter calls[RF_POLLS_MOST + 3] = {0};
    for (size_t i = 0; i < RF_POLLS_MOST + 3; i++)
        assert_int_equal(rf_polls_enter(&polls, &calls[i]), i < RF_POLLS_MOST);
    struct rf_polls_waiter *line = &calls[RF_POLLS_MOST];
    assert_false(rf_polls_enter(&polls, &line[1]));  // stands in it already
    assert_false(rf_polls_enter(&polls, &calls[0])); // asks already
    rf_polls_leave(&polls, &line[2]);                // the last one
    rf_polls_leave(&polls, &line[0]);
    rf_polls_leave(&polls, &line[0]); // once more does nothing
    rf_polls_leave(&polls, &calls[0]);
    assert_ptr_equal(rf_polls_next(&polls), &line[1]);
    rf_polls_leave(&polls, &calls[1]);
    assert_null(rf_polls_next(&polls));
    assert_true(rf_polls_enter(&polls, &line[2]));
    assert_int_equal(polls.asking, RF_POLLS_MOST);
}

static void who_comes_does_not_overtake_the_line(void **state) {
    (void)state;
    struct rf_polls polls = {0};
    struct rf_polls_waiter calls[RF_POLLS_MOST + 2] = {0};
    for (size_t i = 0; i < RF_POLLS_MOST + 1; i++)
        (void)rf_polls_enter(&polls, &calls[i]);
    rf_polls_leave(&polls, &calls[0]);
    assert_false(rf_polls_enter(&polls, &calls[RF_POLLS_MOST + 1]));
    assert_ptr_equal(rf_polls_next(&polls), &calls[RF_POLLS_MOST]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_calls_that_are_due_at_once_are_asked_about_a_few_at_a_time),
        cmocka_unit_test(who_leaves_the_line_is_not_asked_about),
        cmocka_unit_test(who_comes_does_not_overtake_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
