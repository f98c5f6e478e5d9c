// What a person's word, a peer and an onlooker get from the breaker.
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

static struct rf_breaker closed(enum rf_breaker_mode mode) {
    struct rf_breaker breaker;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_threshold = 1;
    policy.mode = mode;
    rf_breaker_init(&breaker, &policy, at(0));
    return breaker;
}

static bool admits(struct rf_breaker *breaker, int64_t ns, struct rf_breaker_ticket *ticket) {
    struct rf_breaker_transition transition;
    bool changed;
    return rf_breaker_admit(breaker, at(ns), ticket, &changed, &transition);
}

static void opens(struct rf_breaker *breaker, int64_t ns) {
    struct rf_breaker_transition transition;
    struct rf_breaker_ticket ticket;
    assert_true(admits(breaker, ns, &ticket));
    assert_true(rf_breaker_record(breaker, ticket, RF_CLASS_TRANSIENT, at(ns), &transition));
}

static struct rf_breaker restored(enum rf_breaker_state state, struct rf_duration left) {
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    struct rf_breaker_transition transition;
    rf_breaker_restore(&breaker, state, 9, left, at(S), &transition);
    return breaker;
}

static void a_peers_force_open_holds_until_its_end_whatever_was_left_of_open(void **state) {
    (void)state;
    struct rf_breaker_snapshot seen;
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = restored(RF_BREAKER_OPEN, rf_seconds(5));
    rf_breaker_restore_force(&breaker, RF_BREAKER_FORCE_OPEN, at(100 * S));
    rf_breaker_snapshot(&breaker, at(2 * S), &seen);
    assert_int_equal(seen.state, RF_BREAKER_OPEN);
    assert_int_equal(seen.force, RF_BREAKER_FORCE_OPEN);
    assert_int_equal(seen.until.ns, 100 * S);
    assert_int_equal(seen.force_until.ns, 100 * S);
    assert_int_equal(seen.epoch, 9);
    assert_false(admits(&breaker, 100 * S - 1, &ticket));
    assert_true(rf_breaker_tick(&breaker, at(100 * S), &transition));
    assert_int_equal(transition.to, RF_BREAKER_HALF_OPEN);
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_FORCE_ENDED);
}

static void a_peers_other_forces_close_it_and_take_the_permit_back(void **state) {
    (void)state;
    const enum rf_breaker_force forces[] = {RF_BREAKER_FORCE_CLOSED, RF_BREAKER_FORCE_DISABLED};
    for (size_t i = 0; i < 2; i++) {
        struct rf_breaker_snapshot seen;
        struct rf_breaker_ticket ticket;
        struct rf_breaker breaker = restored(RF_BREAKER_HALF_OPEN, rf_ns(0));
        assert_true(admits(&breaker, S, &ticket));
        assert_int_not_equal(breaker.permit, 0);
        rf_breaker_restore_force(&breaker, forces[i], RF_BREAKER_NO_END);
        rf_breaker_snapshot(&breaker, at(2 * S), &seen);
        assert_int_equal(seen.state, RF_BREAKER_CLOSED);
        assert_int_equal(seen.gate, RF_BREAKER_CLOSED);
        assert_int_equal(seen.force, forces[i]);
        assert_int_equal(seen.permit, 0);
        assert_int_equal(seen.until.ns, INT64_MAX);
        assert_true(admits(&breaker, 3 * S, &ticket));
    }
}

static void no_force_from_a_peer_leaves_the_restored_state_alone(void **state) {
    (void)state;
    struct rf_breaker breaker = restored(RF_BREAKER_OPEN, rf_seconds(5));
    rf_breaker_restore_force(&breaker, RF_BREAKER_UNFORCED, at(100 * S));
    assert_int_equal(breaker.state, RF_BREAKER_OPEN);
    assert_int_equal(breaker.until.ns, 6 * S);
    assert_int_equal(breaker.due.ns, 6 * S);
    assert_int_equal(breaker.force_until.ns, INT64_MAX);
}

