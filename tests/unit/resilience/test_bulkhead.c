#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/bulkhead.h>

#include "random.h"

static const struct rf_instant NEVER = {INT64_MAX};

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){ns};
}

static struct rf_bulkhead made(int64_t max_in_flight, int64_t max_queue) {
    struct rf_bulkhead_policy policy = {max_in_flight, max_queue};
    struct rf_bulkhead bulkhead;
    rf_bulkhead_init(&bulkhead, &policy);
    return bulkhead;
}

static void places_up_to_the_limit_then_the_queue_then_full(void **state) {
    (void)state;
    struct rf_bulkhead bulkhead = made(2, 2);
    struct rf_bulkhead_waiter waiters[5] = {0};
    const enum rf_bulkhead_verdict expected[] = {RF_BULKHEAD_GRANTED, RF_BULKHEAD_GRANTED,
                                                 RF_BULKHEAD_QUEUED, RF_BULKHEAD_QUEUED,
                                                 RF_BULKHEAD_FULL};
    for (int i = 0; i < 5; i++)
        assert_int_equal(rf_bulkhead_enter(&bulkhead, &waiters[i], NEVER, at(0)), expected[i]);
    assert_int_equal(bulkhead.in_flight, 2);
    assert_int_equal(bulkhead.queued, 2);
    assert_false(waiters[4].queued);
    // One that waits already keeps its turn.
    assert_int_equal(rf_bulkhead_enter(&bulkhead, &waiters[2], NEVER, at(0)), RF_BULKHEAD_QUEUED);
    assert_int_equal(bulkhead.queued, 2);
}

static void who_waits_first_is_served_first_and_nobody_overtakes(void **state) {
    (void)state;
    struct rf_bulkhead bulkhead = made(1, 10);
    struct rf_bulkhead_waiter waiters[3] = {0}, *next;
    assert_int_equal(rf_bulkhead_enter(&bulkhead, NULL, NEVER, at(0)), RF_BULKHEAD_GRANTED);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rf_bulkhead_enter(&bulkhead, &waiters[i], NEVER, at(0)),
                         RF_BULKHEAD_QUEUED);
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(1), &next), RF_BULKHEAD_NONE);
    assert_null(next);
    for (int i = 0; i < 3; i++) {
        rf_bulkhead_leave(&bulkhead, at(1));
        // A place is free, but it is the first waiter's.
        assert_int_equal(rf_bulkhead_enter(&bulkhead, NULL, NEVER, at(1)), RF_BULKHEAD_FULL);
        assert_int_equal(rf_bulkhead_next(&bulkhead, at(1), &next), RF_BULKHEAD_GRANTED);
        assert_ptr_equal(next, &waiters[i]);
        assert_int_equal(rf_bulkhead_next(&bulkhead, at(1), &next), RF_BULKHEAD_NONE);
    }
}

static void a_waiter_whose_deadline_is_over_gets_no_place_to_the_nanosecond(void **state) {
    (void)state;
    struct rf_bulkhead bulkhead = made(1, 10);
    struct rf_bulkhead_waiter early = {0}, late = {0}, *next;
    assert_int_equal(rf_bulkhead_enter(&bulkhead, NULL, at(5), at(5)), RF_BULKHEAD_TOO_LATE);
    assert_int_equal(rf_bulkhead_enter(&bulkhead, NULL, at(5), at(4)), RF_BULKHEAD_GRANTED);
    rf_bulkhead_enter(&bulkhead, &early, at(10), at(5));
    rf_bulkhead_enter(&bulkhead, &late, at(11), at(5));
    rf_bulkhead_leave(&bulkhead, at(1));
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(10), &next), RF_BULKHEAD_TOO_LATE);
    assert_ptr_equal(next, &early);
    assert_int_equal(bulkhead.in_flight, 0);
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(10), &next), RF_BULKHEAD_GRANTED);
    assert_ptr_equal(next, &late);
}

static void a_dead_waiter_at_the_front_is_told_also_while_no_place_is_free(void **state) {
    (void)state;
    struct rf_bulkhead bulkhead = made(1, 1);
    struct rf_bulkhead_waiter dead = {0}, fresh = {0}, *next;
    rf_bulkhead_enter(&bulkhead, NULL, NEVER, at(0));
    rf_bulkhead_enter(&bulkhead, &dead, at(10), at(0));
    assert_int_equal(rf_bulkhead_enter(&bulkhead, &fresh, NEVER, at(20)), RF_BULKHEAD_FULL);
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(20), &next), RF_BULKHEAD_TOO_LATE);
    assert_ptr_equal(next, &dead);
    assert_int_equal(rf_bulkhead_enter(&bulkhead, &fresh, NEVER, at(20)), RF_BULKHEAD_QUEUED);
}

