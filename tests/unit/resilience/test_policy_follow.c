// The policy's copy of a breaker that an authority keeps.
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

static void open_policy(struct rf_policy *policy) {
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    rules.when_open = RF_WHEN_OPEN_WAIT;
    rf_policy_init(policy, &rules, 1, at(0));
}

// A call that waits for recovery, and is no longer to be told.
static void wait_for_recovery(struct rf_policy *policy, struct rf_policy_call *call) {
    rf_policy_begin(policy, call, at(60));
    assert_int_equal(rf_policy_step(policy, call, at(0)).verdict, RF_POLICY_WAIT);
    assert_null(rf_policy_next(policy, at(0)));
}

static enum rf_policy_reason gate(const struct rf_policy *policy) {
    return rf_policy_gate(policy).reason;
}

static void an_older_word_is_not_taken_and_the_same_one_is(void **state) {
    (void)state;
    struct rf_policy policy;
    open_policy(&policy);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_OPEN, 5, at(30)));
    assert_false(rf_policy_follow(&policy, RF_BREAKER_CLOSED, 4, at(0)));
    assert_int_equal(gate(&policy), RF_POLICY_OPEN);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_OPEN, 5, at(40)));
    assert_int_equal(rf_policy_gate(&policy).at.ns, 40 * S);
    // A broker that is another one may begin anew.
    rf_policy_lost(&policy);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_CLOSED, 1, at(0)));
    assert_int_equal(gate(&policy), RF_POLICY_NO_REASON);
}

static void
a_test_request_is_out_until_the_epoch_is_another_or_the_authority_was_lost(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call call = {0};
    open_policy(&policy);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 3, at(0)));
    rf_policy_begin(&policy, &call, at(60));
    rf_policy_asked(&policy, &call);
    assert_int_equal(gate(&policy), RF_POLICY_TESTING);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 3, at(0)));
    assert_int_equal(gate(&policy), RF_POLICY_TESTING);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 4, at(0)));
    assert_int_equal(rf_policy_gate(&policy).verdict, RF_POLICY_ASK);
    rf_policy_asked(&policy, &call);
    rf_policy_lost(&policy);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 4, at(0)));
    assert_int_equal(rf_policy_gate(&policy).verdict, RF_POLICY_ASK);
}

static void any_change_wakes_those_that_wait_for_recovery_and_no_change_does_not(void **state) {
    (void)state;
    const struct {
        enum rf_breaker_state state;
        int64_t epoch;
        bool wakes;
    } rows[] = {
        {RF_BREAKER_HALF_OPEN, 3, false}, // as it is
        {RF_BREAKER_HALF_OPEN, 4, true},  {RF_BREAKER_CLOSED, 3, true},
        {RF_BREAKER_CLOSED, 4, true},     {RF_BREAKER_OPEN, 4, false}, // they go on waiting
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_policy policy;
        struct rf_policy_call tester = {0}, waits = {0};
        open_policy(&policy);
        assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 3, at(0)));
        rf_policy_begin(&policy, &tester, at(60));
        rf_policy_asked(&policy, &tester);
        wait_for_recovery(&policy, &waits);
        assert_true(rf_policy_follow(&policy, rows[i].state, rows[i].epoch, at(30)));
        assert_int_equal(rf_policy_next(&policy, at(1)) == &waits, rows[i].wakes);
    }
}

static void an_authority_that_refuses_the_permit_frees_the_place_of_the_tester(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call call = {0};
    open_policy(&policy);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 3, at(0)));
    rf_policy_begin(&policy, &call, at(60));
    rf_policy_asked(&policy, &call);
    struct rf_policy_decision d = rf_policy_not_granted(&policy, &call, at(0));
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.reason, RF_POLICY_TESTING);
    assert_int_equal(rf_policy_gate(&policy).verdict, RF_POLICY_ASK);
    // Its answer comes after another call has asked in the next epoch: that one's permit stands.
    rf_policy_asked(&policy, &call);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_HALF_OPEN, 4, at(0)));
    struct rf_policy_call other = {0};
    rf_policy_begin(&policy, &other, at(60));
    rf_policy_asked(&policy, &other);
    (void)rf_policy_not_granted(&policy, &call, at(0));
    assert_int_equal(gate(&policy), RF_POLICY_TESTING);
    // And after it has closed, the call may go at once.
    assert_true(rf_policy_follow(&policy, RF_BREAKER_CLOSED, 5, at(0)));
    assert_int_equal(rf_policy_not_granted(&policy, &call, at(0)).verdict, RF_POLICY_GO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_word_is_not_taken_and_the_same_one_is),
        cmocka_unit_test(
            a_test_request_is_out_until_the_epoch_is_another_or_the_authority_was_lost),
        cmocka_unit_test(any_change_wakes_those_that_wait_for_recovery_and_no_change_does_not),
        cmocka_unit_test(an_authority_that_refuses_the_permit_frees_the_place_of_the_tester),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