static void a_test_that_may_be_out_by_a_peers_permit_is_waited_for(void **state) {
    (void)state;
    struct rf_breaker_ticket ticket, other;
    struct rf_breaker breaker = restored(RF_BREAKER_HALF_OPEN, rf_ns(0));
    rf_breaker_restore_test(&breaker);
    int64_t over = S + breaker.policy.test_lease.ns;
    assert_false(admits(&breaker, S, &ticket));
    assert_int_equal(breaker.due.ns, over);
    assert_false(admits(&breaker, over - 1, &ticket));
    assert_true(admits(&breaker, over, &ticket));
    assert_false(admits(&breaker, over, &other));
}

static void where_no_permit_is_asked_for_nothing_is_waited_for(void **state) {
    (void)state;
    struct rf_breaker open = restored(RF_BREAKER_OPEN, rf_seconds(5));
    struct rf_breaker forced = restored(RF_BREAKER_HALF_OPEN, rf_ns(0));
    struct rf_breaker observing = closed(RF_BREAKER_OBSERVE);
    struct rf_breaker_transition transition;
    rf_breaker_restore_force(&forced, RF_BREAKER_FORCE_CLOSED, at(100 * S));
    rf_breaker_restore(&observing, RF_BREAKER_HALF_OPEN, 9, rf_ns(0), at(S), &transition);
    rf_breaker_restore_test(&open);
    rf_breaker_restore_test(&forced);
    rf_breaker_restore_test(&observing);
    assert_int_equal(open.due.ns, 6 * S);
    assert_int_equal(forced.due.ns, 100 * S);
    assert_int_equal(open.permit + forced.permit + observing.permit, 0);
}

static void a_snapshot_tells_the_end_of_open_or_of_the_lease_and_no_other(void **state) {
    (void)state;
    struct rf_breaker_snapshot seen;
    struct rf_breaker_ticket ticket;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    rf_breaker_snapshot(&breaker, at(0), &seen);
    assert_int_equal(seen.until.ns, INT64_MAX);
    opens(&breaker, 0);
    rf_breaker_snapshot(&breaker, at(S), &seen);
    assert_int_equal(seen.until.ns, 30 * S);
    for (int64_t permit = 1; permit <= 2; permit++) {
        int64_t now = (29 + permit) * S;
        assert_true(admits(&breaker, now, &ticket));
        rf_breaker_snapshot(&breaker, at(now), &seen);
        assert_int_equal(seen.permit, permit);
        assert_int_equal(seen.until.ns, now + 45 * S);
        rf_breaker_cancel(&breaker, ticket, at(now));
        rf_breaker_snapshot(&breaker, at(now), &seen);
        assert_int_equal(seen.state, RF_BREAKER_HALF_OPEN);
        assert_int_equal(seen.until.ns, INT64_MAX);
    }
}

static void an_observing_breaker_counts_what_it_admits_while_open(void **state) {
    (void)state;
    struct rf_breaker_ticket ticket;
    struct rf_breaker breaker = closed(RF_BREAKER_OBSERVE);
    opens(&breaker, 0);
    for (int i = 0; i < 3; i++)
        assert_true(admits(&breaker, S, &ticket));
    assert_int_equal(breaker.admitted, 4);
    assert_int_equal(breaker.spared, 3);
    assert_int_equal(breaker.refused, 0);
}

static void a_result_in_half_open_is_recorded_once_or_counted_as_late(void **state) {
    (void)state;
    struct rf_breaker_ticket test, twin;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    opens(&breaker, 0);
    assert_int_equal(breaker.recorded, 1);
    assert_true(admits(&breaker, 30 * S, &test));
    twin = test;
    twin.permit = 0; // began in this epoch, but is not the test
    assert_false(rf_breaker_record(&breaker, twin, RF_CLASS_OK, at(31 * S), &transition));
    assert_int_equal(breaker.late, 1);
    assert_int_equal(breaker.recorded, 1);
    assert_true(rf_breaker_record(&breaker, test, RF_CLASS_OK, at(31 * S), &transition));
    assert_int_equal(breaker.recorded, 2);
    assert_false(rf_breaker_record(&breaker, test, RF_CLASS_OK, at(31 * S), &transition));
    assert_int_equal(breaker.late, 2);
    assert_int_equal(breaker.recorded, 2);
}

