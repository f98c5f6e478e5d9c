#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/rate_limit.h>

#include "random.h"

static const struct rf_instant START = {1000 * RF_NS_PER_S};

#define FOREVER ((struct rf_duration){INT64_MAX})

static struct rf_instant after(int64_t ns) {
    return (struct rf_instant){START.ns + ns};
}

static struct rf_rate_limit made(double rate, int64_t burst) {
    struct rf_rate_limit_policy policy = {rate, burst, FOREVER};
    struct rf_rate_limit limit;
    rf_rate_limit_init(&limit, &policy, START);
    return limit;
}

static bool take(struct rf_rate_limit *limit, int64_t ns) {
    struct rf_instant when;
    bool may = rf_rate_limit_take(limit, after(ns), &when);
    assert_true(may == (when.ns == after(ns).ns));
    return may;
}

static void a_burst_goes_at_once_and_then_one_each_interval_to_the_nanosecond(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(10, 3);
    for (int i = 0; i < 3; i++)
        assert_true(take(&limit, 0));
    assert_false(take(&limit, 0));
    assert_int_equal(rf_rate_limit_ready(&limit, after(0)).ns, after(100 * RF_NS_PER_MS).ns);
    assert_false(take(&limit, 100 * RF_NS_PER_MS - 1));
    assert_true(take(&limit, 100 * RF_NS_PER_MS));
    assert_false(take(&limit, 100 * RF_NS_PER_MS));
    // After a long rest it is the burst again, and no more.
    for (int i = 0; i < 3; i++)
        assert_true(take(&limit, RF_NS_PER_S * 1000000));
    assert_false(take(&limit, RF_NS_PER_S * 1000000));
}

static void three_a_second_are_three_million_in_a_million_seconds(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(3, 1);
    struct rf_instant when = START;
    for (int i = 0; i <= 3000000; i++)
        assert_true(rf_rate_limit_reserve(&limit, START, (struct rf_instant){INT64_MAX}, &when));
    int64_t late = when.ns - after(1000000 * RF_NS_PER_S).ns;
    assert_true(late >= -1 && late <= 1);
}

static void the_ends_of_time_rate_and_burst_overflow_nothing(void **state) {
    (void)state;
    const double rates[] = {1e-300, 1e-6, 1.0, 1e9, 1e300};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct rf_rate_limit limit;
        struct rf_rate_limit_policy policy = {rates[i], INT64_MAX, FOREVER};
        rf_rate_limit_init(&limit, &policy, (struct rf_instant){INT64_MIN});
        struct rf_instant when;
        assert_true(rf_rate_limit_take(&limit, (struct rf_instant){INT64_MIN}, &when));
        assert_true(rf_rate_limit_take(&limit, (struct rf_instant){INT64_MAX}, &when));
        rf_rate_limit_give_back(&limit);
        policy.burst = INT64_MIN;
        rf_rate_limit_change(&limit, &policy, (struct rf_instant){INT64_MAX});
        assert_int_equal(limit.policy.burst, 1);
    }
    assert_true(made(1e300, 1).policy.rate <= 1e9 && made(1e-300, 1).policy.rate >= 1e-6);
    // Beyond every number of tokens the bucket has a billion.
    assert_int_equal(made(1, INT64_MAX).policy.burst, 1000000000);
}

static void without_a_rate_only_the_provider_holds_back(void **state) {
    (void)state;
    const double none[] = {0.0, -1.0, __builtin_nan("")};
    for (size_t i = 0; i < 3; i++) {
        struct rf_rate_limit limit = made(none[i], 1);
        for (int call = 0; call < 1000; call++)
            assert_true(take(&limit, 0));
        rf_rate_limit_pause(&limit, after(5));
        assert_false(take(&limit, 4));
        assert_true(take(&limit, 5));
    }
}

static void reservations_stand_in_a_row_and_none_begins_after_the_latest(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(1, 1);
    struct rf_instant when;
    for (int64_t i = 0; i < 4; i++) {
        assert_true(rf_rate_limit_reserve(&limit, START, after(3 * RF_NS_PER_S), &when));
        assert_int_equal(when.ns, after(i * RF_NS_PER_S).ns);
    }
    assert_false(rf_rate_limit_reserve(&limit, START, after(4 * RF_NS_PER_S - 1), &when));
    assert_int_equal(when.ns, after(4 * RF_NS_PER_S).ns);
    assert_true(rf_rate_limit_reserve(&limit, START, after(4 * RF_NS_PER_S), &when));
}

