#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "turn.h"

// Gives `left` places to campaigns that have `due` contacts each; `got` is what each gets. Returns
// how often the queue was asked.
static int share(struct rf_turn *turns, const int64_t *due, size_t count, int64_t left,
                 int64_t *got) {
    int asked = 0;
    int64_t want;
    struct rf_turn *turn;
    for (size_t i = 0; i < count; i++)
        got[i] = 0;
    while ((turn = rf_turn_next(turns, count, left, &want)) != NULL) {
        size_t i = (size_t)(turn - turns);
        assert_in_range(want, 1, left);
        int64_t rest = due[i] - got[i];
        int64_t taken = want < rest ? want : rest;
        got[i] += taken;
        left -= taken;
        rf_turn_took(turn, want, taken);
        if (++asked > 1000)
            fail_msg("no end");
    }
    return asked;
}

static void one_campaign_takes_all_places_at_once(void **state) {
    (void)state;
    struct rf_turn turns[] = {{.campaign = 1}};
    int64_t got[1];
    assert_int_equal(share(turns, (const int64_t[]){100}, 1, 8, got), 1);
    assert_int_equal(got[0], 8);
}

static void higher_priorities_go_first_and_leave_the_rest(void **state) {
    (void)state;
    struct rf_turn turns[] = {{.campaign = 1, .priority = 0},
                              {.campaign = 2, .priority = 5},
                              {.campaign = 3, .priority = -1}};
    int64_t got[3];
    (void)share(turns, (const int64_t[]){100, 3, 100}, 3, 8, got);
    assert_int_equal(got[0], 5);
    assert_int_equal(got[1], 3);
    assert_int_equal(got[2], 0);
}

static void equal_ones_share_fairly_and_level_out(void **state) {
    (void)state;
    int64_t got[3];
    struct rf_turn even[] = {{.campaign = 1}, {.campaign = 2}, {.campaign = 3}};
    (void)share(even, (const int64_t[]){100, 100, 100}, 3, 9, got);
    for (int i = 0; i < 3; i++)
        assert_int_equal(got[i], 3);
    // One was alone until now and has all places but these.
    struct rf_turn late[] = {{.campaign = 1, .running = 6}, {.campaign = 2}};
    (void)share(late, (const int64_t[]){100, 100}, 2, 2, got);
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], 2);
    struct rf_turn levels[] = {{.campaign = 1, .running = 2}, {.campaign = 2}};
    (void)share(levels, (const int64_t[]){100, 100}, 2, 6, got);
    assert_int_equal(got[0], 2);
    assert_int_equal(got[1], 4);
}

static void what_one_does_not_need_the_others_get(void **state) {
    (void)state;
    struct rf_turn turns[] = {{.campaign = 1}, {.campaign = 2}, {.campaign = 3}};
    int64_t got[3];
    (void)share(turns, (const int64_t[]){1, 100, 0}, 3, 9, got);
    assert_int_equal(got[0], 1);
    assert_int_equal(got[1], 8);
    assert_int_equal(got[2], 0);
}

static void a_limit_of_its_own_holds_whatever_is_free(void **state) {
    (void)state;
    struct rf_turn turns[] = {{.campaign = 1, .priority = 9, .running = 1, .limit = 3},
                              {.campaign = 2, .limit = 4},
                              {.campaign = 3, .priority = 10, .running = 5, .limit = 4}};
    int64_t got[3];
    (void)share(turns, (const int64_t[]){100, 100, 100}, 3, 20, got);
    assert_int_equal(got[0], 2);
    assert_int_equal(got[1], 4);
    assert_int_equal(got[2], 0);
    assert_true(rf_turn_full(&turns[0]) && rf_turn_full(&turns[2]));
}

static void without_places_or_campaigns_it_is_nobodys_turn(void **state) {
    (void)state;
    struct rf_turn turn = {.campaign = 1};
    int64_t want;
    assert_null(rf_turn_next(&turn, 1, 0, &want));
    assert_null(rf_turn_next(&turn, 1, -3, &want));
    assert_null(rf_turn_next(&turn, 0, 5, &want));
}

// All small cases: no place is left while somebody could use it, none is given that is not there,
// nobody lower gets what somebody higher could use, and equal ones that want more are level.
static void in_all_small_cases_places_go_where_they_should(void **state) {
    (void)state;
    for (int c = 0; c < 5 * 5 * 5 * 4 * 4 * 4 * 4 * 6; c++) {
        int rest = c;
        struct rf_turn turns[3];
        int64_t due[3], got[3], before[3];
        for (int i = 0; i < 3; i++) {
            due[i] = rest % 5;
            rest /= 5;
            turns[i] = (struct rf_turn){.campaign = i, .running = rest % 4, .priority = i == 2};
            before[i] = turns[i].running;
            rest /= 4;
        }
        turns[0].limit = rest % 4;
        int64_t left = rest / 4 % 6;
        (void)share(turns, due, 3, left, got);
        int64_t given = got[0] + got[1] + got[2];
        assert_true(given <= left);
        for (int i = 0; i < 3; i++) {
            bool could = got[i] < due[i] && !rf_turn_full(&turns[i]);
            assert_true(got[i] <= due[i]);
            assert_int_equal(turns[i].running, before[i] + got[i]);
            assert_true(got[i] == 0 || turns[i].limit == 0 || turns[i].running <= turns[i].limit);
            assert_true(given == left || !could);
            if (i == 2 && could)
                assert_int_equal(got[0] + got[1], 0);
        }
        bool both = got[0] < due[0] && !rf_turn_full(&turns[0]) && got[1] < due[1];
        int64_t gap = turns[0].running - turns[1].running;
        if (both && got[0] > 0 && got[1] > 0)
            assert_in_range(gap + 1, 0, 2);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_campaign_takes_all_places_at_once),
        cmocka_unit_test(higher_priorities_go_first_and_leave_the_rest),
        cmocka_unit_test(equal_ones_share_fairly_and_level_out),
        cmocka_unit_test(what_one_does_not_need_the_others_get),
        cmocka_unit_test(a_limit_of_its_own_holds_whatever_is_free),
        cmocka_unit_test(without_places_or_campaigns_it_is_nobodys_turn),
        cmocka_unit_test(in_all_small_cases_places_go_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
