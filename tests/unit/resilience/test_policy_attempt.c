// An attempt under the policy: what it is counted for, and its retry.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/policy.h>

#define S RF_NS_PER_S

static struct rf_instant at(int64_t s) {
    return (struct rf_instant){s * S};
}

static struct rf_policy_rules plain(void) {
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    rules.retry.jitter = RF_JITTER_NONE;
    rules.breaker.failure_threshold = 1;
    return rules;
}

static void begin(struct rf_policy *policy, struct rf_policy_call *call, int64_t now_s) {
    rf_policy_begin(policy, call, at(now_s + 60));
    assert_int_equal(rf_policy_step(policy, call, at(now_s)).verdict, RF_POLICY_GO);
    rf_policy_sent(policy, call, at(now_s));
}

static void one_call(struct rf_policy *policy, enum rf_class c, int64_t now_s) {
    struct rf_policy_call call = {0};
    begin(policy, &call, now_s);
    (void)rf_policy_ended(policy, &call, c, rf_ns(0), at(now_s));
    rf_policy_end(policy, &call, at(now_s));
}

static void a_policys_own_breaker_takes_results_also_after_its_first_outage(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_rules rules = plain();
    rf_policy_init(&policy, &rules, 1, at(0));
    for (int64_t outage = 0; outage < 3; outage++) {
        one_call(&policy, RF_CLASS_TRANSIENT, outage * 100);
        assert_int_equal(policy.breaker.state, RF_BREAKER_OPEN);
        one_call(&policy, RF_CLASS_OK, outage * 100 + 30);
        assert_int_equal(policy.breaker.state, RF_BREAKER_CLOSED);
    }
    assert_int_equal(policy.breaker.late, 0);
}

static void no_attempt_is_told_slow_where_slow_calls_do_not_count(void **state) {
    (void)state;
    const struct {
        int64_t slow_after_s;
        double slow_rate;
        bool told;
    } rows[] = {{0, 0.0, false}, {0, 0.5, false}, {2, 0.0, false}, {2, 0.5, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_policy policy;
        struct rf_policy_call call = {0};
        struct rf_instant when;
        struct rf_policy_rules rules = plain();
        rules.breaker.slow_after = rf_seconds(rows[i].slow_after_s);
        rules.breaker.slow_rate = rows[i].slow_rate;
        rf_policy_init(&policy, &rules, 1, at(0));
        begin(&policy, &call, 0);
        assert_int_equal(rf_policy_wake(&policy, &when), rows[i].told);
        assert_int_equal(rf_policy_slow(&policy, at(50)) == &call, rows[i].told);
    }
}

static void it_wakes_for_what_comes_first_of_its_breaker_and_a_slow_attempt(void **state) {
    (void)state;
    const int64_t slow_after_s[] = {10, 50};
    for (size_t i = 0; i < 2; i++) {
        struct rf_policy policy;
        struct rf_policy_call call = {0}, fails = {0};
        struct rf_instant when;
        struct rf_policy_rules rules = plain();
        rules.breaker.slow_after = rf_seconds(slow_after_s[i]);
        rules.breaker.slow_rate = 0.5;
        rf_policy_init(&policy, &rules, 1, at(0));
        assert_false(rf_policy_wake(&policy, &when));
        begin(&policy, &call, 0);
        assert_true(rf_policy_wake(&policy, &when));
        assert_int_equal(when.ns, slow_after_s[i] * S);
        begin(&policy, &fails, 0);
        (void)rf_policy_ended(&policy, &fails, RF_CLASS_TRANSIENT, rf_ns(0), at(0));
        assert_int_equal(policy.breaker.state, RF_BREAKER_OPEN); // for 30 s
        assert_true(rf_policy_wake(&policy, &when));
        assert_int_equal(when.ns, (i == 0 ? 10 : 30) * S);
        rf_policy_end(&policy, &call, at(0));
        assert_true(rf_policy_wake(&policy, &when));
        assert_int_equal(when.ns, 30 * S);
    }
}

static void only_what_succeeded_tells_how_long_a_hedge_should_wait(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_rules rules = plain();
    rules.breaker.failure_threshold = 0;
    rf_policy_init(&policy, &rules, 1, at(0));
    one_call(&policy, RF_CLASS_TRANSIENT, 0);
    assert_int_equal(policy.hedge.latency.recent.count, 0);
    one_call(&policy, RF_CLASS_OK, 1);
    assert_int_equal(policy.hedge.latency.recent.count, 1);
}

static void the_time_left_bounds_a_retry_and_so_does_the_deadline(void **state) {
    (void)state;
    const struct {
        int64_t left_s, deadline_s;
        enum rf_policy_verdict verdict;
    } rows[] = {{1, 60, RF_POLICY_DONE}, {60, 1, RF_POLICY_DONE}, {60, 60, RF_POLICY_RETRY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_policy policy;
        struct rf_policy_call call = {0};
        struct rf_policy_rules rules = plain();
        rules.breaker.failure_threshold = 0;
        rules.retry.initial_delay = rf_seconds(2);
        rf_policy_init(&policy, &rules, 1, at(0));
        rf_policy_begin(&policy, &call, at(rows[i].deadline_s));
        struct rf_policy_decision d = rf_policy_retry(&policy, &call, RF_CLASS_TRANSIENT, rf_ns(0),
                                                      rf_seconds(rows[i].left_s), at(0));
        assert_int_equal(d.verdict, rows[i].verdict);
        assert_int_equal(d.reason,
                         d.verdict == RF_POLICY_DONE ? RF_POLICY_TOO_LATE : RF_POLICY_NO_REASON);
    }
}

static void a_retry_is_decided_while_another_call_is_the_test_request(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call failed = {0}, tester = {0};
    struct rf_policy_rules rules = plain();
    rf_policy_init(&policy, &rules, 1, at(0));
    assert_true(rf_policy_follow(&policy, RF_BREAKER_CLOSED, 1, at(0)));
    begin(&policy, &failed, 0);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 3, at(0)));
    rf_policy_begin(&policy, &tester, at(60));
    assert_int_equal(rf_policy_step(&policy, &tester, at(0)).verdict, RF_POLICY_ASK);
    rf_policy_asked(&policy, &tester);
    struct rf_policy_decision d =
        rf_policy_ended(&policy, &failed, RF_CLASS_TRANSIENT, rf_ns(0), at(1));
    assert_int_equal(d.verdict, RF_POLICY_RETRY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policys_own_breaker_takes_results_also_after_its_first_outage),
        cmocka_unit_test(no_attempt_is_told_slow_where_slow_calls_do_not_count),
        cmocka_unit_test(it_wakes_for_what_comes_first_of_its_breaker_and_a_slow_attempt),
        cmocka_unit_test(only_what_succeeded_tells_how_long_a_hedge_should_wait),
        cmocka_unit_test(the_time_left_bounds_a_retry_and_so_does_the_deadline),
        cmocka_unit_test(a_retry_is_decided_while_another_call_is_the_test_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
