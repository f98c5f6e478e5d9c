#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "stall.h"

#define LIMIT 600

// A look at campaign 1 at second `at`.
static enum rf_stall_verdict look_at(struct rf_stall *stall, int64_t at, uint64_t signature,
                                     bool may_move, bool told, int64_t *stood_s) {
    const struct rf_stall_look look = {
        .campaign = 1, .signature = signature, .may_move = may_move, .told = told};
    enum rf_stall_verdict verdict;
    struct rf_duration stood;
    struct rf_error error;
    assert_int_equal(rf_stall_look(stall, &look, rf_seconds(LIMIT),
                                   (struct rf_instant){at * RF_NS_PER_S}, &verdict, &stood, &error),
                     RF_OK);
    if (stood_s != NULL)
        *stood_s = stood.ns / RF_NS_PER_S;
    return verdict;
}

static void a_campaign_that_stands_is_told_at_the_limit_and_when_it_moves(void **state) {
    (void)state;
    struct rf_stall stall = {0};
    int64_t stood;
    assert_int_equal(look_at(&stall, 0, 7, true, false, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, LIMIT - 1, 7, true, false, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, LIMIT, 7, true, false, &stood), RF_STALL_STANDS);
    assert_int_equal(stood, LIMIT);
    assert_int_equal(look_at(&stall, LIMIT + 60, 7, true, true, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, LIMIT + 120, 8, true, true, NULL), RF_STALL_MOVES);
    assert_int_equal(look_at(&stall, LIMIT + 180, 8, true, false, NULL), RF_STALL_NOTHING);
    rf_stall_fini(&stall);
}

static void one_that_moves_now_and_then_or_has_nothing_due_does_not_stand(void **state) {
    (void)state;
    struct rf_stall stall = {0};
    for (int64_t i = 0; i < 20; i++)
        assert_int_equal(look_at(&stall, i * (LIMIT - 1), (uint64_t)i, true, false, NULL),
                         RF_STALL_NOTHING);
    for (int64_t i = 20; i < 40; i++)
        assert_int_equal(look_at(&stall, i * LIMIT, 20, false, false, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, 40 * LIMIT - 1, 20, true, false, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, 40 * LIMIT, 20, true, false, NULL), RF_STALL_STANDS);
    assert_int_equal(look_at(&stall, 41 * LIMIT, 20, false, true, NULL), RF_STALL_MOVES);
    rf_stall_fini(&stall);
}

static void what_was_told_before_a_start_stays_until_something_moves(void **state) {
    (void)state;
    struct rf_stall stall = {0};
    assert_int_equal(look_at(&stall, 0, 7, true, true, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, 2 * LIMIT, 7, true, true, NULL), RF_STALL_NOTHING);
    assert_int_equal(look_at(&stall, 2 * LIMIT + 1, 8, true, true, NULL), RF_STALL_MOVES);
    rf_stall_fini(&stall);
}

static void who_is_not_looked_at_in_a_round_is_forgotten(void **state) {
    (void)state;
    struct rf_stall stall = {0};
    assert_int_equal(look_at(&stall, 0, 7, true, false, NULL), RF_STALL_NOTHING);
    rf_stall_round(&stall);
    assert_int_equal(stall.count, 1);
    rf_stall_round(&stall);
    assert_int_equal(stall.count, 0);
    assert_int_equal(look_at(&stall, LIMIT, 7, true, false, NULL), RF_STALL_NOTHING);
    rf_stall_fini(&stall);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaign_that_stands_is_told_at_the_limit_and_when_it_moves),
        cmocka_unit_test(one_that_moves_now_and_then_or_has_nothing_due_does_not_stand),
        cmocka_unit_test(what_was_told_before_a_start_stays_until_something_moves),
        cmocka_unit_test(who_is_not_looked_at_in_a_round_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
