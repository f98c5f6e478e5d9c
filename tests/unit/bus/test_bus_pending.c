#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "bus/pending.h"

static struct rf_instant at(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static struct rf_pending_op *add(struct rf_pending *pending, const char *id, int64_t due) {
    struct rf_pending_op *op = rf_pending_add(pending, id);
    assert_non_null(op);
    rf_pending_end_at(pending, op, at(due));
    return op;
}

static void end(struct rf_pending *pending, struct rf_pending_op *op) {
    rf_pending_take(pending, op);
    rf_pending_op_free(op);
}

static void questions_are_sent_in_order_and_found_by_id(void **state) {
    (void)state;
    struct rf_pending pending;
    assert_int_equal(rf_pending_init(&pending), RF_OK);
    struct rf_pending_op *a = add(&pending, "a", 10), *b = add(&pending, "b", 10);
    assert_ptr_equal(rf_pending_find(&pending, "b"), b);
    assert_null(rf_pending_find(&pending, "c"));
    assert_null(rf_pending_add(&pending, "a"));
    assert_ptr_equal(rf_pending_unsent(&pending), a);
    rf_pending_sent(&pending, a);
    assert_ptr_equal(rf_pending_unsent(&pending), b);
    rf_pending_sent(&pending, b);
    assert_null(rf_pending_unsent(&pending));
    struct rf_pending_op *c = add(&pending, "c", 10);
    assert_ptr_equal(rf_pending_unsent(&pending), c);
    rf_pending_fini(&pending);
}

static void taking_the_next_to_be_sent_moves_on_to_the_one_behind(void **state) {
    (void)state;
    struct rf_pending pending;
    assert_int_equal(rf_pending_init(&pending), RF_OK);
    struct rf_pending_op *a = add(&pending, "a", 10), *b = add(&pending, "b", 10);
    end(&pending, a);
    assert_ptr_equal(rf_pending_unsent(&pending), b);
    end(&pending, b);
    assert_null(rf_pending_unsent(&pending));
    assert_int_equal(pending.count, 0);
    rf_pending_fini(&pending);
}

static void one_that_cannot_be_sent_does_not_stop_the_others(void **state) {
    (void)state;
    struct rf_pending pending;
    assert_int_equal(rf_pending_init(&pending), RF_OK);
    add(&pending, "a", 10)->failure = "invalid";
    struct rf_pending_op *b = add(&pending, "b", 10);
    assert_ptr_equal(rf_pending_unsent(&pending), b);
    rf_pending_sent(&pending, b);
    assert_null(rf_pending_unsent(&pending));
    rf_pending_fini(&pending);
}

static void a_question_expires_at_its_time_and_not_before(void **state) {
    (void)state;
    struct rf_pending pending;
    assert_int_equal(rf_pending_init(&pending), RF_OK);
    assert_int_equal(rf_pending_due(&pending).ns, INT64_MAX);
    add(&pending, "a", 20);
    struct rf_pending_op *b = add(&pending, "b", 10);
    assert_int_equal(rf_pending_due(&pending).ns, at(10).ns);
    struct rf_instant just_before = {at(10).ns - 1};
    assert_null(rf_pending_expired(&pending, just_before));
    assert_ptr_equal(rf_pending_expired(&pending, at(10)), b);
    end(&pending, b);
    assert_null(rf_pending_expired(&pending, at(10)));
    assert_int_equal(rf_pending_due(&pending).ns, at(20).ns);
    rf_pending_fini(&pending);
}

static void of_many_questions_each_ends_in_its_turn(void **state) {
    (void)state;
    struct rf_pending pending;
    char id[16];
    assert_int_equal(rf_pending_init(&pending), RF_OK);
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "q%d", i);
        struct rf_pending_op *op = add(&pending, id, 1 + i * 7 % 1000);
        if (i % 2 == 0)
            rf_pending_end_at(&pending, op, at(2000 + i)); // it was put off
    }
    for (int64_t last = 0, i = 0; i < 1000; i++) {
        struct rf_instant due = rf_pending_due(&pending);
        assert_true(due.ns >= last);
        last = due.ns;
        assert_null(rf_pending_expired(&pending, (struct rf_instant){due.ns - 1}));
        struct rf_pending_op *op = rf_pending_expired(&pending, due);
        assert_int_equal(op->end.due.ns, due.ns);
        end(&pending, op);
    }
    assert_int_equal(rf_pending_due(&pending).ns, INT64_MAX);
    rf_pending_fini(&pending);
}

static void only_what_was_sent_to_the_broker_that_went_is_lost(void **state) {
    (void)state;
    struct rf_pending pending;
    assert_int_equal(rf_pending_init(&pending), RF_OK);
    struct rf_pending_op *sent = add(&pending, "sent", 10);
    rf_pending_sent(&pending, sent);
    struct rf_pending_op *waiting = add(&pending, "waiting", 10);
    assert_null(rf_pending_lost(&pending));
    rf_pending_broke(&pending);
    assert_ptr_equal(rf_pending_lost(&pending), sent);
    end(&pending, sent);
    assert_null(rf_pending_lost(&pending));
    // What goes to the new broker is not lost with the old one.
    rf_pending_sent(&pending, waiting);
    assert_null(rf_pending_lost(&pending));
    rf_pending_fini(&pending);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_are_sent_in_order_and_found_by_id),
        cmocka_unit_test(taking_the_next_to_be_sent_moves_on_to_the_one_behind),
        cmocka_unit_test(one_that_cannot_be_sent_does_not_stop_the_others),
        cmocka_unit_test(a_question_expires_at_its_time_and_not_before),
        cmocka_unit_test(of_many_questions_each_ends_in_its_turn),
        cmocka_unit_test(only_what_was_sent_to_the_broker_that_went_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
