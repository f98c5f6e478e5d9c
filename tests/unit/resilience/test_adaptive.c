#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/adaptive.h>

#include "random.h"

static struct rf_instant at_ms(int64_t ms) {
    return (struct rf_instant){ms * RF_NS_PER_MS};
}

static struct rf_adaptive made(enum rf_adaptive_algorithm algorithm, int64_t initial) {
    struct rf_adaptive_policy policy = RF_ADAPTIVE_POLICY_DEFAULT;
    policy.algorithm = algorithm;
    policy.initial = initial;
    struct rf_adaptive adaptive;
    rf_adaptive_init(&adaptive, &policy);
    return adaptive;
}

static void off_gives_no_limit_and_learns_nothing(void **state) {
    (void)state;
    struct rf_adaptive adaptive = made(RF_ADAPTIVE_OFF, 8);
    assert_false(rf_adaptive_record(&adaptive, RF_CLASS_RATE_LIMITED, at_ms(0), 8, at_ms(1)));
    assert_int_equal(rf_adaptive_limit(&adaptive), 0);
    assert_true(adaptive.limit == 8.0);
}

static void a_round_trip_of_good_replies_gives_one_more_place(void **state) {
    (void)state;
    struct rf_adaptive adaptive = made(RF_ADAPTIVE_AIMD, 8);
    int changes = 0;
    for (int i = 0; i < 9; i++)
        changes += rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(0), 8, at_ms(100));
    assert_int_equal(rf_adaptive_limit(&adaptive), 9);
    assert_int_equal(changes, 1);
}

static void a_limit_that_is_not_in_use_does_not_grow(void **state) {
    (void)state;
    for (int algorithm = RF_ADAPTIVE_AIMD; algorithm <= RF_ADAPTIVE_GRADIENT; algorithm++) {
        struct rf_adaptive adaptive = made((enum rf_adaptive_algorithm)algorithm, 8);
        for (int i = 0; i < 1000; i++)
            rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(0), 3, at_ms(100));
        assert_int_equal(rf_adaptive_limit(&adaptive), 8);
        for (int i = 0; i < 3000; i++)
            rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(0), 64, at_ms(100));
        assert_int_equal(rf_adaptive_limit(&adaptive), 64);
    }
}

static void one_burst_of_refusals_is_one_decrease(void **state) {
    (void)state;
    for (int algorithm = RF_ADAPTIVE_AIMD; algorithm <= RF_ADAPTIVE_GRADIENT; algorithm++) {
        struct rf_adaptive adaptive = made((enum rf_adaptive_algorithm)algorithm, 20);
        assert_true(rf_adaptive_record(&adaptive, RF_CLASS_RATE_LIMITED, at_ms(0), 20, at_ms(10)));
        assert_int_equal(rf_adaptive_limit(&adaptive), 18);
        for (int i = 0; i < 19; i++)
            assert_false(
                rf_adaptive_record(&adaptive, RF_CLASS_RATE_LIMITED, at_ms(9), 20, at_ms(11)));
        // Begun at the new limit, and refused all the same.
        assert_true(rf_adaptive_record(&adaptive, RF_CLASS_TRANSIENT, at_ms(10), 18, at_ms(12)));
        assert_int_equal(rf_adaptive_limit(&adaptive), 16);
    }
}

static void only_aimd_takes_a_slow_reply_for_a_refusal_and_only_beyond_its_bound(void **state) {
    (void)state;
    struct rf_adaptive adaptive = made(RF_ADAPTIVE_AIMD, 20);
    rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(0), 1, at_ms(10000));
    assert_int_equal(rf_adaptive_limit(&adaptive), 20);
    rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(0), 1, at_ms(10001));
    assert_int_equal(rf_adaptive_limit(&adaptive), 18);
    adaptive.policy.slow_after = rf_ns(0);
    rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(20000), 1, at_ms(90000));
    assert_int_equal(rf_adaptive_limit(&adaptive), 18);
}

static void what_says_nothing_about_load_changes_nothing(void **state) {
    (void)state;
    const enum rf_class classes[] = {RF_CLASS_PERMANENT_AUTH, RF_CLASS_PERMANENT_QUOTA,
                                     RF_CLASS_PERMANENT_CONFIG, RF_CLASS_AMBIGUOUS, RF_CLASS_LOCAL};
    for (int algorithm = RF_ADAPTIVE_AIMD; algorithm <= RF_ADAPTIVE_GRADIENT; algorithm++)
        for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
            struct rf_adaptive adaptive = made((enum rf_adaptive_algorithm)algorithm, 8);
            for (int call = 0; call < 100; call++)
                assert_false(rf_adaptive_record(&adaptive, classes[i], at_ms(0), 8, at_ms(50000)));
            assert_int_equal(adaptive.samples, 0);
        }
}