static void
a_token_given_back_can_be_taken_again_but_fills_no_bucket_beyond_its_burst(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(1, 2);
    assert_true(take(&limit, 0));
    assert_true(take(&limit, 0));
    rf_rate_limit_give_back(&limit);
    assert_true(take(&limit, 0));
    assert_false(take(&limit, 0));
    rf_rate_limit_give_back(&limit);
    rf_rate_limit_give_back(&limit);
    rf_rate_limit_give_back(&limit);
    assert_true(take(&limit, 10));
    assert_true(take(&limit, 10));
    assert_false(take(&limit, 10));
}

static void incident_31_a_second_pause_only_ever_extends_the_first(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    struct rf_instant until;
    assert_false(rf_rate_limit_paused(&limit, START, &until));
    rf_rate_limit_pause(&limit, after(30));
    rf_rate_limit_pause(&limit, after(10));
    assert_true(rf_rate_limit_paused(&limit, after(29), &until));
    assert_int_equal(until.ns, after(30).ns);
    rf_rate_limit_pause(&limit, after(60));
    assert_false(take(&limit, 59));
    assert_false(rf_rate_limit_paused(&limit, after(60), NULL));
    assert_true(take(&limit, 60));
    rf_rate_limit_pause(&limit, after(1000));
    rf_rate_limit_resume(&limit);
    assert_true(take(&limit, 61));
}

static void incident_31_the_word_of_a_call_that_began_before_clears_nothing(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    rf_rate_limit_pause(&limit, after(100));
    struct rf_rate_limit_told nothing_left = {10, 0, {1000}}, much_left = {10, 10, {1000}};
    rf_rate_limit_follow(&limit, &much_left, after(-50), 0, 0, after(1));
    assert_false(take(&limit, 99)); // plenty is left, and the pause stands
    rf_rate_limit_follow(&limit, &nothing_left, after(20), 0, 0, after(200));
    rf_rate_limit_follow(&limit, &much_left, after(19), 0, 0, after(201));
    assert_false(take(&limit, 299)); // a tenth of the reset
    assert_true(take(&limit, 300));
    rf_rate_limit_follow(&limit, &nothing_left, after(20), 0, 0, after(301));
    assert_false(take(&limit, 302));
    rf_rate_limit_follow(&limit, &much_left, after(20), 0, 0, after(303));
    assert_true(take(&limit, 303));
}

static void calls_in_flight_are_taken_off_what_the_provider_says_remains(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    struct rf_rate_limit_told told = {0, 5, {1000}};
    rf_rate_limit_follow(&limit, &told, START, 3, 0, START);
    assert_true(take(&limit, 1));
    assert_true(take(&limit, 1));
    assert_false(take(&limit, 999));
    rf_rate_limit_give_back(&limit);
    assert_true(take(&limit, 999));
    // The reset is over: nothing is known any more.
    for (int i = 0; i < 100; i++)
        assert_true(take(&limit, 1000));
    rf_rate_limit_follow(&limit, &told, after(2000), 5, 0, after(2000));
    assert_false(take(&limit, 2001));
    // After its end any word is news, also that of an older call.
    rf_rate_limit_follow(&limit, &told, after(1), 5, 0, after(3000));
    assert_false(take(&limit, 3001));
    rf_rate_limit_resume(&limit);
    assert_true(take(&limit, 3001));
}

static void a_limit_of_known_size_comes_back_bit_by_bit(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    struct rf_rate_limit_told told = {60, 0, {60 * RF_NS_PER_S}};
    rf_rate_limit_follow(&limit, &told, START, 0, 0, START);
    for (int64_t s = 1; s < 60; s++) {
        assert_false(take(&limit, s * RF_NS_PER_S - 1));
        assert_true(take(&limit, s * RF_NS_PER_S));
    }
    assert_false(take(&limit, 60 * RF_NS_PER_S - 1));
    assert_true(take(&limit, 60 * RF_NS_PER_S));
    assert_true(take(&limit, 60 * RF_NS_PER_S));
}

