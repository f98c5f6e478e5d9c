// The composition, by given time: what each step lets through, and what a wait holds.
#include <ringfence/policy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define CALLS 10

struct stage {
    struct rf_policy policy;
    struct rf_policy_call calls[CALLS];
    struct rf_instant now;
};

static struct stage stage;

static struct rf_policy_rules plain(void) {
    struct rf_policy_rules rules = RF_POLICY_RULES_DEFAULT;
    rules.retry.jitter = RF_JITTER_NONE;
    return rules;
}

static void open_stage(const struct rf_policy_rules *rules) {
    memset(&stage, 0, sizeof stage);
    stage.now.ns = 1000 * RF_NS_PER_S;
    rf_policy_init(&stage.policy, rules, 1, stage.now);
    for (int i = 0; i < CALLS; i++)
        rf_policy_begin(&stage.policy, &stage.calls[i], rf_instant_add(stage.now, rf_seconds(60)));
}

static void later(struct rf_duration by) {
    stage.now = rf_instant_add(stage.now, by);
}

static struct rf_policy_decision step(int i) {
    return rf_policy_step(&stage.policy, &stage.calls[i], stage.now);
}

static struct rf_policy_decision end_attempt(int i, enum rf_class c) {
    return rf_policy_ended(&stage.policy, &stage.calls[i], c, rf_ns(0), stage.now);
}

static void send(int i) {
    assert_int_equal(step(i).verdict, RF_POLICY_GO);
    rf_policy_sent(&stage.policy, &stage.calls[i], stage.now);
}

static int next(void) {
    struct rf_policy_call *call = rf_policy_next(&stage.policy, stage.now);
    return call != NULL ? (int)(call - stage.calls) : -1;
}

static void over(int i) {
    rf_policy_end(&stage.policy, &stage.calls[i], stage.now);
}

static void a_call_passes_and_leaves_nothing_behind(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.bulkhead.max_in_flight = 1;
    open_stage(&rules);
    struct rf_policy_decision d = step(0);
    assert_int_equal(d.verdict, RF_POLICY_GO);
    assert_int_equal(d.timeout.ns, rules.attempt_timeout.ns);
    rf_policy_sent(&stage.policy, &stage.calls[0], stage.now);
    assert_int_equal(end_attempt(0, RF_CLASS_OK).verdict, RF_POLICY_DONE);
    over(0);
    assert_int_equal(stage.policy.bulkhead.in_flight, 0);
    assert_int_equal(stage.policy.in_flight, 0);
    assert_null(stage.policy.running.first);
}

static void a_wait_for_a_retry_holds_no_place(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.bulkhead.max_in_flight = 1;
    open_stage(&rules);
    send(0);
    assert_int_equal(step(1).verdict, RF_POLICY_QUEUED);
    struct rf_policy_decision d = end_attempt(0, RF_CLASS_TRANSIENT);
    assert_int_equal(d.verdict, RF_POLICY_RETRY);
    assert_int_equal(d.at.ns, stage.now.ns + 5 * RF_NS_PER_S);
    assert_int_equal(next(), 1);
    assert_int_equal(next(), -1);
    send(1);
    later(rf_seconds(5));
    assert_int_equal(step(0).verdict, RF_POLICY_QUEUED); // the other one has the place now
    assert_int_equal(end_attempt(1, RF_CLASS_OK).verdict, RF_POLICY_DONE);
    assert_int_equal(next(), 0);
    send(0);
}

static void the_queue_is_bounded_and_knows_the_deadline(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.bulkhead = (struct rf_bulkhead_policy){.max_in_flight = 1, .max_queue = 1};
    open_stage(&rules);
    send(0);
    assert_int_equal(step(1).verdict, RF_POLICY_QUEUED);
    struct rf_policy_decision d = step(2);
    assert_int_equal(d.verdict, RF_POLICY_REFUSED);
    assert_int_equal(d.reason, RF_POLICY_NO_PLACE);
    later(rf_seconds(60));
    assert_int_equal(next(), 1);
    assert_int_equal(step(1).reason, RF_POLICY_DEADLINE);
    assert_int_equal(stage.policy.bulkhead.queued, 0);
}

