#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include <ringfence/breaker.h>
#include <ringfence/retry.h>

#define S RF_NS_PER_S

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){ns};
}

static struct rf_breaker_policy policy_of(int64_t threshold) {
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = threshold;
    return policy;
}

static struct rf_breaker closed(int64_t threshold) {
    struct rf_breaker breaker;
    struct rf_breaker_policy policy = policy_of(threshold);
    rf_breaker_init(&breaker, &policy, at(0));
    return breaker;
}

// One call that begins and ends at once.
static bool call(struct rf_breaker *breaker, enum rf_class c, int64_t ns) {
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    bool changed;
    assert_true(rf_breaker_admit(breaker, at(ns), &ticket, &changed, &transition));
    return rf_breaker_record(breaker, ticket, c, at(ns), &transition);
}

static struct rf_breaker opened(int64_t ns) {
    struct rf_breaker breaker = closed(1);
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, ns));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    return breaker;
}

static bool admits(struct rf_breaker *breaker, int64_t ns, struct rf_breaker_ticket *ticket) {
    struct rf_breaker_transition transition;
    bool changed;
    return rf_breaker_admit(breaker, at(ns), ticket, &changed, &transition);
}

static void it_opens_at_exactly_the_threshold(void **state) {
    (void)state;
    const int64_t thresholds[] = {1, 2, 5, 100, RF_BREAKER_MAX_THRESHOLD};
    for (size_t t = 0; t < sizeof thresholds / sizeof thresholds[0]; t++) {
        struct rf_breaker breaker = closed(thresholds[t]);
        for (int64_t i = 1; i < thresholds[t]; i++)
            assert_false(call(&breaker, RF_CLASS_TRANSIENT, i));
        assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
        assert_true(call(&breaker, RF_CLASS_TRANSIENT, thresholds[t]));
        assert_int_equal(breaker.state, RF_BREAKER_OPEN);
        assert_int_equal(breaker.epoch, 1);
    }
}

static void the_transition_tells_its_cause_counts_and_how_long_the_state_lasted(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(2);
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket;
    call(&breaker, RF_CLASS_TRANSIENT, 3 * S);
    admits(&breaker, 4 * S, &ticket);
    assert_true(rf_breaker_record(&breaker, ticket, RF_CLASS_AMBIGUOUS, at(4 * S), &transition));
    assert_int_equal(transition.from, RF_BREAKER_CLOSED);
    assert_int_equal(transition.to, RF_BREAKER_OPEN);
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_FAILURES);
    assert_int_equal(transition.failures, 2);
    assert_int_equal(transition.epoch, 1);
    assert_int_equal(transition.held.ns, 4 * S);
    assert_true(rf_breaker_tick(&breaker, at(40 * S), &transition));
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_TIMEOUT);
    // It was half open from the end of its timeout on, however late somebody looked.
    assert_int_equal(transition.held.ns, 30 * S);
    assert_int_equal(breaker.since.ns, 34 * S);
}

static void a_success_starts_the_count_anew(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(3);
    for (int i = 0; i < 10; i++) {
        call(&breaker, RF_CLASS_TRANSIENT, i);
        call(&breaker, RF_CLASS_TRANSIENT, i);
        call(&breaker, RF_CLASS_OK, i);
    }
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
    assert_int_equal(breaker.failures, 0);
}

static void only_transient_and_ambiguous_count(void **state) {
    (void)state;
    for (int c = 0; c < RF_CLASS_COUNT; c++) {
        struct rf_breaker breaker = closed(1);
        bool counts = c == RF_CLASS_TRANSIENT || c == RF_CLASS_AMBIGUOUS;
        assert_int_equal(call(&breaker, (enum rf_class)c, 1), counts);
    }
}

static void what_does_not_count_does_not_end_a_row_of_failures(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(2);
    call(&breaker, RF_CLASS_TRANSIENT, 1);
    call(&breaker, RF_CLASS_PERMANENT_INVALID, 2);
    call(&breaker, RF_CLASS_RATE_LIMITED, 3);
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, 4));
}

static void incident_29_failures_expire_so_one_an_hour_never_adds_up(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(2);
    int64_t interval = breaker.policy.failure_interval.ns;
    for (int64_t hour = 0; hour < 48; hour++)
        assert_false(call(&breaker, RF_CLASS_TRANSIENT, hour * 3600 * S));
    struct rf_breaker edge = closed(2);
    call(&edge, RF_CLASS_TRANSIENT, 0);
    assert_true(call(&edge, RF_CLASS_TRANSIENT, interval));
    struct rf_breaker beyond = closed(2);
    call(&beyond, RF_CLASS_TRANSIENT, 0);
    assert_false(call(&beyond, RF_CLASS_TRANSIENT, interval + 1));
}