static void what_was_not_about_the_service_is_forgotten_without_a_change(void **state) {
    (void)state;
    struct rf_breaker breaker;
    struct rf_breaker_snapshot seen;
    struct rf_breaker_transition transition;
    struct rf_breaker_policy policy = RF_BREAKER_POLICY_DEFAULT;
    policy.failure_rate = 0.5;
    rf_breaker_init(&breaker, &policy, at(0));
    struct rf_breaker_ticket ticket;
    for (int i = 0; i < 4; i++) {
        assert_true(admits(&breaker, S, &ticket));
        assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_TRANSIENT, at(S), &transition));
    }
    rf_breaker_forget(&breaker, at(2 * S));
    rf_breaker_snapshot(&breaker, at(2 * S), &seen);
    assert_int_equal(seen.figures.failures, 0);
    assert_int_equal(seen.figures.total, 0);
    assert_int_equal(seen.epoch, 0);
    assert_int_equal(seen.since.ns, 0);
    // What began before still counts: it is of the same epoch.
    assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_TRANSIENT, at(3 * S), &transition));
    assert_int_equal(breaker.failures, 1);
}

static void only_a_closed_breaker_forgets(void **state) {
    (void)state;
    struct rf_breaker_ticket ticket;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    opens(&breaker, 0);
    assert_true(admits(&breaker, 30 * S, &ticket));
    rf_breaker_forget(&breaker, at(31 * S));
    assert_int_equal(breaker.state, RF_BREAKER_HALF_OPEN);
    assert_int_not_equal(breaker.permit, 0);
}

static void withheld_it_counts_all_and_opens_when_it_is_released(void **state) {
    (void)state;
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    int64_t most = breaker.policy.failure_threshold;
    assert_true(admits(&breaker, 0, &ticket));
    rf_breaker_withhold(&breaker);
    for (int64_t i = 0; i < most + 3; i++) {
        assert_int_equal(rf_breaker_reached(&breaker, at(i)),
                         i < most ? RF_BREAKER_CAUSE_NONE : RF_BREAKER_CAUSE_FAILURES);
        assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_TRANSIENT, at(i), &transition));
    }
    assert_true(rf_breaker_release(&breaker, at(most + 3), &transition));
    assert_int_equal(transition.cause, RF_BREAKER_CAUSE_FAILURES);
    assert_int_equal(transition.failures, most);
    assert_false(breaker.withheld);
}