static void a_token_is_waited_for_in_order_and_given_back(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.rate_limit = (struct rf_rate_limit_policy){.rate = 1, .burst = 1};
    open_stage(&rules);
    send(0);
    struct rf_policy_decision first = step(1), second = step(2);
    assert_int_equal(first.verdict, RF_POLICY_WAIT);
    assert_int_equal(first.reason, RF_POLICY_RATE_LIMITED);
    assert_int_equal(first.at.ns, stage.now.ns + RF_NS_PER_S);
    assert_int_equal(second.at.ns, stage.now.ns + 2 * RF_NS_PER_S);
    later(rf_seconds(1));
    send(1);
    over(2);
    assert_int_equal(step(3).at.ns, second.at.ns); // the token of the call that is over
}

static void incident_14_a_pause_beyond_the_deadline_is_not_waited_for(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_stage(&rules);
    rf_rate_limit_pause(&stage.policy.key.rate_limit, rf_instant_add(stage.now, rf_seconds(3600)));
    struct rf_policy_decision d = step(0);
    assert_int_equal(d.verdict, RF_POLICY_REFUSED);
    assert_int_equal(d.reason, RF_POLICY_THROTTLED);
    assert_int_equal(d.at.ns, stage.now.ns + 3600 * RF_NS_PER_S);
}

static void incident_31_a_pause_is_only_extended(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_stage(&rules);
    send(0);
    send(1);
    send(2);
    (void)rf_policy_ended(&stage.policy, &stage.calls[0], RF_CLASS_RATE_LIMITED, rf_seconds(20),
                          stage.now);
    (void)rf_policy_ended(&stage.policy, &stage.calls[1], RF_CLASS_RATE_LIMITED, rf_seconds(10),
                          stage.now);
    (void)end_attempt(2, RF_CLASS_OK);
    struct rf_policy_decision d = step(3);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.reason, RF_POLICY_THROTTLED);
    assert_int_equal(d.at.ns, stage.now.ns + 20 * RF_NS_PER_S);
}

static void a_wish_beyond_max_delay_is_no_pause_for_the_others(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_stage(&rules);
    send(0);
    struct rf_duration wish = {rules.retry.max_delay.ns + 1};
    assert_int_equal(
        rf_policy_ended(&stage.policy, &stage.calls[0], RF_CLASS_RATE_LIMITED, wish, stage.now)
            .reason,
        RF_POLICY_TOO_LONG);
    send(1);
    wish.ns--;
    (void)rf_policy_ended(&stage.policy, &stage.calls[1], RF_CLASS_RATE_LIMITED, wish, stage.now);
    assert_int_equal(step(2).at.ns, stage.now.ns + wish.ns);
}

static bool told(int i, int64_t size, int64_t remaining, struct rf_duration reset) {
    struct rf_rate_limit_told word = {size, remaining, reset};
    return rf_policy_told(&stage.policy, &stage.calls[i], &word, stage.now);
}