static void the_ring_of_failures_wraps(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(RF_BREAKER_MAX_THRESHOLD);
    int64_t interval = breaker.policy.failure_interval.ns;
    // One failure leaves for each that comes, many times around the ring.
    for (int64_t i = 0; i < 5 * RF_BREAKER_MAX_THRESHOLD; i++) {
        assert_false(call(&breaker, RF_CLASS_TRANSIENT, i * (interval / 10)));
        assert_true(breaker.failures <= 11);
    }
    assert_int_equal(breaker.failures, 11);
}

static void it_is_half_open_at_exactly_the_end_of_its_timeout(void **state) {
    (void)state;
    struct rf_breaker breaker = opened(10);
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    struct rf_instant wake;
    int64_t end = 10 + 30 * S;
    assert_true(rf_breaker_wake(&breaker, &wake));
    assert_int_equal(wake.ns, end);
    assert_false(admits(&breaker, 10, &ticket));
    assert_false(rf_breaker_tick(&breaker, at(end - 1), &transition));
    assert_false(admits(&breaker, end - 1, &ticket));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    assert_true(rf_breaker_tick(&breaker, at(end), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
    assert_false(rf_breaker_wake(&breaker, &wake));
}

static void half_open_admits_one_test_request_and_no_other(void **state) {
    (void)state;
    struct rf_breaker breaker = opened(0);
    struct rf_breaker_ticket first, second;
    assert_true(admits(&breaker, 30 * S, &first));
    assert_int_not_equal(first.permit, 0);
    for (int i = 0; i < 50; i++)
        assert_false(admits(&breaker, 30 * S + i, &second));
}

static void a_test_request_that_succeeds_closes_and_one_that_fails_opens(void **state) {
    (void)state;
    const struct {
        enum rf_class c;
        enum rf_breaker_state after;
        enum rf_breaker_cause cause;
    } rows[] = {
        {RF_CLASS_OK, RF_BREAKER_CLOSED, RF_BREAKER_CAUSE_TEST_PASSED},
        {RF_CLASS_TRANSIENT, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED},
        {RF_CLASS_AMBIGUOUS, RF_BREAKER_OPEN, RF_BREAKER_CAUSE_TEST_FAILED},
    };
    for (size_t i = 0; i < 3; i++) {
        struct rf_breaker breaker = opened(0);
        struct rf_breaker_ticket ticket;
        struct rf_breaker_transition transition;
        assert_true(admits(&breaker, 31 * S, &ticket));
        assert_true(rf_breaker_record(&breaker, ticket, rows[i].c, at(32 * S), &transition));
        assert_int_equal(breaker.state, rows[i].after);
        assert_int_equal(transition.cause, rows[i].cause);
        assert_int_equal(breaker.epoch, 3);
        if (rows[i].after == RF_BREAKER_OPEN) {
            assert_false(admits(&breaker, 62 * S - 1, &ticket));
            assert_true(admits(&breaker, 62 * S, &ticket));
        }
    }
}

static void more_good_test_requests_are_needed_when_the_threshold_says_so(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    policy.success_threshold = 3;
    struct rf_breaker breaker;
    rf_breaker_init(&breaker, &policy, at(0));
    call(&breaker, RF_CLASS_TRANSIENT, 0);
    assert_false(call(&breaker, RF_CLASS_OK, 30 * S));
    assert_false(call(&breaker, RF_CLASS_OK, 31 * S));
    assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
    assert_true(call(&breaker, RF_CLASS_OK, 32 * S));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
    // A bad one in between starts from OPEN again.
    call(&breaker, RF_CLASS_TRANSIENT, 40 * S);
    call(&breaker, RF_CLASS_OK, 70 * S);
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, 71 * S));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    call(&breaker, RF_CLASS_OK, 101 * S);
    assert_int_equal(breaker.successes, 1);
}

