#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pace.h"

#define MS RF_NS_PER_MS
#define S  RF_NS_PER_S

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){1000 * S + ns};
}

static double rate; // of each campaign

static void configure(struct rf_pace *pace, double all, double each) {
    rate = each;
    rf_pace_configure(pace, all);
    for (int64_t campaign = 0; campaign < 10; campaign++)
        rf_pace_rate(pace, campaign, each);
}

static void wait_for(struct rf_pace *pace, struct rf_pace_waiter *waiter, int64_t campaign,
                     int64_t priority) {
    *waiter = (struct rf_pace_waiter){.campaign = campaign, .priority = priority, .rate = rate};
    assert_int_equal(rf_pace_wait(pace, waiter), RF_OK);
}

static void without_limits_everybody_goes_at_once_in_order(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[5];
    struct rf_instant due;
    configure(&pace, 0, 0);
    for (int i = 0; i < 5; i++)
        wait_for(&pace, &waiters[i], i, 0);
    for (int i = 0; i < 5; i++)
        assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &waiters[i]);
    assert_null(rf_pace_next(&pace, at(0), &due));
    assert_int_equal(due.ns, INT64_MAX);
    rf_pace_fini(&pace);
}

static void calls_are_an_interval_apart_and_rest_is_not_saved_up(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[4];
    struct rf_instant due;
    configure(&pace, 2, 0);
    for (int i = 0; i < 4; i++)
        wait_for(&pace, &waiters[i], 1, 0);
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &waiters[0]);
    assert_null(rf_pace_next(&pace, at(0), &due));
    // Being late by less than the slack is not passed on.
    assert_int_equal(due.ns, at(490 * MS).ns);
    assert_null(rf_pace_next(&pace, at(489 * MS), &due));
    assert_ptr_equal(rf_pace_next(&pace, at(490 * MS), &due), &waiters[1]);
    assert_null(rf_pace_next(&pace, at(490 * MS), &due));
    assert_int_equal(due.ns, at(990 * MS).ns);
    // After a long rest there is one, not many.
    assert_ptr_equal(rf_pace_next(&pace, at(60 * S), &due), &waiters[2]);
    assert_null(rf_pace_next(&pace, at(60 * S), &due));
    assert_int_equal(due.ns, at(60 * S + 490 * MS).ns);
    rf_pace_fini(&pace);
    assert_null(waiters[3].link);
}

static void a_campaign_that_has_used_its_pace_does_not_hold_up_another(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter first, second, other;
    struct rf_instant due;
    configure(&pace, 100, 1);
    wait_for(&pace, &first, 1, 0);
    wait_for(&pace, &second, 1, 0);
    wait_for(&pace, &other, 2, 0);
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &first);
    assert_ptr_equal(rf_pace_next(&pace, at(20 * MS), &due), &other);
    assert_null(rf_pace_next(&pace, at(20 * MS), &due));
    assert_int_equal(due.ns, at(990 * MS).ns);
    assert_ptr_equal(rf_pace_next(&pace, at(990 * MS), &due), &second);
    rf_pace_fini(&pace);
}

static void higher_priorities_go_first_and_equals_in_the_order_of_their_coming(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[4];
    static const int order[] = {2, 1, 3, 0};
    struct rf_instant due;
    configure(&pace, 1, 0);
    wait_for(&pace, &waiters[0], 1, -1);
    wait_for(&pace, &waiters[1], 2, 3);
    wait_for(&pace, &waiters[2], 3, 7);
    wait_for(&pace, &waiters[3], 4, 3);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(rf_pace_next(&pace, at(i * S), &due), &waiters[order[i]]);
    rf_pace_fini(&pace);
}

static void who_leaves_the_line_takes_nothing(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter first, second, third;
    struct rf_instant due;
    configure(&pace, 1, 1);
    wait_for(&pace, &first, 1, 0);
    wait_for(&pace, &second, 1, 0);
    wait_for(&pace, &third, 2, 0);
    rf_pace_leave(&second);
    rf_pace_leave(&second);
    rf_pace_leave(&first);
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &third);
    assert_null(rf_pace_next(&pace, at(0), &due));
    assert_int_equal(due.ns, INT64_MAX);
    rf_pace_fini(&pace);
}