static void what_a_reply_tells_of_the_limit_holds_all_calls_back(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.bulkhead.max_in_flight = 3;
    rules.bulkhead.max_queue = 5;
    open_stage(&rules);
    send(0);
    send(1);
    send(2);
    assert_int_equal(step(3).verdict, RF_POLICY_QUEUED); // with a token
    (void)end_attempt(0, RF_CLASS_OK);
    // Two of the three that remain are for those on their way, which may not be counted yet.
    assert_true(told(0, 100, 3, rf_seconds(97)));
    assert_int_equal(next(), 3);
    send(3);
    struct rf_policy_decision d = step(4);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.at.ns, stage.now.ns + RF_NS_PER_S);
    assert_int_equal(step(5).at.ns, stage.now.ns + 2 * RF_NS_PER_S);
    // Nothing remains: the one that has a token waits as well.
    assert_int_equal(step(6).verdict, RF_POLICY_WAIT);
    stage.now = rf_instant_add(stage.now, rf_ms(1500));
    (void)end_attempt(1, RF_CLASS_RATE_LIMITED);
    assert_true(told(1, 100, 0, rf_seconds(100)));
    d = step(4);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.reason, RF_POLICY_THROTTLED);
    assert_int_equal(d.at.ns, stage.now.ns + RF_NS_PER_S);
    for (int i = 0; i < 7; i++)
        over(i);
    assert_int_equal(stage.policy.key.reserved, 0);
    assert_int_equal(stage.policy.key.in_flight, 0);
}

static void without_follow_the_word_of_a_reply_counts_for_nothing(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.rate_limit.follow = rf_ns(0);
    open_stage(&rules);
    send(0);
    (void)end_attempt(0, RF_CLASS_OK);
    assert_false(told(0, 100, 0, rf_seconds(100)));
    send(1);
}

static struct rf_policy_key keys_of_stage[3];

static void open_keys(const struct rf_policy_rules *rules, size_t count) {
    const uint8_t former[] = {0, RF_POLICY_NO_KEY, RF_POLICY_NO_KEY};
    open_stage(rules);
    rf_policy_keys(&stage.policy, keys_of_stage, count, former, stage.now);
}

static void each_key_has_a_rate_of_its_own_and_the_first_one_with_a_token_is_taken(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.rate_limit = (struct rf_rate_limit_policy){.rate = 1, .burst = 2};
    open_keys(&rules, 2);
    for (int i = 0; i < 4; i++) {
        send(i);
        assert_int_equal(stage.calls[i].key, i / 2);
    }
    stage.now = rf_instant_add(stage.now, rf_ms(250));
    (void)end_attempt(2, RF_CLASS_RATE_LIMITED);
    assert_true(rf_policy_pause(&stage.policy, &stage.calls[2], rf_seconds(5), stage.now));
    // All wait for the first one's tokens, until the other's pause ends sooner.
    for (int i = 4; i < 9; i++) {
        struct rf_policy_decision d = step(i);
        assert_int_equal(d.verdict, RF_POLICY_WAIT);
        assert_int_equal(stage.calls[i].key, 0);
        assert_int_equal(d.at.ns, stage.now.ns + (4 * (i - 4) + 3) * RF_NS_PER_S / 4);
    }
    assert_int_equal(step(9).at.ns, stage.now.ns + 5 * RF_NS_PER_S);
    assert_int_equal(stage.calls[9].key, 1);
    over(9);
    assert_int_equal(keys_of_stage[1].reserved, 0);
    assert_int_equal(keys_of_stage[0].reserved, 5);
}

static void a_word_of_one_key_is_none_of_another(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_keys(&rules, 2);
    send(0);
    (void)end_attempt(0, RF_CLASS_OK);
    assert_true(told(0, 0, 0, rf_seconds(10)));
    assert_true(rf_policy_key_paused(&stage.policy, 0, stage.now, NULL));
    assert_false(rf_policy_key_paused(&stage.policy, 1, stage.now, NULL));
    send(1);
    assert_int_equal(stage.calls[1].key, 1);
    (void)end_attempt(1, RF_CLASS_OK);
    assert_true(told(1, 0, 0, rf_seconds(7)));
    assert_int_equal(step(2).at.ns, stage.now.ns + 7 * RF_NS_PER_S);
    assert_int_equal(stage.calls[2].key, 1);
}

