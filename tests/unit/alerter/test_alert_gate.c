#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "gate.h"

static const struct rf_config_alerter config = {.breaker_failures = 3,
                                                .breaker_recovery = {10 * RF_NS_PER_S},
                                                .breaker_recovery_max = {30 * RF_NS_PER_S}};

// A clock in seconds, and a gate.
struct bench {
    struct rf_gate gate;
    struct rf_channel channel;
    struct rf_instant now;
};

static void begin(struct bench *bench, bool down) {
    rf_gate_init(&bench->gate, &bench->channel, &config, down, bench->now);
}

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    bench->channel.spacing = bench->channel.pace = RF_RATE_LIMIT_POLICY_DEFAULT;
    bench->now = (struct rf_instant){1000 * RF_NS_PER_S};
    begin(bench, false);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    free(*state);
    return 0;
}

static void pass_time(struct bench *bench, double seconds) {
    bench->now.ns += (int64_t)(seconds * (double)RF_NS_PER_S);
}

static bool passes(struct bench *bench) {
    struct rf_instant when;
    return rf_gate_pass(&bench->gate, bench->now, &when);
}

// In how many seconds it wants to be asked again.
static double opens_in(struct bench *bench) {
    struct rf_instant when;
    assert_false(rf_gate_pass(&bench->gate, bench->now, &when));
    return (double)(when.ns - bench->now.ns) / (double)RF_NS_PER_S;
}

static enum rf_gate_news settle(struct bench *bench, enum rf_outcome outcome, bool final) {
    return rf_gate_settle(&bench->gate, outcome, final, bench->now);
}

static enum rf_gate_news transient(struct bench *bench) {
    assert_true(passes(bench));
    return settle(bench, RF_OUTCOME_TRANSIENT, false);
}

static void failures_in_a_row_close_the_channel_and_are_told_once(void **state) {
    struct bench *bench = *state;
    assert_int_equal(transient(bench), RF_GATE_SAME);
    assert_int_equal(transient(bench), RF_GATE_SAME);
    assert_int_equal(transient(bench), RF_GATE_DOWN);
    assert_true(opens_in(bench) == 10);
    pass_time(bench, 10);
    assert_int_equal(transient(bench), RF_GATE_SAME); // the try
    assert_true(opens_in(bench) == 20);               // twice as long
    pass_time(bench, 20);
    assert_int_equal(transient(bench), RF_GATE_SAME);
    assert_true(opens_in(bench) == 30); // the most
}

static void one_delivery_tries_it_and_its_success_lets_all_go(void **state) {
    struct bench *bench = *state;
    struct rf_instant when;
    for (int i = 0; i < 3; i++)
        transient(bench);
    pass_time(bench, 10);
    assert_true(passes(bench));
    assert_false(rf_gate_pass(&bench->gate, bench->now, &when)); // one
    assert_int_equal(settle(bench, RF_OUTCOME_OK, false), RF_GATE_UP);
    for (int i = 0; i < 10; i++) {
        assert_true(passes(bench));
        assert_int_equal(settle(bench, RF_OUTCOME_OK, false), RF_GATE_SAME);
    }
}

static void a_try_that_was_not_sent_is_given_back(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 3; i++)
        transient(bench);
    pass_time(bench, 10);
    assert_true(passes(bench));
    rf_gate_cancel(&bench->gate, bench->now);
    assert_true(passes(bench));
}

static void what_is_out_of_quick_retries_makes_it_down_at_once(void **state) {
    struct bench *bench = *state;
    assert_true(passes(bench));
    assert_int_equal(settle(bench, RF_OUTCOME_BARRED, true), RF_GATE_DOWN);
    assert_true(passes(bench)); // the outbox holds it back, not the gate
    assert_int_equal(settle(bench, RF_OUTCOME_TRANSIENT, true), RF_GATE_SAME);
    assert_true(passes(bench));
    assert_int_equal(settle(bench, RF_OUTCOME_OK, false), RF_GATE_UP);
}

static void one_refused_notice_among_others_does_no_harm(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 20; i++) {
        assert_true(passes(bench));
        assert_int_equal(settle(bench, RF_OUTCOME_REFUSED, true), RF_GATE_SAME);
        assert_true(passes(bench));
        assert_int_equal(settle(bench, RF_OUTCOME_OK, false), RF_GATE_SAME);
    }
}

static void a_channel_that_refuses_them_all_is_down(void **state) {
    struct bench *bench = *state;
    enum rf_gate_news news = RF_GATE_SAME;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(news, RF_GATE_SAME);
        assert_true(passes(bench));
        news = settle(bench, RF_OUTCOME_REFUSED, true);
    }
    assert_int_equal(news, RF_GATE_DOWN);
}

static void a_receiver_that_wants_us_slower_has_not_failed(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 20; i++) {
        assert_true(passes(bench));
        assert_int_equal(settle(bench, RF_OUTCOME_LIMITED, false), RF_GATE_SAME);
    }
    assert_true(passes(bench));
    assert_int_equal(settle(bench, RF_OUTCOME_LIMITED, true), RF_GATE_DOWN);
}

static void an_outage_of_before_the_start_ends_with_the_first_success(void **state) {
    struct bench *bench = *state;
    begin(bench, true);
    for (int i = 0; i < 5 && passes(bench); i++)
        assert_int_equal(settle(bench, RF_OUTCOME_TRANSIENT, false), RF_GATE_SAME);
    pass_time(bench, 10);
    assert_true(passes(bench));
    assert_int_equal(settle(bench, RF_OUTCOME_OK, false), RF_GATE_UP);
}

static void another_configuration_is_tried_at_once(void **state) {
    struct bench *bench = *state;
    for (int i = 0; i < 3; i++)
        transient(bench);
    rf_gate_change(&bench->gate, &bench->channel, &config, bench->now);
    assert_true(passes(bench));
    assert_int_equal(settle(bench, RF_OUTCOME_OK, false), RF_GATE_UP);
}

static void both_limits_hold_and_what_was_not_sent_costs_nothing(void **state) {
    struct bench *bench = *state;
    bench->channel.spacing = (struct rf_rate_limit_policy){.rate = 1, .burst = 1};
    bench->channel.pace = (struct rf_rate_limit_policy){.rate = 0.25, .burst = 3};
    begin(bench, false);
    assert_true(passes(bench));
    rf_gate_cancel(&bench->gate, bench->now);
    int sent = 0;
    for (int second = 0; second < 60; second++) {
        while (passes(bench)) {
            settle(bench, RF_OUTCOME_OK, false);
            sent++;
        }
        assert_true(sent <= second + 1); // one a second
        pass_time(bench, 1);
    }
    assert_in_range(sent, 16, 18); // 3 and a quarter of the seconds
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(failures_in_a_row_close_the_channel_and_are_told_once),
        TEST(one_delivery_tries_it_and_its_success_lets_all_go),
        TEST(a_try_that_was_not_sent_is_given_back),
        TEST(what_is_out_of_quick_retries_makes_it_down_at_once),
        TEST(one_refused_notice_among_others_does_no_harm),
        TEST(a_channel_that_refuses_them_all_is_down),
        TEST(a_receiver_that_wants_us_slower_has_not_failed),
        TEST(an_outage_of_before_the_start_ends_with_the_first_success),
        TEST(another_configuration_is_tried_at_once),
        TEST(both_limits_hold_and_what_was_not_sent_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