static void incident_01_a_test_request_that_never_settles_loses_its_permit(void **state) {
    (void)state;
    struct rf_breaker breaker = opened(0);
    struct rf_breaker_ticket lost, next;
    struct rf_breaker_transition transition;
    struct rf_instant wake;
    assert_true(admits(&breaker, 30 * S, &lost));
    assert_true(rf_breaker_wake(&breaker, &wake));
    assert_int_equal(wake.ns, 75 * S);
    assert_false(admits(&breaker, 75 * S - 1, &next));
    assert_true(admits(&breaker, 75 * S, &next));
    assert_int_not_equal(next.permit, lost.permit);
    // The late report with the old permit changes nothing, good or bad.
    assert_false(rf_breaker_record(&breaker, lost, RF_CLASS_OK, at(76 * S), &transition));
    assert_false(rf_breaker_record(&breaker, lost, RF_CLASS_TRANSIENT, at(76 * S), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
    assert_true(rf_breaker_record(&breaker, next, RF_CLASS_OK, at(77 * S), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
}

static void incident_01_a_cancelled_test_request_gives_its_permit_back(void **state) {
    (void)state;
    struct rf_breaker breaker = opened(0);
    struct rf_breaker_ticket first, second, none;
    assert_true(admits(&breaker, 30 * S, &first));
    rf_breaker_cancel(&breaker, first, at(31 * S));
    assert_true(admits(&breaker, 31 * S, &second));
    // Cancelling the old one again does not take the new one's permit.
    rf_breaker_cancel(&breaker, first, at(32 * S));
    assert_false(admits(&breaker, 32 * S, &none));
}

static void incident_02_a_test_request_that_does_not_count_gives_its_permit_back(void **state) {
    (void)state;
    const enum rf_class classes[] = {RF_CLASS_RATE_LIMITED,      RF_CLASS_PERMANENT_AUTH,
                                     RF_CLASS_PERMANENT_QUOTA,   RF_CLASS_PERMANENT_CONFIG,
                                     RF_CLASS_PERMANENT_INVALID, RF_CLASS_LOCAL};
    struct rf_breaker breaker = opened(0);
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        assert_true(admits(&breaker, 30 * S, &ticket));
        assert_false(rf_breaker_record(&breaker, ticket, classes[i], at(30 * S), &transition));
        assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
        assert_int_equal(breaker.permit, 0);
    }
    assert_true(call(&breaker, RF_CLASS_OK, 31 * S));
}

static void incident_03_results_of_calls_from_before_do_not_count(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(2);
    struct rf_breaker_ticket early[10], test;
    struct rf_breaker_transition transition;
    for (int i = 0; i < 10; i++)
        assert_true(admits(&breaker, 1, &early[i]));
    int opened_times = 0;
    for (int i = 0; i < 6; i++)
        opened_times +=
            rf_breaker_record(&breaker, early[i], RF_CLASS_TRANSIENT, at(2), &transition);
    assert_int_equal(opened_times, 1);
    assert_int_equal(breaker.epoch, 1);
    // Late good news does not close an open breaker, nor one that is half open.
    assert_false(rf_breaker_record(&breaker, early[6], RF_CLASS_OK, at(3), &transition));
    assert_true(admits(&breaker, 2 + 30 * S, &test));
    assert_false(rf_breaker_record(&breaker, early[7], RF_CLASS_OK, at(31 * S), &transition));
    assert_false(
        rf_breaker_record(&breaker, early[8], RF_CLASS_TRANSIENT, at(31 * S), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
    assert_true(rf_breaker_record(&breaker, test, RF_CLASS_OK, at(32 * S), &transition));
    // Nor does a late failure count in the CLOSED state after it.
    assert_false(
        rf_breaker_record(&breaker, early[9], RF_CLASS_TRANSIENT, at(33 * S), &transition));
    assert_int_equal(breaker.failures, 0);
    // A test request is reported once.
    assert_false(rf_breaker_record(&breaker, test, RF_CLASS_TRANSIENT, at(33 * S), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
}

static void a_result_that_comes_as_the_timeout_ends_is_late(void **state) {
    (void)state;
    struct rf_breaker breaker = opened(0);
    struct rf_breaker_transition transition;
    // Nothing is admitted while it is OPEN, so a result that claims to be of this time is none.
    struct rf_breaker_ticket ticket = {.epoch = breaker.epoch};
    assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(30 * S - 1), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    assert_true(rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(30 * S), &transition));
    assert_int_equal(transition.to, RF_BREAKER_HALF_OPEN);
    assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
}

static void time_that_runs_back_is_taken_as_the_latest_seen(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(2);
    struct rf_breaker_transition transition;
    call(&breaker, RF_CLASS_TRANSIENT, 100 * S);
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, 50 * S));
    assert_int_equal(breaker.until.ns, 130 * S);
    assert_false(rf_breaker_tick(&breaker, at(0), &transition));
    assert_true(rf_breaker_tick(&breaker, at(130 * S), &transition));
}

static void a_restored_state_wins_by_its_epoch_and_its_time_left_is_clamped(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    const struct {
        int64_t left_s, expected_s;
    } rows[] = {{-5, 0}, {0, 0}, {12, 12}, {30, 30}, {31, 30}, {INT64_MAX / S, 30}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_breaker breaker = closed(5);
        assert_true(rf_breaker_restore(&breaker, RF_BREAKER_OPEN, 7, rf_seconds(rows[i].left_s),
                                       at(100 * S), &transition));
        assert_int_equal(transition.cause, RF_BREAKER_CAUSE_RESTORED);
        assert_int_equal(transition.epoch, 7);
        assert_int_equal(breaker.epoch, 7);
        assert_int_equal(breaker.until.ns, (100 + rows[i].expected_s) * S);
        // The same or an older epoch changes nothing.
        assert_false(
            rf_breaker_restore(&breaker, RF_BREAKER_CLOSED, 7, rf_ns(0), at(101 * S), &transition));
        assert_false(
            rf_breaker_restore(&breaker, RF_BREAKER_CLOSED, 6, rf_ns(0), at(101 * S), &transition));
        assert_int_equal(breaker.state, RF_BREAKER_OPEN);
        assert_true(rf_breaker_tick(&breaker, at(130 * S), &transition));
        assert_int_equal(breaker.epoch, 8);
    }
    struct rf_breaker same = closed(5);
    assert_false(rf_breaker_restore(&same, RF_BREAKER_CLOSED, 4, rf_ns(0), at(1), &transition));
    assert_int_equal(same.epoch, 4);
}

static void each_state_can_be_restored_and_goes_on_from_there(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket, other;
    struct rf_breaker half = closed(5);
    assert_true(
        rf_breaker_restore(&half, RF_BREAKER_HALF_OPEN, 3, rf_ns(0), at(100 * S), &transition));
    assert_int_equal(half.state, RF_BREAKER_HALF_OPEN);
    assert_int_equal(transition.from, RF_BREAKER_CLOSED);
    assert_int_equal(transition.to, RF_BREAKER_HALF_OPEN);
    // The permit of its former life is not out here: the next call is the test.
    assert_true(admits(&half, 100 * S, &ticket));
    assert_true(ticket.permit > 0);
    assert_false(admits(&half, 100 * S, &other));
    // A newer word from elsewhere takes the permit away.
    assert_true(
        rf_breaker_restore(&half, RF_BREAKER_CLOSED, 9, rf_ns(0), at(101 * S), &transition));
    assert_false(rf_breaker_record(&half, ticket, RF_CLASS_TRANSIENT, at(102 * S), &transition));
    assert_int_equal(half.failures, 0);
    struct rf_breaker unknown = closed(5);
    assert_false(
        rf_breaker_restore(&unknown, (enum rf_breaker_state)3, 9, rf_ns(0), at(1), &transition));
    assert_int_equal(unknown.state, RF_BREAKER_CLOSED);
    assert_int_equal(unknown.epoch, 0);
}

static void a_policy_out_of_range_is_clamped(void **state) {
    (void)state;
    struct rf_breaker_policy policy = {.failure_threshold = -1,
                                       .failure_interval = {-1},
                                       .recovery_timeout = {-1},
                                       .test_lease = {-1}};
    struct rf_breaker breaker;
    rf_breaker_init(&breaker, &policy, at(5));
    assert_int_equal(breaker.policy.failure_threshold, 0);
    assert_int_equal(breaker.policy.success_threshold, 1);
    assert_int_equal(breaker.policy.failure_interval.ns, 0);
    assert_int_equal(breaker.policy.recovery_timeout.ns, 0);
    assert_int_equal(breaker.policy.test_lease.ns, 1);
    policy.failure_threshold = INT64_MAX;
    rf_breaker_init(&breaker, &policy, at(5));
    assert_int_equal(breaker.policy.failure_threshold, RF_BREAKER_MAX_THRESHOLD);
}

static void names_and_states_are_one_to_one(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        enum rf_breaker_state parsed;
        assert_true(
            rf_breaker_state_parse(rf_breaker_state_name((enum rf_breaker_state)i), &parsed));
        assert_int_equal(parsed, i);
    }
    enum rf_breaker_state parsed;
    assert_false(rf_breaker_state_parse("opened", &parsed));
    const char *const causes[] = {"none",        "failures", "test_failed",
                                  "test_passed", "timeout",  "restored"};
    for (int i = 0; i < 6; i++)
        assert_string_equal(rf_breaker_cause_name((enum rf_breaker_cause)i), causes[i]);
    assert_string_equal(rf_breaker_cause_name((enum rf_breaker_cause)99), "unknown");
    assert_string_equal(rf_breaker_state_name((enum rf_breaker_state)99), "unknown");
}

static void a_failure_rate_opens_at_its_share_of_enough_calls(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(0);
    policy.failure_rate = 0.5;
    struct rf_breaker breaker;
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket;
    rf_breaker_init(&breaker, &policy, at(0));
    for (int i = 0; i < 9; i++)
        assert_false(call(&breaker, i < 5 ? RF_CLASS_TRANSIENT : RF_CLASS_OK, i));
    // What does not count is no call of the window.
    assert_false(call(&breaker, RF_CLASS_PERMANENT_INVALID, 9));
    assert_true(admits(&breaker, 10, &ticket));
    assert_true(rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(10), &transition));
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_FAILURE_RATE);
    assert_int_equal(transition.figures.total, 10);
    assert_int_equal(transition.figures.failed, 5);
}

static struct rf_breaker watching_speed(void) {
    struct rf_breaker breaker;
    struct rf_breaker_policy policy = policy_of(0);
    policy.slow_rate = 1.0;
    policy.slow_after = rf_seconds(2);
    rf_breaker_init(&breaker, &policy, at(0));
    return breaker;
}

static void incident_28_hung_calls_open_the_breaker_while_they_run_and_count_once(void **state) {
    (void)state;
    struct rf_breaker breaker = watching_speed();
    struct rf_breaker_ticket tickets[10];
    struct rf_breaker_transition transition;
    struct rf_breaker_snapshot snapshot;
    for (int i = 0; i < 10; i++)
        assert_true(admits(&breaker, 0, &tickets[i]));
    for (int i = 0; i < 9; i++)
        assert_false(rf_breaker_slow(&breaker, &tickets[i], at(2 * S), &transition));
    assert_false(rf_breaker_slow(&breaker, &tickets[0], at(2 * S), &transition)); // told twice
    assert_false(rf_breaker_record(&breaker, tickets[0], RF_CLASS_OK, at(3 * S), &transition));
    rf_breaker_snapshot(&breaker, at(3 * S), &snapshot);
    assert_int_equal(snapshot.figures.slow, 9);
    assert_int_equal(snapshot.figures.timed, 9);
    assert_int_equal(snapshot.figures.total, 1);
    assert_true(rf_breaker_slow(&breaker, &tickets[9], at(3 * S), &transition));
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_SLOW_RATE);
    assert_int_equal(transition.figures.slow, 10);
}