static void removal_works_at_the_front_in_the_middle_at_the_end_and_twice(void **state) {
    (void)state;
    for (int removed = 0; removed < 3; removed++) {
        struct rf_bulkhead bulkhead = made(1, 10);
        struct rf_bulkhead_waiter waiters[3] = {0}, *next;
        rf_bulkhead_enter(&bulkhead, NULL, NEVER, at(0));
        for (int i = 0; i < 3; i++)
            rf_bulkhead_enter(&bulkhead, &waiters[i], NEVER, at(0));
        rf_bulkhead_remove(&bulkhead, &waiters[removed]);
        rf_bulkhead_remove(&bulkhead, &waiters[removed]);
        assert_int_equal(bulkhead.queued, 2);
        // The end of the list is whole, too: one more comes behind the others.
        assert_int_equal(rf_bulkhead_enter(&bulkhead, &waiters[removed], NEVER, at(0)),
                         RF_BULKHEAD_QUEUED);
        const int order[3][3] = {{1, 2, 0}, {0, 2, 1}, {0, 1, 2}};
        for (int i = 0; i < 3; i++) {
            rf_bulkhead_leave(&bulkhead, at(1));
            assert_int_equal(rf_bulkhead_next(&bulkhead, at(0), &next), RF_BULKHEAD_GRANTED);
            assert_ptr_equal(next, &waiters[order[removed][i]]);
        }
    }
}

static void a_lower_limit_lets_those_in_flight_finish_and_a_higher_one_lets_in(void **state) {
    (void)state;
    struct rf_bulkhead bulkhead = made(3, 10);
    struct rf_bulkhead_waiter waiters[3] = {0}, *next;
    for (int i = 0; i < 3; i++)
        rf_bulkhead_enter(&bulkhead, NULL, NEVER, at(0));
    for (int i = 0; i < 3; i++)
        rf_bulkhead_enter(&bulkhead, &waiters[i], NEVER, at(0));
    rf_bulkhead_change(&bulkhead, &(struct rf_bulkhead_policy){1, 1});
    assert_int_equal(bulkhead.in_flight, 3);
    assert_int_equal(bulkhead.queued, 3);
    rf_bulkhead_leave(&bulkhead, at(1));
    rf_bulkhead_leave(&bulkhead, at(1));
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(0), &next), RF_BULKHEAD_NONE);
    rf_bulkhead_leave(&bulkhead, at(1));
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(0), &next), RF_BULKHEAD_GRANTED);
    rf_bulkhead_change(&bulkhead, &(struct rf_bulkhead_policy){3, 1});
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(0), &next), RF_BULKHEAD_GRANTED);
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(0), &next), RF_BULKHEAD_GRANTED);
    assert_int_equal(rf_bulkhead_next(&bulkhead, at(0), &next), RF_BULKHEAD_NONE);
}

static void without_a_limit_nobody_waits_and_without_a_queue_nobody_may(void **state) {
    (void)state;
    struct rf_bulkhead bulkhead = made(-1, -1);
    struct rf_bulkhead_waiter waiter = {0};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(rf_bulkhead_enter(&bulkhead, &waiter, NEVER, at(0)), RF_BULKHEAD_GRANTED);
    for (int64_t max_queue = -1; max_queue <= 0; max_queue++) {
        bulkhead = made(1, max_queue);
        rf_bulkhead_enter(&bulkhead, &waiter, NEVER, at(0));
        assert_int_equal(rf_bulkhead_enter(&bulkhead, &waiter, NEVER, at(0)), RF_BULKHEAD_FULL);
    }
    rf_bulkhead_leave(&bulkhead, at(1));
    rf_bulkhead_leave(&bulkhead, at(1));
    assert_int_equal(bulkhead.in_flight, 0);
}

static void every_verdict_has_a_name(void **state) {
    (void)state;
    const char *const names[] = {"granted", "queued", "full", "too_late", "none", "unknown"};
    for (int i = 0; i < 6; i++)
        assert_string_equal(rf_bulkhead_verdict_name((enum rf_bulkhead_verdict)i), names[i]);
}

// The model: an array of calls in the order in which they came, moved up when one leaves.
#define CALLS 24

struct model {
    int order[CALLS];
    int64_t deadline[CALLS];
    bool in_line[CALLS], inside[CALLS];
    int line;
    int64_t places, room, inside_count;
};