static void another_pace_holds_from_the_next_call_on(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[3];
    struct rf_instant due;
    configure(&pace, 1, 0);
    for (int i = 0; i < 3; i++)
        wait_for(&pace, &waiters[i], 1, 0);
    assert_non_null(rf_pace_next(&pace, at(0), &due));
    configure(&pace, 0, 0.1);
    assert_non_null(rf_pace_next(&pace, at(0), &due));
    assert_null(rf_pace_next(&pace, at(0), &due));
    assert_int_equal(due.ns, at(10 * S - 10 * MS).ns);
    configure(&pace, 0, 0);
    assert_non_null(rf_pace_next(&pace, at(0), &due));
    rf_pace_fini(&pace);
}

static void who_shares_the_limits_keeps_to_its_part(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[8];
    struct rf_instant due;
    configure(&pace, 8, 3);
    rf_pace_share(&pace, 4);
    for (int i = 0; i < 8; i++)
        wait_for(&pace, &waiters[i], i % 2, 0);
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &waiters[0]);
    assert_null(rf_pace_next(&pace, at(0), &due));
    assert_int_equal(due.ns, at(490 * MS).ns); // two a second of the eight
    assert_ptr_equal(rf_pace_next(&pace, at(490 * MS), &due), &waiters[1]);
    assert_null(rf_pace_next(&pace, at(1000 * MS), &due));
    assert_int_equal(due.ns, at((4 * S) / 3 - 10 * MS).ns); // three quarters of one a second
    // The others are gone, or it was never told.
    rf_pace_share(&pace, 0);
    configure(&pace, 0, 0);
    for (int i = 2; i < 8; i++)
        assert_non_null(rf_pace_next(&pace, at(1000 * MS), &due));
    rf_pace_fini(&pace);
}

static void campaigns_are_kept_while_they_have_somebody_in_line_and_then_forgotten(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[3];
    struct rf_instant due;
    configure(&pace, 1, 10);
    for (int i = 0; i < 3; i++)
        wait_for(&pace, &waiters[i], i, 0);
    // Their own limits are free long before it is their turn.
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(rf_pace_next(&pace, at(i * S), &due), &waiters[i]);
        assert_null(rf_pace_next(&pace, at(i * S), &due));
        assert_null(rf_pace_next(&pace, at(i * S + S / 2), &due));
    }
    assert_int_equal(pace.count, 0);
    for (int i = 0; i < 1000; i++) {
        wait_for(&pace, &waiters[0], i, 0);
        assert_non_null(rf_pace_next(&pace, at((10 + i) * S), &due));
        assert_null(rf_pace_next(&pace, at((10 + i) * S), &due));
        assert_int_equal(pace.count, 1);
    }
    assert_true(pace.room <= 8);
    rf_pace_fini(&pace);
}

static void another_pace_holds_for_every_campaign(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[6];
    struct rf_instant due;
    configure(&pace, 0, 1);
    for (int i = 0; i < 6; i++)
        wait_for(&pace, &waiters[i], i % 3, 0);
    for (int i = 0; i < 3; i++)
        assert_non_null(rf_pace_next(&pace, at(0), &due));
    assert_null(rf_pace_next(&pace, at(0), &due));
    configure(&pace, 0, 0);
    for (int i = 0; i < 3; i++)
        assert_non_null(rf_pace_next(&pace, at(0), &due));
    rf_pace_fini(&pace);
}

// Timers that are late by up to 7 ms, at a pace of 200 a second: the pace is kept to within a
// hundredth, and no second has more calls than it allows and those of the slack.
static void the_pace_is_kept_by_late_timers(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    enum { CALLS = 4000 };
    static struct rf_pace_waiter waiters[CALLS];
    static int64_t calls[CALLS];
    struct rf_instant due = at(0);
    uint32_t late = 1;
    int made = 0;
    configure(&pace, 200, 0);
    for (int i = 0; i < CALLS; i++)
        wait_for(&pace, &waiters[i], 1 + i % 3, 0);
    while (made < CALLS) {
        late = late * 1664525u + 1013904223u;
        struct rf_instant now = {due.ns + late % 7 * MS};
        while (rf_pace_next(&pace, now, &due))
            calls[made++] = now.ns;
    }
    int64_t took = calls[CALLS - 1] - calls[0];
    assert_in_range(took, (CALLS - 1) * 5 * MS * 99 / 100, (CALLS - 1) * 5 * MS * 101 / 100);
    for (int i = 0, j = 0; i < CALLS; i++) {
        while (calls[i] - calls[j] >= S)
            j++;
        assert_true(i - j + 1 <= 200 + 3);
    }
    rf_pace_fini(&pace);
}