static void incident_28_a_slow_test_request_opens_it_again_at_once(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket;
    for (int still_runs = 0; still_runs < 2; still_runs++) {
        struct rf_breaker breaker = watching_speed();
        rf_breaker_restore(&breaker, RF_BREAKER_HALF_OPEN, 5, rf_ns(0), at(0), &transition);
        assert_true(admits(&breaker, 0, &ticket));
        assert_true(still_runs
                        ? rf_breaker_slow(&breaker, &ticket, at(2 * S), &transition)
                        : rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(2 * S), &transition));
        assert_int_equal(transition.cause, RF_BREAKER_CAUSE_TEST_SLOW);
        assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(3 * S), &transition));
        assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    }
}

static void an_observing_breaker_admits_everything_and_recovers_by_ordinary_results(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    policy.mode = RF_BREAKER_OBSERVE;
    struct rf_breaker breaker;
    struct rf_breaker_ticket ticket, other;
    struct rf_breaker_transition transition;
    rf_breaker_init(&breaker, &policy, at(0));
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, 0));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    assert_int_equal(rf_breaker_gate(&breaker), RF_BREAKER_CLOSED);
    assert_true(admits(&breaker, 1, &ticket));
    assert_int_equal(breaker.spared, 1);
    assert_true(rf_breaker_tick(&breaker, at(30 * S), &transition));
    assert_true(admits(&breaker, 30 * S, &ticket));
    assert_true(admits(&breaker, 30 * S, &other));
    assert_int_equal(ticket.permit, 0);
    assert_true(rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(31 * S), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
    // The other one began before that.
    assert_false(rf_breaker_record(&breaker, other, RF_CLASS_TRANSIENT, at(31 * S), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
}

static void a_person_decides_in_every_mode_until_the_given_end(void **state) {
    (void)state;
    for (int mode = RF_BREAKER_ENFORCE; mode <= RF_BREAKER_DISABLED; mode++) {
        struct rf_breaker_policy policy = policy_of(1);
        policy.mode = (enum rf_breaker_mode)mode;
        struct rf_breaker breaker;
        struct rf_breaker_ticket ticket;
        struct rf_breaker_transition transition;
        rf_breaker_init(&breaker, &policy, at(0));
        assert_true(rf_breaker_force_open(&breaker, at(9), at(1), &transition));
        assert_int_equal(transition.cause, RF_BREAKER_CAUSE_FORCED_OPEN);
        assert_int_equal(transition.until.ns, 9);
        assert_false(admits(&breaker, 8, &ticket));
        assert_true(rf_breaker_tick(&breaker, at(9), &transition));
        assert_int_equal(transition.cause, RF_BREAKER_CAUSE_FORCE_ENDED);
        assert_int_equal(breaker.state,
                         mode == RF_BREAKER_DISABLED ? RF_BREAKER_CLOSED : RF_BREAKER_HALF_OPEN);
        assert_true(rf_breaker_force_closed(&breaker, RF_BREAKER_NO_END, at(10), &transition));
        assert_false(call(&breaker, RF_CLASS_TRANSIENT, 11));
        assert_false(call(&breaker, RF_CLASS_TRANSIENT, 12));
        assert_int_equal(breaker.failures, 1); // no more are kept than would open it
        assert_true(rf_breaker_disable(&breaker, at(20), at(13), &transition));
        assert_false(call(&breaker, RF_CLASS_TRANSIENT, 14));
        assert_int_equal(breaker.results.total, 0);
        assert_true(rf_breaker_reset(&breaker, at(15), &transition));
        assert_int_equal(breaker.force, RF_BREAKER_UNFORCED);
        assert_false(rf_breaker_tick(&breaker, at(20), &transition));
    }
}

static void recovery_grows_up_to_its_cap_and_begins_anew_once_closed(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    policy.recovery_growth = 2.0;
    policy.recovery_max = rf_seconds(100);
    struct rf_breaker breaker;
    rf_breaker_init(&breaker, &policy, at(0));
    const int64_t lengths[] = {30, 60, 100, 100};
    int64_t now = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_true(call(&breaker, RF_CLASS_TRANSIENT, now));
        assert_int_equal(breaker.until.ns - now, lengths[i] * S);
        assert_int_equal(breaker.reopened, i);
        now = breaker.until.ns;
    }
    assert_true(call(&breaker, RF_CLASS_OK, now));
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, now));
    assert_int_equal(breaker.until.ns - now, 30 * S);
}