static void the_gradient_follows_latency_down_and_back_up(void **state) {
    (void)state;
    struct rf_adaptive adaptive = made(RF_ADAPTIVE_GRADIENT, 40);
    int64_t now = 0;
    for (int i = 0; i < 600; i++, now += 10)
        rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(now - 100), 64, at_ms(now));
    assert_int_equal(rf_adaptive_limit(&adaptive), 64);
    // Four times the latency: at first a long way down.
    int64_t lowest = 64;
    for (int i = 0; i < 60; i++, now += 10) {
        rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(now - 400), 64, at_ms(now));
        if (rf_adaptive_limit(&adaptive) < lowest)
            lowest = rf_adaptive_limit(&adaptive);
    }
    assert_true(lowest >= 4 && lowest <= 10);
    // What has become usual is no overload.
    for (int i = 0; i < 3000; i++, now += 10)
        rf_adaptive_record(&adaptive, RF_CLASS_OK, at_ms(now - 400), 64, at_ms(now));
    assert_int_equal(rf_adaptive_limit(&adaptive), 64);
}

static void another_policy_keeps_the_limit_within_its_range(void **state) {
    (void)state;
    struct rf_adaptive adaptive = made(RF_ADAPTIVE_AIMD, 40);
    struct rf_adaptive_policy policy = adaptive.policy;
    policy.max = 10;
    rf_adaptive_change(&adaptive, &policy);
    assert_int_equal(rf_adaptive_limit(&adaptive), 10);
    policy.max = 100;
    policy.min = 30;
    rf_adaptive_change(&adaptive, &policy);
    assert_int_equal(rf_adaptive_limit(&adaptive), 30);
}

static void a_policy_out_of_range_is_clamped(void **state) {
    (void)state;
    double nan = __builtin_nan("");
    struct rf_adaptive_policy policy = {
        RF_ADAPTIVE_AIMD, INT64_MIN, INT64_MAX, -3, nan, {-1}, nan, nan};
    struct rf_adaptive adaptive;
    rf_adaptive_init(&adaptive, &policy);
    assert_int_equal(adaptive.policy.min, 1);
    assert_int_equal(adaptive.policy.max, 1000000);
    assert_int_equal(rf_adaptive_limit(&adaptive), 1);
    assert_true(adaptive.policy.decrease == 0.1 && adaptive.policy.tolerance == 1.0 &&
                adaptive.policy.smoothing == 0.01);
}

static void every_algorithm_has_a_name(void **state) {
    (void)state;
    const char *const names[] = {"off", "aimd", "gradient", "unknown"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(rf_adaptive_algorithm_name((enum rf_adaptive_algorithm)i), names[i]);
}

// A provider that bears so many calls at once and refuses the others: AIMD finds its place.
static void aimd_settles_around_what_the_provider_bears(void **state) {
    (void)state;
    struct rf_adaptive adaptive = made(RF_ADAPTIVE_AIMD, 1);
    int64_t now = 0, sum = 0, rounds = 0, refused = 0, calls = 0;
    for (int round = 0; round < 2000; round++, now += 100) {
        int64_t limit = rf_adaptive_limit(&adaptive);
        for (int64_t call = 0; call < limit; call++) {
            enum rf_class c = call < 20 ? RF_CLASS_OK : RF_CLASS_RATE_LIMITED;
            rf_adaptive_record(&adaptive, c, at_ms(now), limit, at_ms(now + 90));
            if (round >= 100) {
                calls++;
                refused += c != RF_CLASS_OK;
            }
        }
        if (round >= 100) {
            sum += limit;
            rounds++;
        }
    }
    assert_true(sum / rounds >= 17 && sum / rounds <= 20);
    assert_true(refused * 40 < calls);
}

static void random_events_keep_the_limit_in_its_range_and_every_change_is_told(void **state) {
    (void)state;
    struct test_random random = {20261124};
    for (int algorithm = RF_ADAPTIVE_AIMD; algorithm <= RF_ADAPTIVE_GRADIENT; algorithm++) {
        struct rf_adaptive adaptive = made((enum rf_adaptive_algorithm)algorithm, 8);
        for (int i = 0; i < 200000; i++) {
            int64_t before = rf_adaptive_limit(&adaptive);
            enum rf_class c = (enum rf_class)test_random_below(&random, RF_CLASS_COUNT);
            struct rf_instant began = {test_random_below(&random, INT64_MAX)};
            struct rf_instant now = {test_random_below(&random, INT64_MAX)};
            bool changed =
                rf_adaptive_record(&adaptive, c, began, test_random_below(&random, 100), now);
            int64_t limit = rf_adaptive_limit(&adaptive);
            assert_true(limit >= 1 && limit <= 64);
            assert_true(changed == (limit != before));
            if (c == RF_CLASS_RATE_LIMITED || c == RF_CLASS_TRANSIENT)
                assert_true(limit <= before);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_gives_no_limit_and_learns_nothing),
        cmocka_unit_test(a_round_trip_of_good_replies_gives_one_more_place),
        cmocka_unit_test(a_limit_that_is_not_in_use_does_not_grow),
        cmocka_unit_test(one_burst_of_refusals_is_one_decrease),
        cmocka_unit_test(only_aimd_takes_a_slow_reply_for_a_refusal_and_only_beyond_its_bound),
        cmocka_unit_test(what_says_nothing_about_load_changes_nothing),
        cmocka_unit_test(the_gradient_follows_latency_down_and_back_up),
        cmocka_unit_test(another_policy_keeps_the_limit_within_its_range),
        cmocka_unit_test(a_policy_out_of_range_is_clamped),
        cmocka_unit_test(every_algorithm_has_a_name),
        cmocka_unit_test(aimd_settles_around_what_the_provider_bears),
        cmocka_unit_test(random_events_keep_the_limit_in_its_range_and_every_change_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