static void azures_minus_ones_and_a_reset_of_nothing_say_nothing(void **state) {
    (void)state;
    const struct rf_rate_limit_told rows[] = {
        {-1, -1, {0}}, {-1, 0, {1000}}, {10, -1, {1000}}, {10, 0, {0}}, {10, 0, {-5}}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_rate_limit limit = made(0, 1);
        assert_false(rf_rate_limit_follow(&limit, &rows[i], START, 0, 0, START));
        assert_true(take(&limit, 0));
        assert_false(limit.told);
    }
}

static struct rf_instant reserve(struct rf_rate_limit *limit, int64_t ns) {
    struct rf_instant when;
    assert_true(rf_rate_limit_reserve(limit, after(ns), (struct rf_instant){INT64_MAX}, &when));
    return when;
}

static void those_who_wait_for_what_the_provider_told_are_let_in_one_by_one(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    struct rf_rate_limit_told told = {10, 0, {1000}};
    assert_true(rf_rate_limit_follow(&limit, &told, START, 0, 0, START));
    for (int64_t i = 1; i <= 10; i++)
        assert_int_equal(reserve(&limit, 0).ns, after(i * 100).ns);
    // Those beyond its size go when it is whole.
    assert_int_equal(reserve(&limit, 0).ns, after(1000).ns);
    assert_int_equal(reserve(&limit, 0).ns, after(1000).ns);
    assert_true(take(&limit, 1000));
}

static void of_a_limit_without_a_size_nobody_slips_through_before_the_reset(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    struct rf_rate_limit_told told = {0, 0, {1000}};
    assert_true(rf_rate_limit_follow(&limit, &told, START, 0, 0, START));
    for (int i = 0; i < 3; i++)
        assert_int_equal(reserve(&limit, 0).ns, after(1000).ns);
    rf_rate_limit_give_back(&limit);
    assert_int_equal(reserve(&limit, 999).ns, after(1000).ns);
}

static void who_has_a_token_waits_too_while_nothing_remains(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(0, 1);
    struct rf_rate_limit_told nothing_left = {10, 0, {1000}}, much_left = {10, 5, {1000}};
    struct rf_instant until;
    (void)reserve(&limit, 0);
    (void)reserve(&limit, 0);
    assert_true(rf_rate_limit_follow(&limit, &nothing_left, START, 0, 2, START));
    assert_true(rf_rate_limit_paused(&limit, after(99), &until));
    assert_int_equal(until.ns, after(100).ns);
    assert_false(rf_rate_limit_paused(&limit, after(100), NULL));
    // And whoever comes later comes behind them.
    assert_int_equal(reserve(&limit, 0).ns, after(300).ns);
    assert_true(rf_rate_limit_follow(&limit, &much_left, after(1), 0, 3, after(1)));
    assert_false(rf_rate_limit_paused(&limit, after(1), NULL));
    assert_true(take(&limit, 1));
}

static void a_word_counts_as_long_as_the_policy_says_and_no_longer(void **state) {
    (void)state;
    struct rf_rate_limit_told told = {1000, 0, {8 * 3600 * RF_NS_PER_S}};
    struct rf_rate_limit limit = made(0, 1);
    limit.policy.follow = rf_ns(700);
    assert_true(rf_rate_limit_follow(&limit, &told, START, 0, 0, START));
    assert_false(take(&limit, 699));
    assert_true(rf_rate_limit_paused(&limit, after(699), NULL));
    assert_false(rf_rate_limit_paused(&limit, after(700), NULL));
    assert_true(take(&limit, 700));
    limit.policy.follow = rf_ns(0);
    assert_false(rf_rate_limit_follow(&limit, &told, after(701), 0, 0, after(701)));
    assert_true(take(&limit, 701));
}