static void model_out_of_line(struct model *model, int call) {
    int at_call = 0;
    while (model->order[at_call] != call)
        at_call++;
    for (int i = at_call; i + 1 < model->line; i++)
        model->order[i] = model->order[i + 1];
    model->line--;
    model->in_line[call] = false;
}

static bool model_free(const struct model *model) {
    return model->places == 0 || model->inside_count < model->places;
}

static enum rf_bulkhead_verdict model_enter(struct model *model, int call, int64_t deadline,
                                            int64_t now) {
    if (model->in_line[call])
        return RF_BULKHEAD_QUEUED;
    if (now >= deadline)
        return RF_BULKHEAD_TOO_LATE;
    if (model->line == 0 && model_free(model)) {
        model->inside[call] = true;
        model->inside_count++;
        return RF_BULKHEAD_GRANTED;
    }
    if (model->line >= model->room)
        return RF_BULKHEAD_FULL;
    model->order[model->line++] = call;
    model->in_line[call] = true;
    model->deadline[call] = deadline;
    return RF_BULKHEAD_QUEUED;
}

static enum rf_bulkhead_verdict model_next(struct model *model, int64_t now, int *call) {
    *call = -1;
    if (model->line == 0)
        return RF_BULKHEAD_NONE;
    int first = model->order[0];
    if (now >= model->deadline[first]) {
        model_out_of_line(model, first);
        *call = first;
        return RF_BULKHEAD_TOO_LATE;
    }
    if (!model_free(model))
        return RF_BULKHEAD_NONE;
    model_out_of_line(model, first);
    model->inside[first] = true;
    model->inside_count++;
    *call = first;
    return RF_BULKHEAD_GRANTED;
}

static void model_step(struct rf_bulkhead *bulkhead, struct rf_bulkhead_waiter *waiters,
                       struct model *model, struct test_random *random, int64_t now) {
    int call = (int)test_random_below(random, CALLS);
    struct rf_bulkhead_waiter *next;
    int expected;
    switch (test_random_below(random, 8)) {
    case 0:
    case 1:
    case 2:
        if (model->inside[call])
            break;
        int64_t deadline = now + test_random_below(random, 60) - 2;
        assert_int_equal(rf_bulkhead_enter(bulkhead, &waiters[call], at(deadline), at(now)),
                         model_enter(model, call, deadline, now));
        break;
    case 3:
    case 4:
        assert_int_equal(rf_bulkhead_next(bulkhead, at(now), &next),
                         model_next(model, now, &expected));
        assert_ptr_equal(next, expected < 0 ? NULL : &waiters[expected]);
        break;
    case 5:
        if (model->inside[call]) {
            rf_bulkhead_leave(bulkhead, at(now));
            model->inside[call] = false;
            model->inside_count--;
        }
        break;
    case 6:
        rf_bulkhead_remove(bulkhead, &waiters[call]);
        if (model->in_line[call])
            model_out_of_line(model, call);
        break;
    default:
        if (test_random_below(random, 20) != 0)
            break;
        model->places = test_random_below(random, 8);
        model->room = test_random_below(random, 12);
        rf_bulkhead_change(bulkhead, &(struct rf_bulkhead_policy){model->places, model->room});
        break;
    }
}

static void a_million_random_events_agree_with_the_plain_model(void **state) {
    (void)state;
    struct test_random random = {20261124};
    struct rf_bulkhead bulkhead = made(3, 8);
    struct rf_bulkhead_waiter waiters[CALLS] = {0};
    struct model model = {.places = 3, .room = 8};
    int64_t now = 0;
    for (int i = 0; i < 1000000; i++) {
        now += test_random_below(&random, 4);
        model_step(&bulkhead, waiters, &model, &random, now);
        assert_int_equal(bulkhead.in_flight, model.inside_count);
        assert_int_equal(bulkhead.queued, model.line);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_up_to_the_limit_then_the_queue_then_full),
        cmocka_unit_test(who_waits_first_is_served_first_and_nobody_overtakes),
        cmocka_unit_test(a_waiter_whose_deadline_is_over_gets_no_place_to_the_nanosecond),
        cmocka_unit_test(a_dead_waiter_at_the_front_is_told_also_while_no_place_is_free),
        cmocka_unit_test(removal_works_at_the_front_in_the_middle_at_the_end_and_twice),
        cmocka_unit_test(a_lower_limit_lets_those_in_flight_finish_and_a_higher_one_lets_in),
        cmocka_unit_test(without_a_limit_nobody_waits_and_without_a_queue_nobody_may),
        cmocka_unit_test(every_verdict_has_a_name),
        cmocka_unit_test(a_million_random_events_agree_with_the_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