static void a_token_of_a_key_that_is_barred_or_has_to_pause_is_exchanged(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.bulkhead.max_in_flight = 1;
    rules.bulkhead.max_queue = 5;
    open_keys(&rules, 3);
    send(0);
    assert_int_equal(step(1).verdict, RF_POLICY_QUEUED);
    assert_int_equal(stage.calls[1].key, 0);
    (void)end_attempt(0, RF_CLASS_RATE_LIMITED);
    assert_true(rf_policy_pause(&stage.policy, &stage.calls[0], rf_seconds(5), stage.now));
    assert_int_equal(next(), 1);
    rf_policy_bar(&stage.calls[1], 2);
    send(1);
    assert_int_equal(stage.calls[1].key, 2);
    assert_int_equal(keys_of_stage[0].reserved, 0);
    assert_int_equal(step(2).verdict, RF_POLICY_QUEUED);
    assert_int_equal(stage.calls[2].key, 1);
    rf_policy_bar(&stage.calls[2], 3);
    (void)end_attempt(1, RF_CLASS_OK);
    assert_int_equal(next(), 2);
    send(2);
    assert_int_equal(stage.calls[2].key, 2);
    assert_int_equal(keys_of_stage[2].in_flight, 1);
}

static void other_keys_keep_what_is_known_of_those_that_stay(void **state) {
    (void)state;
    static struct rf_policy_key fresh[3];
    const uint8_t former[] = {RF_POLICY_NO_KEY, 1, 0}, only[] = {1};
    struct rf_policy_rules rules = plain();
    open_keys(&rules, 2);
    send(0);
    (void)end_attempt(0, RF_CLASS_RATE_LIMITED);
    assert_true(rf_policy_pause(&stage.policy, &stage.calls[0], rf_seconds(5), stage.now));
    send(1);
    (void)step(2);
    for (int i = 0; i < 3; i++)
        rf_policy_unkey(&stage.policy, &stage.calls[i]);
    assert_int_equal(keys_of_stage[1].reserved, 0);
    rf_policy_keys(&stage.policy, fresh, 3, former, stage.now);
    assert_true(rf_policy_key_paused(&stage.policy, 2, stage.now, NULL));
    // The word of an attempt whose key may be gone is nobody's.
    (void)end_attempt(1, RF_CLASS_OK);
    assert_false(told(1, 0, 0, rf_seconds(7)));
    assert_false(rf_policy_pause(&stage.policy, &stage.calls[1], rf_seconds(1), stage.now));
    send(2);
    assert_int_equal(stage.calls[2].key, 0);
    (void)end_attempt(2, RF_CLASS_OK);
    for (int i = 0; i < 3; i++)
        rf_policy_unkey(&stage.policy, &stage.calls[i]);
    rf_policy_keys(&stage.policy, NULL, 1, only, stage.now);
    send(3);
    assert_int_equal(stage.calls[3].key, 0);
}

static struct rf_policy_rules hedging(void) {
    struct rf_policy_rules rules = plain();
    rules.hedge.enabled = true;
    rules.hedge.ratio = 1;
    return rules;
}

static struct rf_policy_decision hedge(int first, int second) {
    rf_policy_end(&stage.policy, &stage.calls[second], stage.now);
    return rf_policy_hedge(&stage.policy, &stage.calls[first], &stage.calls[second], stage.now);
}