static void another_rate_keeps_pause_and_debt(void **state) {
    (void)state;
    struct rf_rate_limit limit = made(1, 1);
    struct rf_instant when;
    for (int i = 0; i < 3; i++)
        rf_rate_limit_reserve(&limit, START, (struct rf_instant){INT64_MAX}, &when);
    rf_rate_limit_pause(&limit, after(1));
    rf_rate_limit_change(&limit, &(struct rf_rate_limit_policy){10, 1, FOREVER}, after(0));
    assert_int_equal(rf_rate_limit_ready(&limit, START).ns, after(3 * RF_NS_PER_S).ns);
    // A bucket that was full long ago is no debt and no credit beyond the burst.
    rf_rate_limit_change(&limit, &(struct rf_rate_limit_policy){1, 2, FOREVER},
                         after(100 * RF_NS_PER_S));
    assert_true(take(&limit, 100 * RF_NS_PER_S));
    assert_true(take(&limit, 100 * RF_NS_PER_S));
    assert_false(take(&limit, 100 * RF_NS_PER_S));
}

// The model: a bucket of tokens counted in nanoseconds of their making, filled as time goes by;
// debt is what is reserved. Its rates divide a second, so that it needs no fractions.
struct model {
    int64_t interval, burst, level, clock, pause;
    int64_t left, left_at, share, whole, word_of, empty;
    bool word;
};

static void model_pass(struct model *model, int64_t now) {
    int64_t most = model->burst * model->interval;
    model->level += now - model->clock;
    if (model->level > most)
        model->level = most;
    model->clock = now;
    if (model->word && now >= model->whole)
        model->word = false;
    while (model->word && model->left_at + model->share <= now) {
        model->left_at += model->share;
        model->left++;
    }
}

static int64_t model_ready(const struct model *model) {
    int64_t ready = model->clock;
    if (model->level < model->interval)
        ready = model->clock + model->interval - model->level;
    if (ready < model->pause)
        ready = model->pause;
    if (model->word && model->left <= 0) {
        int64_t next = model->left_at;
        for (int64_t i = model->left; i <= 0; i++)
            next += model->share;
        if (next > model->whole)
            next = model->whole;
        if (ready < next)
            ready = next;
    }
    return ready;
}

static void model_follow(struct model *model, const struct rf_rate_limit_told *told, int64_t began,
                         int64_t in_flight, int64_t reserved) {
    if (told->remaining < 0 || told->limit < 0 || told->reset.ns <= 0 ||
        (model->word && began < model->word_of))
        return;
    model->word = true;
    model->word_of = began;
    model->whole = model->clock + told->reset.ns;
    model->share = told->reset.ns;
    if (told->limit > told->remaining)
        while (model->share * (told->limit - told->remaining) >=
               told->reset.ns + told->limit - told->remaining)
            model->share--;
    model->left = told->remaining - in_flight;
    if (model->left < 0)
        model->left = 0;
    model->left_at = model->clock;
    model->empty = 0;
    if (model->left == 0)
        model->empty = model->clock + model->share;
    if (model->empty > model->whole)
        model->empty = model->whole;
    model->left -= reserved;
}

static void model_take(struct rf_rate_limit *limit, struct model *model, int64_t now) {
    struct rf_instant when;
    int64_t ready = model_ready(model);
    bool may = rf_rate_limit_take(limit, (struct rf_instant){now}, &when);
    assert_int_equal(when.ns, ready);
    assert_true(may == (ready == now));
    if (may) {
        model->level -= model->interval;
        model->left -= model->word;
    }
}

static void model_reserve(struct rf_rate_limit *limit, struct model *model, int64_t now) {
    struct rf_instant when;
    int64_t ready = model_ready(model);
    assert_true(
        rf_rate_limit_reserve(limit, (struct rf_instant){now}, (struct rf_instant){ready}, &when));
    assert_int_equal(when.ns, ready);
    // Whoever comes later comes behind it, also where a pause makes it wait: what fills until then
    // is not for them.
    int64_t wait = ready - now, most = model->burst * model->interval;
    int64_t level = model->level + wait;
    model->level = (level < most ? level : most) - model->interval - wait;
    model->left -= model->word;
}

static void model_paused(const struct rf_rate_limit *limit, const struct model *model,
                         int64_t now) {
    struct rf_instant until;
    int64_t end = model->pause > model->empty ? model->pause : model->empty;
    bool paused = rf_rate_limit_paused(limit, (struct rf_instant){now}, &until);
    assert_true(paused == (now < end));
    if (paused)
        assert_int_equal(until.ns, end);
}

