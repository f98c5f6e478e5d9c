// Limits that an authority keeps, as one policy sees them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ringfence/policy.h>

#define MS RF_NS_PER_MS

static struct rf_instant at_ms(int64_t ms) {
    return (struct rf_instant){ms * MS};
}

// Two places and one a second, for all; retries after 5 s without jitter.
static void make(struct rf_policy *policy) {
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    rules.bulkhead = (struct rf_bulkhead_policy){.max_in_flight = 2, .max_queue = 3};
    rules.rate_limit.rate = 1000;
    rules.rate_limit.burst = 1000;
    rules.retry.jitter = RF_JITTER_NONE;
    rf_policy_init(policy, &rules, 1, at_ms(0));
}

static struct rf_policy_decision step(struct rf_policy *policy, struct rf_policy_call *call,
                                      int64_t ms) {
    return rf_policy_step(policy, call, at_ms(ms));
}

static void grant(struct rf_policy *policy, enum rf_policy_limit limit, int64_t granted,
                  int64_t keep) {
    rf_policy_share_grant(policy, limit, 0, granted, keep, at_ms(100000), at_ms(0));
}

static struct rf_policy_need need_of(struct rf_policy *policy, enum rf_policy_limit limit) {
    struct rf_policy_need need;
    assert_true(rf_policy_share_need(policy, limit, 0, &need));
    return need;
}

static void begin(struct rf_policy *policy, struct rf_policy_call *calls, size_t count) {
    for (size_t i = 0; i < count; i++)
        rf_policy_begin(policy, &calls[i], at_ms(60000));
}

static void nothing_is_begun_before_the_authority_spoke(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    make(&policy);
    begin(&policy, calls, 2);
    rf_policy_shares_begin(&policy, true);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_WAIT);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).wanted, 1);
    assert_null(rf_policy_next(&policy, at_ms(1)));
    rf_policy_share_open(&policy, RF_POLICY_TOKENS, 0);
    rf_policy_share_open(&policy, RF_POLICY_PLACES, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(2)), &calls[0]);
    assert_int_equal(step(&policy, &calls[0], 2).verdict, RF_POLICY_GO);
    struct rf_policy_need need;
    assert_false(rf_policy_share_need(&policy, RF_POLICY_TOKENS, 0, &need));
}

static void without_an_authority_the_own_limits_hold(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[3];
    make(&policy);
    begin(&policy, calls, 3);
    rf_policy_shares_begin(&policy, false);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_GO);
    assert_int_equal(step(&policy, &calls[1], 0).verdict, RF_POLICY_GO);
    assert_int_equal(step(&policy, &calls[2], 0).verdict, RF_POLICY_QUEUED);
}

static void a_token_is_waited_for_and_given_in_order(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[3];
    make(&policy);
    begin(&policy, calls, 3);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_PLACES, 2, 2);
    grant(&policy, RF_POLICY_TOKENS, 0, 0);
    for (int i = 0; i < 3; i++) {
        struct rf_policy_decision d = step(&policy, &calls[i], i);
        assert_int_equal(d.verdict, RF_POLICY_WAIT);
        assert_int_equal(d.reason, RF_POLICY_RATE_LIMITED);
        assert_int_equal(d.at.ns, at_ms(60000).ns);
        assert_false(calls[i].place);
    }
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).wanted, 3);
    grant(&policy, RF_POLICY_TOKENS, 1, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(10)), &calls[0]);
    assert_null(rf_policy_next(&policy, at_ms(10)));
    // It is the first one's, also if another comes before it steps.
    assert_int_equal(step(&policy, &calls[1], 10).verdict, RF_POLICY_WAIT);
    assert_int_equal(step(&policy, &calls[0], 10).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[0], at_ms(10));
    struct rf_policy_need need = need_of(&policy, RF_POLICY_TOKENS);
    assert_int_equal(need.used, 0);
    assert_int_equal(need.returned, 0);
    assert_true(rf_policy_written(&policy, &calls[0], at_ms(10)));
    assert_true(rf_policy_written(&policy, &calls[0], at_ms(10)));
    need = need_of(&policy, RF_POLICY_TOKENS);
    assert_int_equal(need.used, 1);
    assert_int_equal(need.wanted, 2);
    assert_int_equal(need.seen, 1);
}