static void jitter_spreads_the_recovery_around_its_length(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    policy.recovery_jitter = 0.2;
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct rf_breaker breaker;
        policy.seed = seed;
        rf_breaker_init(&breaker, &policy, at(0));
        call(&breaker, RF_CLASS_TRANSIENT, 0);
        least = breaker.until.ns < least ? breaker.until.ns : least;
        most = breaker.until.ns > most ? breaker.until.ns : most;
    }
    assert_true(least >= 24 * S && least < 25 * S);
    assert_true(most <= 36 * S && most > 35 * S);
}

static void a_probe_ends_open_early_once_an_outage_and_not_too_soon(void **state) {
    (void)state;
    struct rf_breaker breaker = opened(0);
    struct rf_breaker_transition transition;
    assert_false(rf_breaker_probe_recovered(&breaker, at(15 * S - 1), &transition));
    assert_true(rf_breaker_probe_recovered(&breaker, at(15 * S), &transition));
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_PROBE_RECOVERED);
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, 16 * S));
    assert_false(rf_breaker_probe_recovered(&breaker, at(45 * S), &transition));
    assert_true(rf_breaker_tick(&breaker, at(46 * S), &transition));
}

static void incident_42_it_opens_without_a_second_link_and_with_little_traffic(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(5);
    struct rf_breaker_ticket ticket;
    for (int i = 0; i < 5; i++) // one call a minute
        call(&breaker, RF_CLASS_TRANSIENT, i * 60 * S);
    assert_false(admits(&breaker, 4 * 60 * S + 1, &ticket));
}