static void a_second_attempt_holds_what_a_first_one_does_and_leaves_nothing_behind(void **state) {
    (void)state;
    struct rf_policy_rules rules = hedging();
    struct rf_duration delay;
    rules.bulkhead.max_in_flight = 2;
    open_stage(&rules);
    send(0);
    assert_true(rf_policy_hedge_after(&stage.policy, &stage.calls[0], stage.now, &delay));
    assert_int_equal(delay.ns, rules.hedge.delay.ns);
    later(delay);
    assert_int_equal(hedge(0, 1).verdict, RF_POLICY_GO);
    rf_policy_sent(&stage.policy, &stage.calls[1], stage.now);
    assert_false(rf_policy_hedge_after(&stage.policy, &stage.calls[1], stage.now, &delay));
    assert_int_equal(stage.policy.bulkhead.in_flight, 2);
    assert_int_equal(hedge(0, 2).reason, RF_POLICY_NO_PLACE);
    later(rf_seconds(1));
    rf_policy_settled(&stage.policy, &stage.calls[1], RF_CLASS_OK, false, stage.now);
    assert_int_equal(stage.policy.hedge.latency.recent.count,
                     0); // only a first one's is the usual one
    rf_policy_cancelled(&stage.policy, &stage.calls[0], stage.now);
    rf_policy_cancelled(&stage.policy, &stage.calls[0], stage.now);
    assert_int_equal(stage.policy.hedge.latency.recent.count, 1);
    assert_int_equal(stage.policy.bulkhead.in_flight, 0);
    assert_int_equal(stage.policy.in_flight, 0);
    assert_int_equal(stage.policy.key.in_flight, 0);
    assert_int_equal(stage.policy.key.reserved, 0);
}

static void no_second_attempt_goes_where_a_first_one_would_wait(void **state) {
    (void)state;
    struct rf_policy_rules rules = hedging();
    rules.rate_limit = (struct rf_rate_limit_policy){.rate = 1, .burst = 2};
    rules.breaker.failure_threshold = 1;
    rules.retry.max_retries = 0;
    open_stage(&rules);
    send(0);
    send(1);
    assert_int_equal(hedge(0, 2).reason, RF_POLICY_RATE_LIMITED);
    later(rf_seconds(2));
    assert_int_equal(hedge(0, 2).verdict, RF_POLICY_GO);
    rf_policy_end(&stage.policy, &stage.calls[2], stage.now);
    assert_int_equal(stage.policy.key.reserved, 0); // given back
    (void)end_attempt(1, RF_CLASS_TRANSIENT);
    assert_int_equal(hedge(0, 2).reason, RF_POLICY_OPEN);
    later(rules.breaker.recovery_timeout); // half open: no second attempt is the test
    assert_int_equal(hedge(0, 2).reason, RF_POLICY_OPEN);
    assert_int_equal(step(3).verdict, RF_POLICY_GO);
    later(
        rf_ns(rf_instant_since(stage.calls[0].deadline, stage.now).ns - rules.attempt_min.ns + 1));
    assert_int_equal(hedge(0, 2).reason, RF_POLICY_DEADLINE);
}

static void a_cancelled_attempt_is_no_evidence_for_the_breaker(void **state) {
    (void)state;
    struct rf_policy_rules rules = hedging();
    struct rf_duration delay;
    rules.breaker.failure_threshold = 2;
    rules.retry.max_retries = 0;
    open_stage(&rules);
    send(0);
    (void)end_attempt(0, RF_CLASS_TRANSIENT);
    send(1);
    assert_int_equal(hedge(1, 2).verdict, RF_POLICY_GO);
    rf_policy_sent(&stage.policy, &stage.calls[2], stage.now);
    rf_policy_cancelled(&stage.policy, &stage.calls[1], stage.now);
    rf_policy_settled(&stage.policy, &stage.calls[2], RF_CLASS_TRANSIENT, false, stage.now);
    assert_int_equal(step(3).reason, RF_POLICY_OPEN); // the second failure, not interrupted
    stage.policy.hedge.policy.enabled = false;
    assert_false(rf_policy_hedge_after(&stage.policy, &stage.calls[0], stage.now, &delay));
}

static void incident_42_a_single_service_has_a_breaker(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.retry.max_retries = 0;
    rules.breaker.failure_threshold = 2;
    open_stage(&rules);
    send(0);
    assert_int_equal(end_attempt(0, RF_CLASS_TRANSIENT).reason, RF_POLICY_EXHAUSTED);
    send(1);
    (void)end_attempt(1, RF_CLASS_TRANSIENT);
    struct rf_policy_decision d = step(2);
    assert_int_equal(d.verdict, RF_POLICY_REFUSED);
    assert_int_equal(d.reason, RF_POLICY_OPEN);
    assert_int_equal(d.at.ns, stage.now.ns + rules.breaker.recovery_timeout.ns);
}