// A policy whose call was sent at 0 with the only token, and has no connection yet.
static void make_hanging(struct rf_policy *policy, struct rf_policy_call *calls, size_t count) {
    make(policy);
    policy->rules.rate_limit.burst = 1;
    begin(policy, calls, count);
    rf_policy_shares_begin(policy, true);
    grant(policy, RF_POLICY_PLACES, 2, 2);
    grant(policy, RF_POLICY_TOKENS, 1, 0);
    assert_int_equal(step(policy, &calls[0], 0).verdict, RF_POLICY_GO);
    rf_policy_sent(policy, &calls[0], at_ms(0));
}

static void a_token_is_not_held_by_a_connection_that_hangs(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    struct rf_instant when;
    make_hanging(&policy, calls, 2);
    assert_true(rf_policy_wake(&policy, &when));
    assert_int_equal(when.ns, RF_POLICY_TOKEN_HOLD.ns);
    assert_null(rf_policy_next(&policy, (struct rf_instant){when.ns - 1}));
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).used, 0);
    assert_null(rf_policy_next(&policy, when));
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).used, 1);
    // While it hangs no other one is begun here, also with a token that was on its way.
    assert_int_equal(step(&policy, &calls[1], 600).verdict, RF_POLICY_WAIT);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).wanted, 0);
    grant(&policy, RF_POLICY_TOKENS, 2, 0);
    assert_null(rf_policy_next(&policy, at_ms(600)));
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).returned, 1);
    // It ends unwritten: it was paid for once, and the other one's turn comes.
    rf_policy_settled(&policy, &calls[0], RF_CLASS_TRANSIENT, false, at_ms(5000));
    struct rf_policy_need need = need_of(&policy, RF_POLICY_TOKENS);
    assert_int_equal(need.used, 1);
    assert_int_equal(need.wanted, 1);
    grant(&policy, RF_POLICY_TOKENS, 3, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(5001)), &calls[1]);
}

static void what_hung_is_not_written_without_another_token(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    make_hanging(&policy, calls, 2);
    assert_null(rf_policy_next(&policy, at_ms(500)));
    assert_int_equal(step(&policy, &calls[1], 600).verdict, RF_POLICY_WAIT);
    assert_false(rf_policy_written(&policy, &calls[0], at_ms(3000)));
    rf_policy_settled(&policy, &calls[0], RF_CLASS_LOCAL, false, at_ms(3000));
    assert_int_equal(policy.key.late, 0);
    // It waits as the other one does, behind it, and no retry is spent.
    assert_int_equal(step(&policy, &calls[0], 3000).verdict, RF_POLICY_WAIT);
    assert_int_equal(calls[0].retry.retries, 0);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).wanted, 2);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).used, 0);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).calls, 1);
    grant(&policy, RF_POLICY_TOKENS, 2, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(3100)), &calls[1]);
    rf_policy_end(&policy, &calls[1], at_ms(3100));
    assert_ptr_equal(rf_policy_next(&policy, at_ms(3100)), &calls[0]);
    assert_int_equal(step(&policy, &calls[0], 3100).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[0], at_ms(3100));
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).calls, 1);
    // This time it keeps its token as long as its connection needs.
    assert_null(rf_policy_next(&policy, at_ms(6000)));
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).used, 1);
    assert_true(rf_policy_written(&policy, &calls[0], at_ms(6000)));
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).used, 2);
}

static void what_hung_is_written_with_a_token_that_is_free(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    make_hanging(&policy, calls, 2);
    assert_null(rf_policy_next(&policy, at_ms(500)));
    grant(&policy, RF_POLICY_TOKENS, 2, 0);
    assert_true(rf_policy_written(&policy, &calls[0], at_ms(600)));
    assert_int_equal(policy.key.late, 0);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).used, 2);
    assert_true(rf_policy_written(&policy, &calls[0], at_ms(600))); // no third one
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).used, 2);
    // Without an authority nobody has another one, and the own limit was kept when it began.
    make_hanging(&policy, calls, 2);
    assert_null(rf_policy_next(&policy, at_ms(500)));
    rf_policy_shares_begin(&policy, false);
    assert_true(rf_policy_written(&policy, &calls[0], at_ms(600)));
}