static void what_grew_old_while_it_was_withheld_opens_nothing(void **state) {
    (void)state;
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    assert_true(admits(&breaker, 0, &ticket));
    rf_breaker_withhold(&breaker);
    for (int64_t i = 0; i < breaker.policy.failure_threshold; i++)
        assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_TRANSIENT, at(0), &transition));
    int64_t old = breaker.policy.failure_interval.ns + 1;
    assert_int_equal(rf_breaker_reached(&breaker, at(old)), RF_BREAKER_CAUSE_NONE);
    assert_false(rf_breaker_release(&breaker, at(old), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
}

static void only_a_closed_breaker_is_withheld_and_only_until_it_changes(void **state) {
    (void)state;
    struct rf_breaker_ticket ticket;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    rf_breaker_withhold(&breaker);
    assert_true(rf_breaker_force_open(&breaker, at(5), at(1), &transition));
    assert_false(breaker.withheld);
    rf_breaker_withhold(&breaker);
    assert_false(breaker.withheld);
    assert_int_equal(rf_breaker_reached(&breaker, at(2)), RF_BREAKER_CAUSE_NONE);
    assert_false(rf_breaker_release(&breaker, at(2), &transition));

    breaker = closed(RF_BREAKER_ENFORCE);
    assert_true(admits(&breaker, 0, &ticket));
    rf_breaker_withhold(&breaker);
    for (int64_t i = 0; i < breaker.policy.failure_threshold; i++)
        assert_false(rf_breaker_record(&breaker, ticket, RF_CLASS_TRANSIENT, at(i), &transition));
    rf_breaker_forget(&breaker, at(50));
    assert_false(breaker.withheld);
    assert_false(rf_breaker_release(&breaker, at(51), &transition));
}

static void a_release_tells_what_was_due_by_then(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    opens(&breaker, 0);
    assert_true(rf_breaker_release(&breaker, at(30 * S), &transition));
    assert_int_equal(transition.from, RF_BREAKER_OPEN);
    assert_int_equal(transition.to, breaker.state);
}

static void at_the_end_of_time_nothing_is_due_where_nothing_was(void **state) {
    (void)state;
    struct rf_breaker_transition transition;
    struct rf_breaker breaker = closed(RF_BREAKER_ENFORCE);
    assert_false(rf_breaker_tick(&breaker, at(INT64_MAX), &transition));
    assert_int_equal(breaker.state, RF_BREAKER_CLOSED);
}

static void modes_and_forces_are_named_and_read_back(void **state) {
    (void)state;
    const char *const modes[] = {"enforce", "observe", "disabled"};
    const char *const forces[] = {"none", "open", "closed", "disabled"};
    enum rf_breaker_mode mode = RF_BREAKER_OBSERVE;
    enum rf_breaker_force force = RF_BREAKER_FORCE_CLOSED;
    for (unsigned i = 0; i < 3; i++) {
        assert_string_equal(rf_breaker_mode_name((enum rf_breaker_mode)i), modes[i]);
        assert_true(rf_breaker_mode_parse(modes[i], &mode));
        assert_int_equal(mode, i);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_string_equal(rf_breaker_force_name((enum rf_breaker_force)i), forces[i]);
        assert_true(rf_breaker_force_parse(forces[i], &force));
        assert_int_equal(force, i);
    }
    assert_string_equal(rf_breaker_mode_name((enum rf_breaker_mode)3), "unknown");
    assert_string_equal(rf_breaker_force_name((enum rf_breaker_force)4), "unknown");
    assert_false(rf_breaker_mode_parse("closed", &mode));
    assert_false(rf_breaker_force_parse("", &force));
    assert_int_equal(mode, RF_BREAKER_DISABLED);
    assert_int_equal(force, RF_BREAKER_FORCE_DISABLED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peers_force_open_holds_until_its_end_whatever_was_left_of_open),
        cmocka_unit_test(a_peers_other_forces_close_it_and_take_the_permit_back),
        cmocka_unit_test(no_force_from_a_peer_leaves_the_restored_state_alone),
        cmocka_unit_test(a_test_that_may_be_out_by_a_peers_permit_is_waited_for),
        cmocka_unit_test(where_no_permit_is_asked_for_nothing_is_waited_for),
        cmocka_unit_test(a_snapshot_tells_the_end_of_open_or_of_the_lease_and_no_other),
        cmocka_unit_test(an_observing_breaker_counts_what_it_admits_while_open),
        cmocka_unit_test(a_result_in_half_open_is_recorded_once_or_counted_as_late),
        cmocka_unit_test(what_was_not_about_the_service_is_forgotten_without_a_change),
        cmocka_unit_test(only_a_closed_breaker_forgets),
        cmocka_unit_test(withheld_it_counts_all_and_opens_when_it_is_released),
        cmocka_unit_test(what_grew_old_while_it_was_withheld_opens_nothing),
        cmocka_unit_test(only_a_closed_breaker_is_withheld_and_only_until_it_changes),
        cmocka_unit_test(a_release_tells_what_was_due_by_then),
        cmocka_unit_test(at_the_end_of_time_nothing_is_due_where_nothing_was),
        cmocka_unit_test(modes_and_forces_are_named_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