static void model_step(struct rf_rate_limit *limit, struct model *model, struct test_random *random,
                       int64_t now) {
    switch (test_random_below(random, 9)) {
    case 0:
    case 1:
    case 2:
    case 3:
        model_take(limit, model, now);
        break;
    case 4:
        if (test_random_below(random, 8) != 0)
            break;
        rf_rate_limit_give_back(limit);
        model->level += model->interval;
        model->left += model->word;
        model_pass(model, now);
        break;
    case 5: {
        if (test_random_below(random, 20) != 0)
            break;
        int64_t until = now + test_random_below(random, 5 * model->interval);
        rf_rate_limit_pause(limit, (struct rf_instant){until});
        if (model->pause < until)
            model->pause = until;
        break;
    }
    case 6: {
        struct rf_rate_limit_told told = {test_random_below(random, 12) - 1,
                                          test_random_below(random, 10) - 1,
                                          {test_random_below(random, 300) - 3}};
        int64_t began = now - test_random_below(random, 50),
                in_flight = test_random_below(random, 4), reserved = test_random_below(random, 3);
        rf_rate_limit_follow(limit, &told, (struct rf_instant){began}, in_flight, reserved,
                             (struct rf_instant){now});
        model_follow(model, &told, began, in_flight, reserved);
        break;
    }
    case 7:
        if (test_random_below(random, 8) == 0)
            model_reserve(limit, model, now);
        break;
    default:
        assert_int_equal(rf_rate_limit_ready(limit, (struct rf_instant){now}).ns,
                         model_ready(model));
        model_paused(limit, model, now);
        break;
    }
}

static void a_million_random_events_agree_with_the_plain_model(void **state) {
    (void)state;
    const int64_t intervals[] = {1, 2, 10, 50, 100};
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct test_random random = {seed};
        int64_t interval = intervals[seed % 5], now = 5;
        struct model model = {.interval = interval, .burst = 1 + (int64_t)seed % 4, .clock = now};
        model.level = model.burst * interval;
        struct rf_rate_limit_policy policy = {1e9 / (double)interval, model.burst, FOREVER};
        struct rf_rate_limit limit;
        rf_rate_limit_init(&limit, &policy, (struct rf_instant){now});
        for (int i = 0; i < 10000; i++) {
            now += test_random_below(&random, interval + 2);
            model_pass(&model, now);
            model_step(&limit, &model, &random, now);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_goes_at_once_and_then_one_each_interval_to_the_nanosecond),
        cmocka_unit_test(three_a_second_are_three_million_in_a_million_seconds),
        cmocka_unit_test(the_ends_of_time_rate_and_burst_overflow_nothing),
        cmocka_unit_test(without_a_rate_only_the_provider_holds_back),
        cmocka_unit_test(reservations_stand_in_a_row_and_none_begins_after_the_latest),
        cmocka_unit_test(
            a_token_given_back_can_be_taken_again_but_fills_no_bucket_beyond_its_burst),
        cmocka_unit_test(incident_31_a_second_pause_only_ever_extends_the_first),
        cmocka_unit_test(incident_31_the_word_of_a_call_that_began_before_clears_nothing),
        cmocka_unit_test(calls_in_flight_are_taken_off_what_the_provider_says_remains),
        cmocka_unit_test(a_limit_of_known_size_comes_back_bit_by_bit),
        cmocka_unit_test(azures_minus_ones_and_a_reset_of_nothing_say_nothing),
        cmocka_unit_test(those_who_wait_for_what_the_provider_told_are_let_in_one_by_one),
        cmocka_unit_test(of_a_limit_without_a_size_nobody_slips_through_before_the_reset),
        cmocka_unit_test(who_has_a_token_waits_too_while_nothing_remains),
        cmocka_unit_test(a_word_counts_as_long_as_the_policy_says_and_no_longer),
        cmocka_unit_test(another_rate_keeps_pause_and_debt),
        cmocka_unit_test(a_million_random_events_agree_with_the_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
