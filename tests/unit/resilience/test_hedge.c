#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <ringfence/hedge.h>

static struct rf_instant at_s(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static struct rf_hedge made(double percentile) {
    struct rf_hedge_policy policy = RF_HEDGE_POLICY_DEFAULT;
    policy.enabled = true;
    policy.percentile = percentile;
    struct rf_hedge hedge;
    rf_hedge_init(&hedge, &policy, at_s(0));
    return hedge;
}

static void off_is_the_default_and_hedges_nothing(void **state) {
    (void)state;
    struct rf_hedge_policy policy = RF_HEDGE_POLICY_DEFAULT;
    struct rf_hedge hedge;
    rf_hedge_init(&hedge, &policy, at_s(0));
    struct rf_duration delay;
    assert_false(rf_hedge_begin(&hedge, at_s(0), &delay));
    assert_false(rf_hedge_take(&hedge, at_s(0)));
}

static void the_delay_is_fixed_until_enough_latencies_are_known(void **state) {
    (void)state;
    struct rf_hedge hedge = made(0.95);
    struct rf_duration delay;
    for (int i = 0; i < 19; i++)
        rf_hedge_record(&hedge, rf_ms(100));
    assert_true(rf_hedge_begin(&hedge, at_s(0), &delay));
    assert_int_equal(delay.ns, rf_seconds(2).ns);
    rf_hedge_record(&hedge, rf_ms(100));
    assert_true(rf_hedge_begin(&hedge, at_s(0), &delay));
    assert_true(delay.ns > rf_ms(100).ns && delay.ns <= rf_ms(113).ns);
    hedge = made(0);
    for (int i = 0; i < 100; i++)
        rf_hedge_record(&hedge, rf_ms(100));
    assert_true(rf_hedge_begin(&hedge, at_s(0), &delay));
    assert_int_equal(delay.ns, rf_seconds(2).ns);
}

static void a_tenth_of_the_calls_may_be_hedged_and_one_at_least(void **state) {
    (void)state;
    struct rf_hedge hedge = made(0);
    struct rf_duration delay;
    rf_hedge_begin(&hedge, at_s(0), &delay);
    assert_true(rf_hedge_take(&hedge, at_s(2)));
    assert_false(rf_hedge_take(&hedge, at_s(2)));
    for (int i = 0; i < 49; i++)
        rf_hedge_begin(&hedge, at_s(3), &delay);
    for (int i = 0; i < 4; i++)
        assert_true(rf_hedge_take(&hedge, at_s(5)));
    assert_false(rf_hedge_take(&hedge, at_s(5)));
    assert_true(rf_hedge_take(&hedge, at_s(100)));
}

static void another_policy_keeps_what_was_learnt(void **state) {
    (void)state;
    struct rf_hedge hedge = made(0);
    struct rf_duration delay;
    for (int i = 0; i < 100; i++)
        rf_hedge_record(&hedge, rf_ms(100));
    struct rf_hedge_policy policy = hedge.policy;
    policy.percentile = 2.0;
    policy.min_samples = INT64_MAX;
    policy.ratio = -1;
    rf_hedge_change(&hedge, &policy, at_s(1));
    assert_int_equal(hedge.policy.min_samples, 128);
    assert_true(hedge.policy.percentile == 1.0 && hedge.policy.ratio == 0.0);
    policy.min_samples = -1;
    policy.delay = rf_ns(-1);
    rf_hedge_change(&hedge, &policy, at_s(1));
    assert_int_equal(hedge.policy.min_samples, 1);
    assert_int_equal(hedge.policy.delay.ns, 0);
    rf_hedge_begin(&hedge, at_s(1), &delay);
    assert_true(delay.ns > rf_ms(100).ns && delay.ns <= rf_ms(113).ns);
}

static void the_first_good_answer_wins_and_the_last_failure_is_the_calls(void **state) {
    (void)state;
    const struct {
        bool good[2];
        enum rf_hedge_verdict expected[2];
    } rows[] = {{{true, true}, {RF_HEDGE_WON, RF_HEDGE_LATE}},
                {{true, false}, {RF_HEDGE_WON, RF_HEDGE_LATE}},
                {{false, true}, {RF_HEDGE_WAIT, RF_HEDGE_WON}},
                {{false, false}, {RF_HEDGE_WAIT, RF_HEDGE_LOST}}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_hedge_race race = {0};
        rf_hedge_race_sent(&race);
        rf_hedge_race_sent(&race);
        for (int attempt = 0; attempt < 2; attempt++)
            assert_int_equal(rf_hedge_race_ended(&race, rows[i].good[attempt]),
                             rows[i].expected[attempt]);
    }
    struct rf_hedge_race alone = {0};
    rf_hedge_race_sent(&alone);
    assert_int_equal(rf_hedge_race_ended(&alone, false), RF_HEDGE_LOST);
}

static void old_latencies_fade_and_the_count_stays_bounded(void **state) {
    (void)state;
    struct rf_latency latency = {0};
    for (int i = 0; i < 100000; i++) {
        rf_latency_record(&latency, rf_ms(100));
        assert_true(latency.recent.count < RF_LATENCY_MOST);
    }
    for (int i = 0; i < 3 * RF_LATENCY_MOST; i++)
        rf_latency_record(&latency, rf_ms(1000));
    assert_true(rf_latency_percentile(&latency, 0.1).ns > rf_ms(1000).ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_is_the_default_and_hedges_nothing),
        cmocka_unit_test(the_delay_is_fixed_until_enough_latencies_are_known),
        cmocka_unit_test(a_tenth_of_the_calls_may_be_hedged_and_one_at_least),
        cmocka_unit_test(another_policy_keeps_what_was_learnt),
        cmocka_unit_test(the_first_good_answer_wins_and_the_last_failure_is_the_calls),
        cmocka_unit_test(old_latencies_fade_and_the_count_stays_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
