#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/retry.h>

static const struct rf_duration FOREVER = {INT64_MAX};
static const struct rf_duration NOTHING = {0};

static struct rf_retry_policy plain(void) {
    struct rf_retry_policy policy = RF_RETRY_POLICY_DEFAULT;
    policy.jitter = RF_JITTER_NONE;
    return policy;
}

static void the_default_waits_are_5_10_and_20_seconds_and_then_it_is_exhausted(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    struct rf_retry retry = {0};
    struct rf_rng rng = {1};
    const int64_t seconds[] = {5, 10, 20};
    for (int i = 0; i < 3; i++) {
        struct rf_retry_decision decision =
            rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, FOREVER, NOTHING, &rng);
        assert_int_equal(decision.verdict, RF_RETRY_AGAIN);
        assert_int_equal(decision.wait.ns, rf_seconds(seconds[i]).ns);
    }
    assert_int_equal(
        rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, FOREVER, NOTHING, &rng)
            .verdict,
        RF_RETRY_EXHAUSTED);
    assert_int_equal(retry.retries, 3);
}

static void only_transient_and_rate_limited_are_retried(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    struct rf_rng rng = {1};
    for (int c = 0; c < RF_CLASS_COUNT; c++) {
        struct rf_retry retry = {0};
        struct rf_retry_decision decision =
            rf_retry_decide(&policy, &retry, (enum rf_class)c, NOTHING, FOREVER, NOTHING, &rng);
        bool again = c == RF_CLASS_TRANSIENT || c == RF_CLASS_RATE_LIMITED;
        assert_int_equal(decision.verdict, again ? RF_RETRY_AGAIN : RF_RETRY_NOT_RETRYABLE);
        assert_int_equal(retry.retries, again ? 1 : 0);
    }
}

static void no_retries_means_none(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    policy.max_retries = 0;
    struct rf_retry retry = {0};
    struct rf_rng rng = {1};
    assert_int_equal(
        rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, FOREVER, NOTHING, &rng)
            .verdict,
        RF_RETRY_EXHAUSTED);
}

static void backoff_never_overflows_and_never_exceeds_the_cap(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    const int64_t counts[] = {0, 1, 2, 3, 4, 62, 63, 64, 1000, INT64_MAX};
    const double factors[] = {1.0, 1.5, 2.0, 100.0};
    for (size_t f = 0; f < 4; f++) {
        policy.backoff_factor = factors[f];
        struct rf_duration before = NOTHING;
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            struct rf_duration wait = rf_retry_backoff(&policy, counts[i]);
            assert_true(wait.ns >= before.ns && wait.ns <= policy.max_delay.ns);
            before = wait;
        }
    }
    policy.backoff_factor = 2.0;
    policy.max_delay = FOREVER;
    assert_int_equal(rf_retry_backoff(&policy, INT64_MAX).ns, INT64_MAX);
    assert_int_equal(rf_retry_backoff(&policy, -1).ns, policy.initial_delay.ns);
    policy.initial_delay = FOREVER;
    assert_int_equal(rf_retry_backoff(&policy, 5).ns, INT64_MAX);
    // As doubles go, the longest duration is 2^63 already: one more than fits.
    assert_int_equal(rf_retry_backoff(&policy, 0).ns, INT64_MAX);
    policy.initial_delay = rf_ns(INT64_C(1) << 62);
    assert_int_equal(rf_retry_backoff(&policy, 0).ns, INT64_C(1) << 62);
    assert_int_equal(rf_retry_backoff(&policy, 1).ns, INT64_MAX);
}