static void a_breaker_that_opens_ends_all_waits_but_the_one_for_recovery(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.bulkhead.max_in_flight = 1;
    open_stage(&rules);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_CLOSED, 1, (struct rf_instant){0});
    send(0);
    assert_int_equal(end_attempt(0, RF_CLASS_TRANSIENT).verdict, RF_POLICY_RETRY);
    send(1);
    assert_int_equal(step(2).verdict, RF_POLICY_QUEUED);
    assert_int_equal(stage.policy.budget.waiting, 1);
    struct rf_instant until = rf_instant_add(stage.now, rf_seconds(30));
    assert_true(rf_policy_follow(&stage.policy, RF_BREAKER_OPEN, 2, until));
    assert_int_equal(next(), 0);
    assert_int_equal(next(), 2);
    assert_int_equal(next(), -1);
    for (int i = 0; i < 3; i += 2) {
        struct rf_policy_decision d = step(i);
        assert_int_equal(d.verdict, RF_POLICY_REFUSED);
        assert_int_equal(d.reason, RF_POLICY_OPEN);
        assert_int_equal(d.at.ns, until.ns);
        over(i);
    }
    assert_int_equal(stage.policy.budget.waiting, 0); // incident 30
    assert_int_equal(stage.policy.bulkhead.in_flight, 1);
}

static void incident_8_a_call_waits_for_recovery_within_its_deadline(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.when_open = RF_WHEN_OPEN_WAIT;
    rules.bulkhead.max_in_flight = 1;
    open_stage(&rules);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_OPEN, 1,
                           rf_instant_add(stage.now, rf_seconds(2)));
    struct rf_policy_decision d = step(0);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.reason, RF_POLICY_OPEN);
    assert_int_equal(d.at.ns, stage.calls[0].deadline.ns);
    assert_int_equal(step(1).verdict, RF_POLICY_WAIT);
    assert_int_equal(stage.policy.bulkhead.in_flight, 0); // it holds no place meanwhile
    later(rf_seconds(2));
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_HALF_OPEN, 2, (struct rf_instant){0});
    assert_int_equal(next(), 0);
    assert_int_equal(step(0).verdict, RF_POLICY_ASK);
    rf_policy_asked(&stage.policy, &stage.calls[0]);
    assert_int_equal(next(), 1);
    assert_int_equal(step(1).reason, RF_POLICY_TESTING);
    rf_policy_granted(&stage.policy, &stage.calls[0], 2);
    send(0);
    (void)end_attempt(0, RF_CLASS_OK);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_CLOSED, 3, (struct rf_instant){0});
    assert_int_equal(next(), 1);
    send(1);
}

static void incident_8_the_policys_own_breaker_is_waited_for_as_well(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.when_open = RF_WHEN_OPEN_WAIT;
    rules.breaker.failure_threshold = 1;
    rules.breaker.recovery_timeout = rf_seconds(2);
    rules.retry.max_retries = 0;
    open_stage(&rules);
    send(0);
    (void)end_attempt(0, RF_CLASS_TRANSIENT);
    struct rf_policy_decision d = step(1);
    assert_int_equal(d.verdict, RF_POLICY_WAIT);
    assert_int_equal(d.at.ns, stage.now.ns + 2 * RF_NS_PER_S);
    later(rf_seconds(2));
    send(1);
    assert_int_equal(step(2).reason, RF_POLICY_TESTING);
    (void)end_attempt(1, RF_CLASS_PERMANENT_INVALID); // does not count: the next one tests
    assert_int_equal(next(), 2);
    send(2);
    assert_true(stage.calls[2].test);
}