static void what_hung_is_not_written_after_a_change_of_keys(void **state) {
    (void)state;
    static struct rf_policy_key keys[2];
    static const uint8_t former[] = {RF_POLICY_NO_KEY, 0};
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    for (int late = 0; late < 2; late++) {
        make_hanging(&policy, calls, 2);
        if (late)
            assert_null(rf_policy_next(&policy, at_ms(500)));
        rf_policy_unkey(&policy, &calls[0]);
        rf_policy_unkey(&policy, &calls[1]);
        rf_policy_keys(&policy, keys, 2, former, at_ms(600));
        assert_false(rf_policy_written(&policy, &calls[0], at_ms(600)));
        rf_policy_settled(&policy, &calls[0], RF_CLASS_LOCAL, false, at_ms(600));
        assert_false(calls[0].late);
        assert_int_equal(keys[0].late + keys[1].late, 0);
    }
}

static void a_token_that_nobody_needs_goes_back_at_once(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make(&policy);
    begin(&policy, calls, 1);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_PLACES, 2, 2);
    grant(&policy, RF_POLICY_TOKENS, 1, 0);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_GO);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).returned, 0);
    rf_policy_end(&policy, &calls[0], at_ms(1));
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).returned, 1);
}

static void after_the_lease_nothing_is_begun_also_with_a_token_in_hand(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make(&policy);
    begin(&policy, calls, 1);
    rf_policy_shares_begin(&policy, true);
    rf_policy_share_grant(&policy, RF_POLICY_PLACES, 0, 2, 2, at_ms(1000), at_ms(0));
    rf_policy_share_grant(&policy, RF_POLICY_TOKENS, 0, 1, 0, at_ms(1000), at_ms(0));
    assert_int_equal(step(&policy, &calls[0], 999).verdict, RF_POLICY_GO);
    assert_int_equal(step(&policy, &calls[0], 1000).verdict, RF_POLICY_WAIT);
    rf_policy_share_grant(&policy, RF_POLICY_TOKENS, 0, 1, 0, at_ms(2000), at_ms(0));
    rf_policy_share_grant(&policy, RF_POLICY_PLACES, 0, 2, 2, at_ms(2000), at_ms(0));
    assert_ptr_equal(rf_policy_next(&policy, at_ms(1001)), &calls[0]);
    assert_int_equal(step(&policy, &calls[0], 1001).verdict, RF_POLICY_GO);
}

static void a_place_goes_back_before_the_own_queue_is_served(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[3];
    make(&policy);
    begin(&policy, calls, 3);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_TOKENS, 9, 9);
    grant(&policy, RF_POLICY_PLACES, 1, 0);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[0], at_ms(0));
    assert_int_equal(step(&policy, &calls[1], 0).verdict, RF_POLICY_QUEUED);
    assert_int_equal(step(&policy, &calls[2], 0).verdict, RF_POLICY_QUEUED);
    assert_int_equal(need_of(&policy, RF_POLICY_PLACES).wanted, 1); // two at most, of its own limit
    // But for its turn of half a second.
    rf_policy_settled(&policy, &calls[0], RF_CLASS_OK, false, at_ms(499));
    assert_ptr_equal(rf_policy_next(&policy, at_ms(499)), &calls[1]);
    assert_null(rf_policy_next(&policy, at_ms(499)));
    assert_int_equal(step(&policy, &calls[1], 499).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[1], at_ms(499));
    rf_policy_settled(&policy, &calls[1], RF_CLASS_OK, false, at_ms(500));
    assert_null(rf_policy_next(&policy, at_ms(500)));
    struct rf_policy_need need = need_of(&policy, RF_POLICY_PLACES);
    assert_int_equal(need.returned, 1);
    assert_int_equal(need.wanted, 1);
    grant(&policy, RF_POLICY_PLACES, 2, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(501)), &calls[2]);
    assert_null(rf_policy_next(&policy, at_ms(501)));
}

static void places_that_may_be_kept_serve_the_own_queue(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    make(&policy);
    begin(&policy, calls, 2);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_TOKENS, 9, 9);
    grant(&policy, RF_POLICY_PLACES, 1, 1);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[0], at_ms(0));
    assert_int_equal(step(&policy, &calls[1], 0).verdict, RF_POLICY_QUEUED);
    rf_policy_settled(&policy, &calls[0], RF_CLASS_OK, false, at_ms(5));
    assert_ptr_equal(rf_policy_next(&policy, at_ms(5)), &calls[1]);
    assert_int_equal(need_of(&policy, RF_POLICY_PLACES).returned, 0);
}

