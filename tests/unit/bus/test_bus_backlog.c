#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bus/backlog.h"

static int freed;

static void count_free(void *item) {
    freed += *(int *)item;
}

static int ones[64];

static struct rf_backlog filled(uint64_t first, size_t limit, size_t count) {
    struct rf_backlog backlog;
    freed = 0;
    rf_backlog_init(&backlog, first, limit, count_free);
    for (size_t i = 0; i < count; i++) {
        ones[i] = 1;
        assert_int_equal(rf_backlog_put(&backlog, &ones[i]), RF_OK);
    }
    return backlog;
}

static void things_are_numbered_from_the_first(void **state) {
    (void)state;
    struct rf_backlog backlog = filled(7, 10, 3);
    assert_int_equal(rf_backlog_next(&backlog), 10);
    assert_ptr_equal(rf_backlog_at(&backlog, 7), &ones[0]);
    assert_ptr_equal(rf_backlog_at(&backlog, 9), &ones[2]);
    assert_null(rf_backlog_at(&backlog, 6));
    assert_null(rf_backlog_at(&backlog, 10));
    rf_backlog_fini(&backlog);
    assert_int_equal(freed, 3);
}

static void the_limit_refuses_and_takes_nothing(void **state) {
    (void)state;
    struct rf_backlog backlog = filled(1, 20, 20);
    assert_int_equal(rf_backlog_put(&backlog, &ones[0]), RF_ERR_FULL);
    assert_true(rf_backlog_ack(&backlog, 1));
    assert_int_equal(rf_backlog_put(&backlog, &ones[0]), RF_OK);
    assert_ptr_equal(rf_backlog_at(&backlog, 21), &ones[0]);
    rf_backlog_fini(&backlog);
}

static void what_is_acknowledged_is_freed_once(void **state) {
    (void)state;
    struct rf_backlog backlog = filled(1, 10, 5);
    rf_backlog_sent(&backlog, 4);
    assert_true(rf_backlog_ack(&backlog, 3));
    assert_int_equal(freed, 3);
    assert_int_equal(rf_backlog_unsent(&backlog), 1);
    assert_false(rf_backlog_ack(&backlog, 3));
    assert_false(rf_backlog_ack(&backlog, 1));
    assert_int_equal(freed, 3);
    rf_backlog_fini(&backlog);
}

static void an_acknowledgement_beyond_what_is_kept_moves_the_numbers_on(void **state) {
    (void)state;
    struct rf_backlog backlog = filled(1, 10, 2);
    assert_true(rf_backlog_ack(&backlog, 8));
    assert_int_equal(rf_backlog_next(&backlog), 9);
    assert_int_equal(freed, 2);
    rf_backlog_fini(&backlog);
}

static void after_a_rewind_all_from_there_on_is_unsent(void **state) {
    (void)state;
    struct rf_backlog backlog = filled(11, 10, 6);
    rf_backlog_sent(&backlog, 5);
    rf_backlog_rewind(&backlog, 14);
    assert_int_equal(rf_backlog_unsent(&backlog), 3);
    rf_backlog_rewind(&backlog, 16); // forwards does not count as sent
    assert_int_equal(rf_backlog_unsent(&backlog), 3);
    rf_backlog_rewind(&backlog, 2);
    assert_int_equal(rf_backlog_unsent(&backlog), 6);
    rf_backlog_fini(&backlog);
}

// The ring grows while its head is somewhere in the middle.
static void order_survives_growth(void **state) {
    (void)state;
    struct rf_backlog backlog = filled(1, 64, 16);
    rf_backlog_ack(&backlog, 10);
    for (size_t i = 16; i < 50; i++) {
        ones[i] = 1;
        assert_int_equal(rf_backlog_put(&backlog, &ones[i]), RF_OK);
    }
    for (uint64_t number = 11; number <= 50; number++)
        assert_ptr_equal(rf_backlog_at(&backlog, number), &ones[number - 1]);
    rf_backlog_fini(&backlog);
    assert_int_equal(freed, 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(things_are_numbered_from_the_first),
        cmocka_unit_test(the_limit_refuses_and_takes_nothing),
        cmocka_unit_test(what_is_acknowledged_is_freed_once),
        cmocka_unit_test(an_acknowledgement_beyond_what_is_kept_moves_the_numbers_on),
        cmocka_unit_test(after_a_rewind_all_from_there_on_is_unsent),
        cmocka_unit_test(order_survives_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