static void a_call_whose_deadline_ends_while_it_waits_for_recovery_is_told_so(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.when_open = RF_WHEN_OPEN_WAIT;
    open_stage(&rules);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_OPEN, 1, stage.now);
    assert_int_equal(step(0).verdict, RF_POLICY_WAIT);
    later(rf_seconds(60));
    assert_int_equal(step(0).reason, RF_POLICY_DEADLINE);
    assert_null(stage.policy.idle.first);
}

static void incident_2_a_test_that_ends_without_counting_lets_the_next_one_test(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_stage(&rules);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_HALF_OPEN, 2, stage.now);
    assert_int_equal(step(0).verdict, RF_POLICY_ASK);
    rf_policy_asked(&stage.policy, &stage.calls[0]);
    assert_int_equal(step(1).reason, RF_POLICY_TESTING);
    rf_policy_granted(&stage.policy, &stage.calls[0], 2);
    send(0);
    (void)end_attempt(0, RF_CLASS_PERMANENT_INVALID);
    assert_int_equal(step(2).verdict, RF_POLICY_ASK);
}

static void a_permit_that_is_not_granted_is_an_open_breaker_unless_it_closed(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_stage(&rules);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_HALF_OPEN, 2, stage.now);
    assert_int_equal(step(0).verdict, RF_POLICY_ASK);
    rf_policy_asked(&stage.policy, &stage.calls[0]);
    struct rf_policy_decision d = rf_policy_not_granted(&stage.policy, &stage.calls[0], stage.now);
    assert_int_equal(d.verdict, RF_POLICY_REFUSED);
    assert_int_equal(d.reason, RF_POLICY_TESTING);
    assert_int_equal(step(1).verdict, RF_POLICY_ASK);
    rf_policy_asked(&stage.policy, &stage.calls[1]);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_CLOSED, 3, stage.now);
    d = rf_policy_not_granted(&stage.policy, &stage.calls[1], stage.now);
    assert_int_equal(d.verdict, RF_POLICY_GO);
}

static void incident_30_retries_that_wait_are_in_the_budget(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.budget =
        (struct rf_budget_policy){.ratio = 0, .min_retries = 1, .window = {10 * RF_NS_PER_S}};
    open_stage(&rules);
    send(0);
    send(1);
    send(2);
    assert_int_equal(end_attempt(0, RF_CLASS_TRANSIENT).verdict, RF_POLICY_RETRY);
    struct rf_policy_decision d = end_attempt(1, RF_CLASS_TRANSIENT);
    assert_int_equal(d.verdict, RF_POLICY_DONE);
    assert_int_equal(d.reason, RF_POLICY_NO_BUDGET);
    assert_int_equal(stage.calls[1].retry.retries, 0);
    over(0); // cancelled while it waited: what it had taken is given back
    assert_int_equal(end_attempt(2, RF_CLASS_TRANSIENT).verdict, RF_POLICY_RETRY);
}

static void incident_28_a_call_that_still_runs_is_told_slow_once(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    struct rf_instant when;
    rules.breaker.slow_rate = 0.5;
    rules.breaker.slow_after = rf_seconds(3);
    rules.breaker.minimum_calls = 2;
    open_stage(&rules);
    send(0);
    later(rf_seconds(1));
    send(1);
    assert_true(rf_policy_wake(&stage.policy, &when));
    assert_int_equal(when.ns, stage.now.ns + 2 * RF_NS_PER_S);
    assert_null(rf_policy_slow(&stage.policy, stage.now));
    later(rf_seconds(2));
    assert_ptr_equal(rf_policy_slow(&stage.policy, stage.now), &stage.calls[0]);
    assert_null(rf_policy_slow(&stage.policy, stage.now));
    assert_int_equal(step(2).verdict, RF_POLICY_GO);
    later(rf_seconds(1));
    assert_ptr_equal(rf_policy_slow(&stage.policy, stage.now), &stage.calls[1]);
    assert_int_equal(step(2).reason, RF_POLICY_OPEN); // though nothing has ended yet
}