static void the_waits_grow_as_the_strategy_says_and_no_count_overflows_them(void **state) {
    (void)state;
    const int64_t counts[] = {0, 1, 2, 3, 59, 60, 1000000, INT64_C(1) << 53, INT64_MAX};
    const int64_t linear_s[] = {1, 2, 3, 4, 60, 60, 60, 60, 60};
    const int64_t exponential_s[] = {1, 2, 4, 8, 60, 60, 60, 60, 60};
    struct rf_retry_policy policy = plain();
    policy.initial_delay = rf_seconds(1);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        policy.strategy = RF_RETRY_CONSTANT;
        assert_int_equal(rf_retry_backoff(&policy, counts[i]).ns, rf_seconds(1).ns);
        policy.strategy = RF_RETRY_LINEAR;
        assert_int_equal(rf_retry_backoff(&policy, counts[i]).ns, rf_seconds(linear_s[i]).ns);
        policy.strategy = RF_RETRY_EXPONENTIAL;
        assert_int_equal(rf_retry_backoff(&policy, counts[i]).ns, rf_seconds(exponential_s[i]).ns);
    }
    policy.max_delay = FOREVER;
    policy.strategy = RF_RETRY_LINEAR;
    assert_int_equal(rf_retry_backoff(&policy, INT64_MAX).ns, INT64_MAX);
    assert_int_equal(rf_retry_backoff(&policy, INT64_MIN).ns, rf_seconds(1).ns);
}

static void no_delay_stays_none_however_often_it_is_multiplied(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    policy.initial_delay = NOTHING;
    // 2 to the power of INT64_MAX is infinite, and nothing times infinity is not a number.
    assert_int_equal(rf_retry_backoff(&policy, INT64_MAX).ns, 0);
    assert_int_equal(rf_retry_backoff(&policy, 3).ns, 0);
}

// The range of 10,000 draws, and that the draws fill it.
static void draws_lie_between(struct rf_retry_policy policy, int64_t retries,
                              struct rf_duration previous, int64_t least, int64_t most) {
    struct rf_rng rng = {20261124};
    int64_t lowest = INT64_MAX, highest = INT64_MIN;
    for (int i = 0; i < 10000; i++) {
        struct rf_retry retry = {.retries = retries, .previous = previous};
        policy.max_retries = retries + 1;
        struct rf_retry_decision decision =
            rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, FOREVER, NOTHING, &rng);
        assert_int_equal(decision.verdict, RF_RETRY_AGAIN);
        assert_int_equal(retry.previous.ns, decision.wait.ns);
        if (decision.wait.ns < lowest)
            lowest = decision.wait.ns;
        if (decision.wait.ns > highest)
            highest = decision.wait.ns;
    }
    assert_true(lowest >= least && highest <= most);
    int64_t edge = (most - least) / 100;
    assert_true(lowest <= least + edge && highest >= most - edge);
}

static void each_jitter_stays_in_its_range_over_10000_draws_and_fills_it(void **state) {
    (void)state;
    struct rf_retry_policy policy = RF_RETRY_POLICY_DEFAULT;
    int64_t s = RF_NS_PER_S;
    draws_lie_between(policy, 0, NOTHING, 4 * s, 6 * s);
    draws_lie_between(policy, 2, NOTHING, 16 * s, 24 * s);
    policy.jitter_fraction = 1.0;
    draws_lie_between(policy, 1, NOTHING, 0, 20 * s);
    policy.jitter = RF_JITTER_FULL;
    draws_lie_between(policy, 1, NOTHING, 0, 10 * s);
    policy.jitter = RF_JITTER_EQUAL;
    draws_lie_between(policy, 1, NOTHING, 5 * s, 10 * s);
    policy.jitter = RF_JITTER_DECORRELATED;
    draws_lie_between(policy, 0, NOTHING, 5 * s, 15 * s);
    draws_lie_between(policy, 1, rf_seconds(10), 5 * s, 30 * s);
    draws_lie_between(policy, 5, rf_seconds(50), 5 * s, 60 * s);
    policy.jitter = RF_JITTER_NONE;
    draws_lie_between(policy, 1, NOTHING, 10 * s, 10 * s);
}

static void jitter_never_pushes_a_wait_beyond_the_cap(void **state) {
    (void)state;
    struct rf_retry_policy policy = RF_RETRY_POLICY_DEFAULT;
    policy.max_retries = 100000;
    struct rf_retry retry = {.retries = 10};
    struct rf_rng rng = {3};
    bool capped = false;
    for (int i = 0; i < 10000; i++) {
        struct rf_retry_decision decision =
            rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, FOREVER, NOTHING, &rng);
        assert_true(decision.wait.ns <= policy.max_delay.ns);
        capped = capped || decision.wait.ns == policy.max_delay.ns;
    }
    assert_true(capped);
}

