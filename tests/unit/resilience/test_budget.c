#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/budget.h>

#include "random.h"

static struct rf_instant at_s(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static struct rf_budget made(double ratio, int64_t min_retries) {
    struct rf_budget_policy policy = {ratio, min_retries, {10 * RF_NS_PER_S}};
    struct rf_budget budget;
    rf_budget_init(&budget, &policy, at_s(0));
    return budget;
}

static int64_t taken(struct rf_budget *budget, struct rf_instant now) {
    int64_t count = 0;
    while (rf_budget_take(budget, now))
        count++;
    return count;
}

static void retries_are_a_share_of_the_calls(void **state) {
    (void)state;
    const struct {
        double ratio;
        int64_t calls, expected;
    } rows[] = {{0.2, 4, 0},   {0.2, 5, 1},    {0.2, 100, 20},   {0.29, 100, 29},
                {0.1, 30, 3},  {0.0, 1000, 0}, {1.0, 7, 7},      {10.0, 3, 30},
                {99.0, 3, 30}, {-1.0, 50, 0},  {0.000001, 1, 0}, {0.5, 1, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_budget budget = made(rows[i].ratio, 0);
        for (int64_t call = 0; call < rows[i].calls; call++)
            rf_budget_call(&budget, at_s(1));
        assert_int_equal(rf_budget_left(&budget, at_s(1)), rows[i].expected);
        assert_int_equal(taken(&budget, at_s(1)), rows[i].expected);
        assert_int_equal(rf_budget_left(&budget, at_s(1)), 0);
    }
}

static void the_floor_holds_without_any_call_and_is_no_addition_to_the_share(void **state) {
    (void)state;
    struct rf_budget budget = made(0.2, 10);
    assert_int_equal(taken(&budget, at_s(0)), 10);
    budget = made(0.2, 10);
    for (int call = 0; call < 100; call++)
        rf_budget_call(&budget, at_s(0));
    assert_int_equal(taken(&budget, at_s(0)), 20);
    budget = made(0.2, -5);
    assert_int_equal(taken(&budget, at_s(0)), 0);
}

static void incident_30_a_retry_that_waits_counts_however_long_it_waits(void **state) {
    (void)state;
    struct rf_budget budget = made(0, 3);
    assert_int_equal(taken(&budget, at_s(0)), 3);
    // Hours after the window all three still wait: they would come at once with whatever is let in.
    assert_false(rf_budget_take(&budget, at_s(10000)));
    rf_budget_cancel(&budget);
    assert_true(rf_budget_take(&budget, at_s(10000)));
    assert_false(rf_budget_take(&budget, at_s(10000)));
}

static void
incident_30_a_cancelled_retry_gives_its_share_back_and_a_sent_one_does_not(void **state) {
    (void)state;
    struct rf_budget budget = made(0, 2);
    assert_int_equal(taken(&budget, at_s(0)), 2);
    rf_budget_spend(&budget, at_s(5));
    assert_false(rf_budget_take(&budget, at_s(5)));
    rf_budget_cancel(&budget);
    assert_true(rf_budget_take(&budget, at_s(5)));
    rf_budget_cancel(&budget);
    // The sent one leaves the window ten steps after its own.
    assert_int_equal(rf_budget_left(&budget, (struct rf_instant){15 * RF_NS_PER_S - 1}), 1);
    assert_int_equal(rf_budget_left(&budget, at_s(15)), 2);
}

static void nothing_is_given_back_that_was_not_taken(void **state) {
    (void)state;
    struct rf_budget budget = made(0, 2);
    rf_budget_cancel(&budget);
    rf_budget_spend(&budget, at_s(0));
    assert_int_equal(taken(&budget, at_s(0)), 2);
    assert_int_equal(budget.waiting, 2);
}

static void a_clock_that_steps_back_changes_nothing(void **state) {
    (void)state;
    struct rf_budget budget = made(1.0, 0);
    rf_budget_call(&budget, at_s(100));
    assert_int_equal(rf_budget_left(&budget, at_s(3)), 1);
    assert_int_equal(rf_budget_left(&budget, (struct rf_instant){INT64_MIN}), 1);
    rf_budget_call(&budget, at_s(50));
    assert_int_equal(rf_budget_left(&budget, at_s(109)), 2);
    assert_int_equal(rf_budget_left(&budget, at_s(110)), 0);
}

static void the_ends_of_time_overflow_nothing(void **state) {
    (void)state;
    struct rf_budget budget;
    struct rf_budget_policy policy = {1.0, 0, {INT64_MAX}};
    rf_budget_init(&budget, &policy, (struct rf_instant){INT64_MIN});
    rf_budget_call(&budget, (struct rf_instant){INT64_MAX});
    assert_true(rf_budget_take(&budget, (struct rf_instant){INT64_MAX}));
    policy = (struct rf_budget_policy){1.0, INT64_MAX, {0}};
    rf_budget_init(&budget, &policy, (struct rf_instant){INT64_MIN});
    rf_budget_call(&budget, (struct rf_instant){INT64_MAX});
    assert_true(rf_budget_take(&budget, (struct rf_instant){INT64_MAX}));
    assert_int_equal(budget.policy.window.ns, RF_BUDGET_STEPS);
    // More calls than can be counted are as good as the most that can.
    budget.calls = budget.steps[budget.current].calls = INT64_MAX / 20000000;
    rf_budget_call(&budget, (struct rf_instant){INT64_MAX});
    assert_int_equal(budget.calls, INT64_MAX / 20000000);
}

static void another_policy_keeps_what_waits_and_what_was_begun(void **state) {
    (void)state;
    struct rf_budget budget = made(1.0, 0);
    for (int call = 0; call < 10; call++)
        rf_budget_call(&budget, at_s(1));
    assert_true(rf_budget_take(&budget, at_s(1)));
    assert_true(rf_budget_take(&budget, at_s(1)));
    rf_budget_spend(&budget, at_s(1));
    struct rf_budget_policy policy = {0.5, 0, {100 * RF_NS_PER_S}};
    rf_budget_change(&budget, &policy, at_s(2));
    assert_int_equal(rf_budget_left(&budget, at_s(2)), 3);
    assert_int_equal(rf_budget_left(&budget, at_s(101)), 3);
    assert_int_equal(rf_budget_left(&budget, at_s(102)), 0);
    assert_int_equal(budget.waiting, 1);
    assert_int_equal(budget.retries, 0);
}

// The model: every call and retry with the time at which it was begun, all looked at each time.
#define KEPT 4096

struct model {
    int64_t window, step, zero;
    int64_t millionths, floor;
    int64_t calls[KEPT], sent[KEPT];
    int64_t call_count, sent_count, waits, clock;
};

static int64_t recent(const struct model *model, const int64_t *times, int64_t count) {
    int64_t found = 0, present = (model->clock - model->zero) / model->step;
    for (int64_t i = count > KEPT ? count - KEPT : 0; i < count; i++)
        if (present - (times[i % KEPT] - model->zero) / model->step <= 9)
            found++;
    return found;
}

static int64_t model_left(const struct model *model) {
    int64_t share = recent(model, model->calls, model->call_count) * model->millionths / 1000000;
    int64_t most = share;
    if (most < model->floor)
        most = model->floor;
    int64_t left = most - recent(model, model->sent, model->sent_count) - model->waits;
    return left < 0 ? 0 : left;
}

static void model_run(uint64_t seed, int64_t events) {
    struct test_random random = {seed};
    int64_t window = 10 * (1 + test_random_below(&random, 1000));
    struct model model = {.window = window, .step = window / 10, .zero = 1000, .clock = 1000};
    model.millionths = test_random_below(&random, 10) * 100000;
    model.floor = test_random_below(&random, 6);
    struct rf_budget_policy policy = {(double)model.millionths / 1e6, model.floor, {window}};
    struct rf_budget budget;
    rf_budget_init(&budget, &policy, (struct rf_instant){model.zero});
    for (int64_t i = 0; i < events; i++) {
        int64_t pace = test_random_below(&random, 200) == 0 ? 2 * window : window / 20 + 1;
        model.clock += test_random_below(&random, pace);
        struct rf_instant now = {model.clock};
        switch (test_random_below(&random, 5)) {
        case 0:
        case 1:
            rf_budget_call(&budget, now);
            model.calls[model.call_count++ % KEPT] = model.clock;
            break;
        case 2: {
            bool may = model_left(&model) > 0;
            assert_true(rf_budget_take(&budget, now) == may);
            model.waits += may;
            break;
        }
        case 3:
            rf_budget_spend(&budget, now);
            if (model.waits > 0) {
                model.waits--;
                model.sent[model.sent_count++ % KEPT] = model.clock;
            }
            break;
        default:
            rf_budget_cancel(&budget);
            model.waits -= model.waits > 0;
            break;
        }
        if (i % 4 == 0)
            assert_int_equal(rf_budget_left(&budget, now), model_left(&model));
        assert_int_equal(budget.waiting, model.waits);
        // What is far behind is forgotten, so that the model stays quick.
        if (model.call_count > 300 || model.sent_count > 300) {
            model.clock += 3 * window;
            model.call_count = model.sent_count = 0;
        }
    }
}

static void a_million_random_events_agree_with_the_plain_model(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++)
        model_run(seed, 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_are_a_share_of_the_calls),
        cmocka_unit_test(the_floor_holds_without_any_call_and_is_no_addition_to_the_share),
        cmocka_unit_test(incident_30_a_retry_that_waits_counts_however_long_it_waits),
        cmocka_unit_test(
            incident_30_a_cancelled_retry_gives_its_share_back_and_a_sent_one_does_not),
        cmocka_unit_test(nothing_is_given_back_that_was_not_taken),
        cmocka_unit_test(a_clock_that_steps_back_changes_nothing),
        cmocka_unit_test(the_ends_of_time_overflow_nothing),
        cmocka_unit_test(another_policy_keeps_what_waits_and_what_was_begun),
        cmocka_unit_test(a_million_random_events_agree_with_the_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