static void campaigns_keep_paces_of_their_own(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter slow[2], fast[20];
    struct rf_instant due;
    configure(&pace, 0, 1);
    for (int i = 0; i < 2; i++)
        wait_for(&pace, &slow[i], 1, 0);
    rate = 10;
    for (int i = 0; i < 20; i++)
        wait_for(&pace, &fast[i], 2, 0);
    int64_t calls[3] = {0};
    for (int64_t ms = 0; ms < 1000; ms += 50) {
        struct rf_pace_waiter *next;
        while ((next = rf_pace_next(&pace, at(ms * MS), &due)))
            calls[next->campaign]++;
    }
    assert_int_equal(calls[1], 1);
    assert_int_equal(calls[2], 10);
    // It becomes slower while it stands in line: from the call on that is due.
    rf_pace_rate(&pace, 2, 0.5);
    assert_non_null(rf_pace_next(&pace, at(1000 * MS), &due)); // of the first
    assert_non_null(rf_pace_next(&pace, at(1000 * MS), &due));
    assert_null(rf_pace_next(&pace, at(2900 * MS), &due));
    assert_int_equal(due.ns, at(2990 * MS).ns);
    rf_pace_fini(&pace);
}

static void a_place_that_is_given_back_is_for_the_next_one(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[3];
    struct rf_instant due;
    configure(&pace, 1, 0.1);
    for (int i = 0; i < 3; i++)
        wait_for(&pace, &waiters[i], i / 2, 0);
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &waiters[0]);
    rf_pace_give_back(&pace, &waiters[0]);
    // Of its campaign, and of all.
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &waiters[1]);
    assert_null(rf_pace_next(&pace, at(0), &due));
    rf_pace_give_back(&pace, &waiters[1]);
    // Twice gives no second one.
    assert_ptr_equal(rf_pace_next(&pace, at(1 * MS), &due), &waiters[2]);
    rf_pace_give_back(&pace, &waiters[0]);
    rf_pace_give_back(&pace, &waiters[1]);
    wait_for(&pace, &waiters[0], 2, 0);
    assert_null(rf_pace_next(&pace, at(1 * MS), &due));
    assert_int_equal(due.ns, at(991 * MS).ns);
    rf_pace_fini(&pace);
}

static void a_place_that_comes_back_when_another_was_given_is_not_saved_up(void **state) {
    (void)state;
    struct rf_pace pace = {0};
    struct rf_pace_waiter waiters[3];
    struct rf_instant due;
    configure(&pace, 1, 0);
    for (int i = 0; i < 3; i++)
        wait_for(&pace, &waiters[i], i, 0);
    assert_ptr_equal(rf_pace_next(&pace, at(0), &due), &waiters[0]);
    assert_ptr_equal(rf_pace_next(&pace, at(1 * S), &due), &waiters[1]);
    rf_pace_give_back(&pace, &waiters[0]);
    assert_null(rf_pace_next(&pace, at(1 * S), &due));
    assert_int_equal(due.ns, at(1990 * MS).ns);
    rf_pace_fini(&pace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits_everybody_goes_at_once_in_order),
        cmocka_unit_test(calls_are_an_interval_apart_and_rest_is_not_saved_up),
        cmocka_unit_test(a_campaign_that_has_used_its_pace_does_not_hold_up_another),
        cmocka_unit_test(higher_priorities_go_first_and_equals_in_the_order_of_their_coming),
        cmocka_unit_test(who_leaves_the_line_takes_nothing),
        cmocka_unit_test(another_pace_holds_from_the_next_call_on),
        cmocka_unit_test(who_shares_the_limits_keeps_to_its_part),
        cmocka_unit_test(campaigns_are_kept_while_they_have_somebody_in_line_and_then_forgotten),
        cmocka_unit_test(another_pace_holds_for_every_campaign),
        cmocka_unit_test(the_pace_is_kept_by_late_timers),
        cmocka_unit_test(campaigns_keep_paces_of_their_own),
        cmocka_unit_test(a_place_that_is_given_back_is_for_the_next_one),
        cmocka_unit_test(a_place_that_comes_back_when_another_was_given_is_not_saved_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