static void a_limit_that_adapts_is_the_bulkheads(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    rules.adaptive.algorithm = RF_ADAPTIVE_AIMD;
    rules.adaptive.initial = 2;
    open_stage(&rules);
    send(0);
    send(1);
    assert_int_equal(step(2).verdict, RF_POLICY_QUEUED);
    (void)end_attempt(0, RF_CLASS_RATE_LIMITED);
    assert_int_equal(stage.policy.bulkhead.policy.max_in_flight, 1);
}

static void a_failed_test_is_not_retried_before_its_authority_said_what_follows(void **state) {
    (void)state;
    struct rf_policy_rules rules = plain();
    open_stage(&rules);
    (void)rf_policy_follow(&stage.policy, RF_BREAKER_HALF_OPEN, 2, stage.now);
    assert_int_equal(step(0).verdict, RF_POLICY_ASK);
    rf_policy_asked(&stage.policy, &stage.calls[0]);
    rf_policy_granted(&stage.policy, &stage.calls[0], 2);
    send(0);
    struct rf_policy_decision d = end_attempt(0, RF_CLASS_TRANSIENT);
    assert_int_equal(d.verdict, RF_POLICY_REFUSED);
    assert_int_equal(d.reason, RF_POLICY_OPEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_passes_and_leaves_nothing_behind),
        cmocka_unit_test(a_wait_for_a_retry_holds_no_place),
        cmocka_unit_test(the_queue_is_bounded_and_knows_the_deadline),
        cmocka_unit_test(a_token_is_waited_for_in_order_and_given_back),
        cmocka_unit_test(incident_14_a_pause_beyond_the_deadline_is_not_waited_for),
        cmocka_unit_test(incident_31_a_pause_is_only_extended),
        cmocka_unit_test(a_wish_beyond_max_delay_is_no_pause_for_the_others),
        cmocka_unit_test(what_a_reply_tells_of_the_limit_holds_all_calls_back),
        cmocka_unit_test(without_follow_the_word_of_a_reply_counts_for_nothing),
        cmocka_unit_test(each_key_has_a_rate_of_its_own_and_the_first_one_with_a_token_is_taken),
        cmocka_unit_test(a_word_of_one_key_is_none_of_another),
        cmocka_unit_test(a_token_of_a_key_that_is_barred_or_has_to_pause_is_exchanged),
        cmocka_unit_test(other_keys_keep_what_is_known_of_those_that_stay),
        cmocka_unit_test(a_second_attempt_holds_what_a_first_one_does_and_leaves_nothing_behind),
        cmocka_unit_test(no_second_attempt_goes_where_a_first_one_would_wait),
        cmocka_unit_test(a_cancelled_attempt_is_no_evidence_for_the_breaker),
        cmocka_unit_test(incident_42_a_single_service_has_a_breaker),
        cmocka_unit_test(a_breaker_that_opens_ends_all_waits_but_the_one_for_recovery),
        cmocka_unit_test(incident_8_a_call_waits_for_recovery_within_its_deadline),
        cmocka_unit_test(incident_8_the_policys_own_breaker_is_waited_for_as_well),
        cmocka_unit_test(a_call_whose_deadline_ends_while_it_waits_for_recovery_is_told_so),
        cmocka_unit_test(incident_2_a_test_that_ends_without_counting_lets_the_next_one_test),
        cmocka_unit_test(a_permit_that_is_not_granted_is_an_open_breaker_unless_it_closed),
        cmocka_unit_test(incident_30_retries_that_wait_are_in_the_budget),
        cmocka_unit_test(incident_28_a_call_that_still_runs_is_told_slow_once),
        cmocka_unit_test(a_limit_that_adapts_is_the_bulkheads),
        cmocka_unit_test(a_failed_test_is_not_retried_before_its_authority_said_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