static void a_new_term_declares_what_is_in_use(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    make(&policy);
    begin(&policy, calls, 2);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_TOKENS, 9, 9);
    grant(&policy, RF_POLICY_PLACES, 2, 2);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[0], at_ms(0));
    rf_policy_shares_begin(&policy, true);
    struct rf_policy_need need = need_of(&policy, RF_POLICY_PLACES);
    assert_int_equal(need.held, 1);
    assert_int_equal(need.returned, 0);
    assert_int_equal(step(&policy, &calls[1], 1).verdict, RF_POLICY_WAIT);
    rf_policy_settled(&policy, &calls[0], RF_CLASS_OK, false, at_ms(5));
    assert_int_equal(need_of(&policy, RF_POLICY_PLACES).returned, 1);
}

static void an_open_breaker_ends_the_wait_for_a_token(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make(&policy);
    begin(&policy, calls, 1);
    rf_policy_shares_begin(&policy, true);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_CLOSED, 1, at_ms(0)));
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_WAIT);
    assert_true(rf_policy_follow(&policy, RF_BREAKER_OPEN, 2, at_ms(30000)));
    assert_ptr_equal(rf_policy_next(&policy, at_ms(1)), &calls[0]);
    assert_int_equal(step(&policy, &calls[0], 1).verdict, RF_POLICY_REFUSED);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).wanted, 0);
}

static void incident_31_a_pause_told_by_another_holds_and_gives_the_token_back(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make(&policy);
    begin(&policy, calls, 1);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_PLACES, 2, 2);
    grant(&policy, RF_POLICY_TOKENS, 1, 0);
    assert_int_equal(step(&policy, &calls[0], 0).verdict, RF_POLICY_GO);
    rf_policy_pause_until(&policy, 0, at_ms(9000));
    rf_policy_pause_until(&policy, 0, at_ms(3000)); // only ever extended
    struct rf_policy_decision d = step(&policy, &calls[0], 1);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.reason, RF_POLICY_THROTTLED);
    assert_int_equal(d.at.ns, at_ms(9000).ns);
    assert_int_equal(need_of(&policy, RF_POLICY_TOKENS).returned, 1);
}

// ---- retries ----

static struct rf_policy_decision fail_call(struct rf_policy *policy, struct rf_policy_call *call,
                                           int64_t ms) {
    assert_int_equal(step(policy, call, ms).verdict, RF_POLICY_GO);
    rf_policy_sent(policy, call, at_ms(ms));
    return rf_policy_ended(policy, call, RF_CLASS_TRANSIENT, rf_ns(0), at_ms(ms));
}

static void make_with_retries(struct rf_policy *policy, struct rf_policy_call *calls,
                              size_t count) {
    make(policy);
    begin(policy, calls, count);
    rf_policy_shares_begin(policy, true);
    grant(policy, RF_POLICY_TOKENS, 99, 99);
    grant(policy, RF_POLICY_PLACES, 2, 2);
}

static void
incident_30_a_retry_comes_out_of_the_authoritys_budget_when_it_is_decided(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[2];
    make_with_retries(&policy, calls, 2);
    grant(&policy, RF_POLICY_RETRIES, 1, 1);
    struct rf_policy_decision d = fail_call(&policy, &calls[0], 0);
    assert_int_equal(d.verdict, RF_POLICY_RETRY);
    assert_int_equal(d.at.ns, at_ms(5000).ns);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).wanted, 0);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).calls, 1);
    // The second one has none: it is asked for, and waits for the answer for a moment only.
    d = fail_call(&policy, &calls[1], 10);
    assert_int_equal(d.verdict, RF_POLICY_RETRY);
    assert_int_equal(d.at.ns, at_ms(210).ns);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).wanted, 1);
    d = step(&policy, &calls[1], 210);
    assert_int_equal(d.verdict, RF_POLICY_REFUSED);
    assert_int_equal(d.reason, RF_POLICY_NO_BUDGET);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).wanted, 0);
    // Sent, it is used up.
    assert_int_equal(step(&policy, &calls[0], 5000).verdict, RF_POLICY_GO);
    rf_policy_sent(&policy, &calls[0], at_ms(5000));
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).used, 1);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).returned, 0);
}