static void incident_43_what_a_caller_provokes_never_opens_it(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    policy.failure_rate = 0.01;
    policy.minimum_calls = 1;
    struct rf_breaker breaker;
    rf_breaker_init(&breaker, &policy, at(0));
    for (int i = 0; i < 1000; i++)
        assert_false(call(&breaker, RF_CLASS_PERMANENT_INVALID, i));
    assert_int_equal(breaker.results.total, 0);
}

static void ignored_classes_do_not_count(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    policy.ignore = RF_BREAKER_IGNORE(RF_CLASS_AMBIGUOUS);
    struct rf_breaker breaker;
    rf_breaker_init(&breaker, &policy, at(0));
    assert_false(call(&breaker, RF_CLASS_AMBIGUOUS, 1));
    assert_true(call(&breaker, RF_CLASS_TRANSIENT, 2));
}

static void note(void *arg, const struct rf_breaker_transition *transition) {
    *(struct rf_breaker_transition *)arg = *transition;
}

static void a_listener_is_told_of_each_change(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(1);
    struct rf_breaker_transition told = {0}, transition;
    rf_breaker_listen(&breaker, note, &told);
    call(&breaker, RF_CLASS_TRANSIENT, 0);
    assert_int_equal(told.cause, RF_BREAKER_CAUSE_FAILURES);
    rf_breaker_restore(&breaker, RF_BREAKER_CLOSED, 9, rf_ns(0), at(1), &transition);
    assert_int_equal(told.epoch, 9);
}

