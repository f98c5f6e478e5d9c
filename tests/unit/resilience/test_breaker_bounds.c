// The breaker at the ends of what its policy allows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/breaker.h>

#define S RF_NS_PER_S

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){ns};
}

// One failure opens it.
static struct rf_breaker_policy brittle(void) {
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = 1;
    return policy;
}

static struct rf_breaker started(const struct rf_breaker_policy *policy) {
    struct rf_breaker breaker;
    rf_breaker_init(&breaker, policy, at(0));
    return breaker;
}

static bool fails(struct rf_breaker *breaker, int64_t ns) {
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    bool changed;
    assert_true(rf_breaker_admit(breaker, at(ns), &ticket, &changed, &transition));
    return rf_breaker_record(breaker, ticket, RF_CLASS_TRANSIENT, at(ns), &transition);
}

static void a_rate_is_taken_to_the_nearest_millionth_and_never_as_off(void **state) {
    (void)state;
    const struct {
        double rate;
        int64_t ppm;
    } rows[] = {{0.0, 0},       {-0.5, 0},      {1e-9, 1},      {1.4e-6, 1},
                {1.6e-6, 2},    {0.07, 70000},  {0.29, 290000}, {0.5, 500000},
                {0.57, 570000}, {1.0, 1000000}, {1.5, 1000000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_breaker_policy policy = brittle();
        policy.failure_rate = policy.slow_rate = rows[i].rate;
        policy.slow_after = rf_seconds(1);
        struct rf_breaker breaker = started(&policy);
        assert_int_equal(breaker.failure_ppm, rows[i].ppm);
        assert_int_equal(breaker.slow_ppm, rows[i].ppm);
    }
}

static void a_recovery_without_end_stays_one_when_a_test_fails(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker_policy policy = brittle();
    policy.recovery_timeout = rf_ns(INT64_MAX);
    policy.early_share = 0.0;
    struct rf_breaker breaker = started(&policy);
    assert_true(fails(&breaker, 0));
    assert_int_equal(breaker.until.ns, INT64_MAX);
    assert_true(rf_breaker_probe_recovered(&breaker, at(1), &transition));
    assert_true(fails(&breaker, 2));
    assert_int_equal(breaker.recovery.ns, INT64_MAX);
    assert_int_equal(breaker.until.ns, INT64_MAX);
}

static void a_peers_open_without_end_is_taken_over_where_the_policy_has_no_end(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker_policy policy = brittle();
    policy.recovery_timeout = rf_ns(INT64_MAX);
    struct rf_breaker breaker = started(&policy);
    assert_true(
        rf_breaker_restore(&breaker, RF_BREAKER_OPEN, 4, rf_seconds(7), at(S), &transition));
    assert_int_equal(breaker.until.ns, 8 * S);
    assert_true(rf_breaker_restore(&breaker, RF_BREAKER_CLOSED, 5, rf_ns(0), at(S), &transition));
    assert_true(
        rf_breaker_restore(&breaker, RF_BREAKER_OPEN, 6, rf_ns(INT64_MAX), at(S), &transition));
    assert_int_equal(breaker.until.ns, INT64_MAX);
}

// Of so long an OPEN, what has passed and the whole are the same in a double.
static void with_an_early_share_of_one_a_probe_never_ends_even_the_longest_open(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker_policy policy = brittle();
    policy.recovery_timeout = rf_ns(INT64_MAX / 2);
    policy.early_share = 1.0;
    struct rf_breaker breaker = started(&policy);
    assert_true(fails(&breaker, 0));
    assert_false(rf_breaker_probe_recovered(&breaker, at(INT64_MAX / 2 - 1), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    assert_true(rf_breaker_probe_recovered(&breaker, at(INT64_MAX / 2), &transition));
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_TIMEOUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_taken_to_the_nearest_millionth_and_never_as_off),
        cmocka_unit_test(a_recovery_without_end_stays_one_when_a_test_fails),
        cmocka_unit_test(a_peers_open_without_end_is_taken_over_where_the_policy_has_no_end),
        cmocka_unit_test(with_an_early_share_of_one_a_probe_never_ends_even_the_longest_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