static void a_retry_that_is_granted_later_waits_as_long_as_any(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make_with_retries(&policy, calls, 1);
    grant(&policy, RF_POLICY_RETRIES, 0, 0);
    assert_int_equal(fail_call(&policy, &calls[0], 0).at.ns, at_ms(200).ns);
    grant(&policy, RF_POLICY_RETRIES, 1, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(1)), &calls[0]);
    struct rf_policy_decision d = step(&policy, &calls[0], 1);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.at.ns, at_ms(5000).ns);
    assert_int_equal(step(&policy, &calls[0], 5000).verdict, RF_POLICY_GO);
}

static void a_retry_that_is_due_before_the_word_waits_for_it(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make_with_retries(&policy, calls, 1);
    policy.rules.retry.initial_delay = rf_ms(20);
    grant(&policy, RF_POLICY_RETRIES, 0, 0);
    assert_int_equal(fail_call(&policy, &calls[0], 0).at.ns, at_ms(200).ns);
    assert_int_equal(step(&policy, &calls[0], 100).at.ns, at_ms(200).ns);
    grant(&policy, RF_POLICY_RETRIES, 1, 0);
    assert_ptr_equal(rf_policy_next(&policy, at_ms(101)), &calls[0]);
    assert_int_equal(step(&policy, &calls[0], 101).verdict, RF_POLICY_GO);
}

static void a_retry_that_is_cancelled_goes_back(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make_with_retries(&policy, calls, 1);
    grant(&policy, RF_POLICY_RETRIES, 1, 0);
    assert_int_equal(fail_call(&policy, &calls[0], 0).verdict, RF_POLICY_RETRY);
    rf_policy_end(&policy, &calls[0], at_ms(1));
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).returned, 1);
    assert_int_equal(need_of(&policy, RF_POLICY_RETRIES).used, 0);
}

static void without_its_authority_the_own_budget_holds(void **state) {
    (void)state;
    struct rf_policy policy;
    struct rf_policy_call calls[1];
    make(&policy);
    begin(&policy, calls, 1);
    rf_policy_shares_begin(&policy, true);
    grant(&policy, RF_POLICY_TOKENS, 99, 99);
    grant(&policy, RF_POLICY_PLACES, 2, 2);
    rf_policy_share_grant(&policy, RF_POLICY_RETRIES, 0, 0, 0, at_ms(100),
                          at_ms(0)); // a lease that is over
    struct rf_policy_decision d = fail_call(&policy, &calls[0], 200);
    assert_int_equal(d.verdict, RF_POLICY_RETRY);
    assert_int_equal(d.at.ns, at_ms(5200).ns);
    assert_int_equal(policy.budget.waiting, 1);
    rf_policy_end(&policy, &calls[0], at_ms(201));
    assert_int_equal(policy.budget.waiting, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_begun_before_the_authority_spoke),
        cmocka_unit_test(without_an_authority_the_own_limits_hold),
        cmocka_unit_test(a_token_is_waited_for_and_given_in_order),
        cmocka_unit_test(a_token_is_not_held_by_a_connection_that_hangs),
        cmocka_unit_test(what_hung_is_not_written_without_another_token),
        cmocka_unit_test(what_hung_is_written_with_a_token_that_is_free),
        cmocka_unit_test(what_hung_is_not_written_after_a_change_of_keys),
        cmocka_unit_test(a_token_that_nobody_needs_goes_back_at_once),
        cmocka_unit_test(after_the_lease_nothing_is_begun_also_with_a_token_in_hand),
        cmocka_unit_test(a_place_goes_back_before_the_own_queue_is_served),
        cmocka_unit_test(places_that_may_be_kept_serve_the_own_queue),
        cmocka_unit_test(a_new_term_declares_what_is_in_use),
        cmocka_unit_test(an_open_breaker_ends_the_wait_for_a_token),
        cmocka_unit_test(incident_31_a_pause_told_by_another_holds_and_gives_the_token_back),
        cmocka_unit_test(incident_30_a_retry_comes_out_of_the_authoritys_budget_when_it_is_decided),
        cmocka_unit_test(a_retry_that_is_granted_later_waits_as_long_as_any),
        cmocka_unit_test(a_retry_that_is_due_before_the_word_waits_for_it),
        cmocka_unit_test(a_retry_that_is_cancelled_goes_back),
        cmocka_unit_test(without_its_authority_the_own_budget_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