static void its_figures_count_each_thing_once(void **state) {
    (void)state;
    struct rf_breaker breaker = closed(1);
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    struct rf_breaker_snapshot figures;
    call(&breaker, RF_CLASS_TRANSIENT, 0);
    assert_false(admits(&breaker, 1, &ticket));
    assert_true(admits(&breaker, 30 * S, &ticket));
    assert_false(admits(&breaker, 30 * S, &ticket));
    rf_breaker_snapshot(&breaker, at(30 * S), &figures);
    assert_int_equal(figures.admitted, 2);
    assert_int_equal(figures.refused, 2);
    assert_int_equal(figures.transitions, 2);
    assert_int_equal(figures.opened, 1);
    assert_int_equal(figures.recorded, 1);
    assert_true(rf_breaker_reset(&breaker, at(31 * S), &transition));
    assert_int_equal(transition.reopened, 0);
    ticket.epoch = 1; // of an epoch that is over
    assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_OK, at(31 * S), &transition));
    assert_int_equal(breaker.late, 1);
}

static void what_is_left_of_open_is_clamped_to_the_longest_that_jitter_allows(void **state) {
    (void)state;
    struct rf_breaker_policy policy = policy_of(1);
    struct rf_breaker breaker;
    struct rf_breaker_transition transition;
    policy.recovery_jitter = 0.5;
    policy.slow_after = rf_ns(-1);
    policy.recovery_max = rf_ns(-1);
    rf_breaker_init(&breaker, &policy, at(0));
    assert_int_equal(breaker.policy.slow_after.ns, 0);
    assert_int_equal(breaker.policy.recovery_max.ns, 0);
    rf_breaker_restore(&breaker, RF_BREAKER_OPEN, 4, rf_seconds(500), at(0), &transition);
    assert_int_equal(breaker.until.ns, 45 * S);
}