static void a_longer_retry_after_wins_and_a_shorter_one_does_not(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    struct rf_rng rng = {1};
    const struct {
        int64_t asked_s, expected_s;
    } rows[] = {{0, 5}, {4, 5}, {5, 5}, {6, 6}, {60, 60}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_retry retry = {0};
        struct rf_retry_decision decision =
            rf_retry_decide(&policy, &retry, RF_CLASS_RATE_LIMITED, rf_seconds(rows[i].asked_s),
                            FOREVER, NOTHING, &rng);
        assert_int_equal(decision.verdict, RF_RETRY_AGAIN);
        assert_int_equal(decision.wait.ns, rf_seconds(rows[i].expected_s).ns);
    }
}

static void incident_14_a_retry_after_of_days_ends_the_call_and_is_told(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    struct rf_retry retry = {0};
    struct rf_rng rng = {1};
    struct rf_duration days = rf_seconds(3 * 86400);
    struct rf_retry_decision decision =
        rf_retry_decide(&policy, &retry, RF_CLASS_RATE_LIMITED, days, FOREVER, NOTHING, &rng);
    assert_int_equal(decision.verdict, RF_RETRY_TOO_LONG);
    assert_int_equal(decision.wait.ns, days.ns);
    assert_int_equal(retry.retries, 0);
    struct rf_duration just_beyond = rf_ns(policy.max_delay.ns + 1);
    assert_int_equal(
        rf_retry_decide(&policy, &retry, RF_CLASS_RATE_LIMITED, just_beyond, FOREVER, NOTHING, &rng)
            .verdict,
        RF_RETRY_TOO_LONG);
}

static void no_retry_is_begun_that_cannot_finish_to_the_nanosecond(void **state) {
    (void)state;
    struct rf_retry_policy policy = plain();
    struct rf_rng rng = {1};
    struct rf_duration attempt = rf_ms(100);
    int64_t needed = rf_seconds(5).ns + attempt.ns;
    struct rf_retry retry = {0};
    assert_int_equal(rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING,
                                     rf_ns(needed - 1), attempt, &rng)
                         .verdict,
                     RF_RETRY_TOO_LATE);
    assert_int_equal(retry.retries, 0);
    assert_int_equal(
        rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, rf_ns(needed), attempt, &rng)
            .verdict,
        RF_RETRY_AGAIN);
    assert_int_equal(retry.retries, 1);
    assert_int_equal(rf_retry_decide(&policy, &retry, RF_CLASS_TRANSIENT, NOTHING, rf_ns(INT64_MAX),
                                     rf_ns(INT64_MAX), &rng)
                         .verdict,
                     RF_RETRY_AGAIN);
}

static void the_same_seed_gives_the_same_waits(void **state) {
    (void)state;
    struct rf_rng a = {7}, b = {7}, c = {8};
    bool differs = false;
    for (int i = 0; i < 1000; i++) {
        double x = rf_rng_unit(&a);
        assert_true(x >= 0.0 && x < 1.0);
        assert_true(x == rf_rng_unit(&b));
        differs = differs || x != rf_rng_unit(&c);
    }
    assert_true(differs);
    // The published first value of splitmix64 for the seed 1234567.
    struct rf_rng known = {1234567};
    assert_true(rf_rng_next(&known) == UINT64_C(6457827717110365317));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_waits_are_5_10_and_20_seconds_and_then_it_is_exhausted),
        cmocka_unit_test(only_transient_and_rate_limited_are_retried),
        cmocka_unit_test(no_retries_means_none),
        cmocka_unit_test(backoff_never_overflows_and_never_exceeds_the_cap),
        cmocka_unit_test(the_waits_grow_as_the_strategy_says_and_no_count_overflows_them),
        cmocka_unit_test(no_delay_stays_none_however_often_it_is_multiplied),
        cmocka_unit_test(each_jitter_stays_in_its_range_over_10000_draws_and_fills_it),
        cmocka_unit_test(jitter_never_pushes_a_wait_beyond_the_cap),
        cmocka_unit_test(a_longer_retry_after_wins_and_a_shorter_one_does_not),
        cmocka_unit_test(incident_14_a_retry_after_of_days_ends_the_call_and_is_told),
        cmocka_unit_test(no_retry_is_begun_that_cannot_finish_to_the_nanosecond),
        cmocka_unit_test(the_same_seed_gives_the_same_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
