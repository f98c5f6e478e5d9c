// The keys of a policy: what becomes of a call's token and of its attempt.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/policy.h>

struct stage {
    struct rf_policy policy;
    struct rf_policy_key keys[3]; // the last one is not given to the policy
    struct rf_policy_call calls[3];
    struct rf_instant now;
};

// Two keys of one token a second each.
static void open_stage(struct stage *stage) {
    const uint8_t former[] = {RF_POLICY_NO_KEY, RF_POLICY_NO_KEY, RF_POLICY_NO_KEY};
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    rules.rate_limit = (struct rf_rate_limit_policy){.rate = 1, .burst = 1};
    memset(stage, 0, sizeof *stage);
    memset(&stage->keys[2], 0x5a, sizeof stage->keys[2]);
    stage->now.ns = 1000 * RF_NS_PER_S;
    rf_policy_init(&stage->policy, &rules, 1, stage->now);
    rf_policy_keys(&stage->policy, stage->keys, 2, former, stage->now);
    for (int i = 0; i < 3; i++)
        rf_policy_begin(&stage->policy, &stage->calls[i],
                        rf_instant_add(stage->now, rf_seconds(60)));
}

static struct rf_policy_decision step(struct stage *stage, int i) {
    return rf_policy_step(&stage->policy, &stage->calls[i], stage->now);
}

static void send(struct stage *stage, int i) {
    assert_int_equal(step(stage, i).verdict, RF_POLICY_GO);
    rf_policy_sent(&stage->policy, &stage->calls[i], stage->now);
}

static void no_more_keys_are_written_than_were_given(void **state) {
    (void)state;
    struct stage stage;
    struct rf_policy_key untouched;
    memset(&untouched, 0x5a, sizeof untouched);
    open_stage(&stage);
    assert_memory_equal(&stage.keys[2], &untouched, sizeof untouched);
}

static void an_attempt_leaves_its_key_once_when_the_keys_change(void **state) {
    (void)state;
    struct stage stage;
    open_stage(&stage);
    send(&stage, 0);
    send(&stage, 1);
    assert_int_equal(stage.calls[1].key, 1);
    for (int again = 0; again < 2; again++) {
        rf_policy_unkey(&stage.policy, &stage.calls[1]);
        assert_int_equal(stage.keys[0].in_flight, 1);
        assert_int_equal(stage.keys[1].in_flight, 0);
    }
    rf_policy_end(&stage.policy, &stage.calls[1], stage.now);
    assert_int_equal(stage.keys[1].in_flight, 0);
    assert_int_equal(stage.policy.in_flight, 1);
}

static void a_call_that_does_not_run_takes_no_attempt_off_its_key(void **state) {
    (void)state;
    struct stage stage;
    open_stage(&stage);
    send(&stage, 0);
    (void)rf_policy_ended(&stage.policy, &stage.calls[0], RF_CLASS_OK, rf_ns(0), stage.now);
    assert_int_equal(stage.keys[0].in_flight, 0);
    rf_policy_unkey(&stage.policy, &stage.calls[0]);
    assert_int_equal(stage.keys[0].in_flight, 0);
}

static void a_call_whose_keys_are_all_barred_uses_the_first(void **state) {
    (void)state;
    struct stage stage;
    open_stage(&stage);
    rf_policy_bar(&stage.calls[0], 3);
    send(&stage, 0);
    assert_int_equal(stage.calls[0].key, 0);
}

static void a_call_that_waits_for_the_end_of_a_pause_keeps_its_turn(void **state) {
    (void)state;
    struct stage stage;
    open_stage(&stage);
    send(&stage, 0);
    rf_policy_bar(&stage.calls[1], 2);
    rf_policy_bar(&stage.calls[2], 2);
    assert_true(rf_policy_pause(&stage.policy, &stage.calls[0], rf_seconds(5), stage.now));
    int64_t end = stage.now.ns + 5 * RF_NS_PER_S;
    assert_int_equal(step(&stage, 1).at.ns, end);
    assert_int_equal(step(&stage, 2).at.ns, end + RF_NS_PER_S);
    assert_int_equal(step(&stage, 1).at.ns, end);
    assert_int_equal(stage.keys[0].reserved, 2);
}

static void no_wait_is_no_pause(void **state) {
    (void)state;
    struct stage stage;
    open_stage(&stage);
    send(&stage, 0);
    assert_false(rf_policy_pause(&stage.policy, &stage.calls[0], rf_ns(0), stage.now));
    assert_false(rf_policy_pause(&stage.policy, &stage.calls[0], rf_ns(-1), stage.now));
    assert_true(rf_policy_pause(&stage.policy, &stage.calls[0], rf_ns(1), stage.now));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_more_keys_are_written_than_were_given),
        cmocka_unit_test(an_attempt_leaves_its_key_once_when_the_keys_change),
        cmocka_unit_test(a_call_that_does_not_run_takes_no_attempt_off_its_key),
        cmocka_unit_test(a_call_whose_keys_are_all_barred_uses_the_first),
        cmocka_unit_test(a_call_that_waits_for_the_end_of_a_pause_keeps_its_turn),
        cmocka_unit_test(no_wait_is_no_pause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