// Random calls that overlap, seeded: what must hold after every step, whatever the order.
static void invariants_hold_over_100000_random_events(void **state) {
    (void)state;
    enum { TICKETS = 16 };
    struct rf_breaker breaker = closed(3);
    struct rf_breaker_ticket tickets[TICKETS];
    size_t out = 0;
    struct rf_rng rng = {20261124};
    struct rf_breaker_transition transition;
    int64_t now = 0, epoch = 0;
    int visits[3] = {0};
    for (int i = 0; i < 100000; i++) {
        now += (int64_t)(rf_rng_next(&rng) % (uint64_t)(4 * S));
        enum rf_breaker_state before = breaker.state;
        bool changed = false;
        switch (rf_rng_next(&rng) % 4) {
        case 0:
        case 1:
            if (out < TICKETS &&
                rf_breaker_admit(&breaker, at(now), &tickets[out], &changed, &transition)) {
                assert_int_not_equal(breaker.state, RF_BREAKER_OPEN);
                assert_int_equal(tickets[out].permit != 0, breaker.state == RF_BREAKER_HALF_OPEN);
                out++;
            }
            break;
        case 2:
            if (out > 0) {
                size_t which = rf_rng_next(&rng) % out;
                enum rf_class c = (enum rf_class)(rf_rng_next(&rng) % RF_CLASS_COUNT);
                changed = rf_breaker_record(&breaker, tickets[which], c, at(now), &transition);
                tickets[which] = tickets[--out];
            }
            break;
        default:
            changed = rf_breaker_tick(&breaker, at(now), &transition);
        }
        assert_int_equal(changed, breaker.epoch != epoch);
        if (changed) {
            assert_int_equal(transition.from, before);
            assert_int_equal(transition.to, breaker.state);
            assert_int_equal(breaker.epoch, epoch + 1);
            assert_true(transition.held.ns >= 0);
            visits[breaker.state]++;
        }
        assert_true(breaker.failures < breaker.policy.failure_threshold);
        epoch = breaker.epoch;
    }
    for (int i = 0; i < 3; i++)
        assert_true(visits[i] > 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_at_exactly_the_threshold),
        cmocka_unit_test(the_transition_tells_its_cause_counts_and_how_long_the_state_lasted),
        cmocka_unit_test(a_success_starts_the_count_anew),
        cmocka_unit_test(only_transient_and_ambiguous_count),
        cmocka_unit_test(what_does_not_count_does_not_end_a_row_of_failures),
        cmocka_unit_test(incident_29_failures_expire_so_one_an_hour_never_adds_up),
        cmocka_unit_test(the_ring_of_failures_wraps),
        cmocka_unit_test(it_is_half_open_at_exactly_the_end_of_its_timeout),
        cmocka_unit_test(half_open_admits_one_test_request_and_no_other),
        cmocka_unit_test(a_test_request_that_succeeds_closes_and_one_that_fails_opens),
        cmocka_unit_test(more_good_test_requests_are_needed_when_the_threshold_says_so),
        cmocka_unit_test(incident_01_a_test_request_that_never_settles_loses_its_permit),
        cmocka_unit_test(incident_01_a_cancelled_test_request_gives_its_permit_back),
        cmocka_unit_test(incident_02_a_test_request_that_does_not_count_gives_its_permit_back),
        cmocka_unit_test(incident_03_results_of_calls_from_before_do_not_count),
        cmocka_unit_test(a_result_that_comes_as_the_timeout_ends_is_late),
        cmocka_unit_test(time_that_runs_back_is_taken_as_the_latest_seen),
        cmocka_unit_test(a_restored_state_wins_by_its_epoch_and_its_time_left_is_clamped),
        cmocka_unit_test(each_state_can_be_restored_and_goes_on_from_there),
        cmocka_unit_test(a_policy_out_of_range_is_clamped),
        cmocka_unit_test(names_and_states_are_one_to_one),
        cmocka_unit_test(a_failure_rate_opens_at_its_share_of_enough_calls),
        cmocka_unit_test(incident_28_hung_calls_open_the_breaker_while_they_run_and_count_once),
        cmocka_unit_test(incident_28_a_slow_test_request_opens_it_again_at_once),
        cmocka_unit_test(an_observing_breaker_admits_everything_and_recovers_by_ordinary_results),
        cmocka_unit_test(a_person_decides_in_every_mode_until_the_given_end),
        cmocka_unit_test(recovery_grows_up_to_its_cap_and_begins_anew_once_closed),
        cmocka_unit_test(jitter_spreads_the_recovery_around_its_length),
        cmocka_unit_test(a_probe_ends_open_early_once_an_outage_and_not_too_soon),
        cmocka_unit_test(incident_42_it_opens_without_a_second_link_and_with_little_traffic),
        cmocka_unit_test(incident_43_what_a_caller_provokes_never_opens_it),
        cmocka_unit_test(ignored_classes_do_not_count),
        cmocka_unit_test(a_listener_is_told_of_each_change),
        cmocka_unit_test(its_figures_count_each_thing_once),
        cmocka_unit_test(what_is_left_of_open_is_clamped_to_the_longest_that_jitter_allows),
        cmocka_unit_test(invariants_hold_over_100000_random_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
