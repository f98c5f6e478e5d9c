#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "outbox.h"

#define START (INT64_C(1000000) * RF_NS_PER_S)

static const struct rf_retry_policy policy = {.initial_delay = {5 * RF_NS_PER_S},
                                              .max_delay = {60 * RF_NS_PER_S},
                                              .backoff_factor = 2.0,
                                              .max_retries = 3,
                                              .jitter = RF_JITTER_NONE};

// A clock in seconds since START, and an outbox.
struct bench {
    struct rf_outbox outbox;
    struct rf_utc now;
};

static struct rf_utc at(double seconds) {
    return (struct rf_utc){START + (int64_t)(seconds * (double)RF_NS_PER_S)};
}

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    rf_outbox_init(&bench->outbox, &policy, 1);
    bench->now = at(0);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    rf_outbox_fini(&bench->outbox);
    free(bench);
    return 0;
}

static void add_concerning(struct bench *bench, int64_t n, const char *incident, char *concerns) {
    char id[32];
    snprintf(id, sizeof id, "alert-%d", (int)n);
    struct rf_delivery delivery = {.alert = id,
                                   .incident = (char *)(uintptr_t)incident,
                                   .concerns = concerns,
                                   .n = n,
                                   .due = bench->now};
    struct rf_error error;
    assert_int_equal(rf_outbox_add(&bench->outbox, &delivery, &error), RF_OK);
}

static void add(struct bench *bench, int64_t n, const char *incident) {
    add_concerning(bench, n, incident, NULL);
}

// A digest of incidents "i0" to "iN".
static void add_digest(struct bench *bench, int64_t n, int last) {
    char names[4][16];
    const char *incidents[4];
    for (int i = 0; i <= last; i++) {
        snprintf(names[i], sizeof names[i], "i%d", i);
        incidents[i] = names[i];
    }
    char *concerns = rf_concern_of(incidents, (size_t)last + 1);
    add_concerning(bench, n, "digest", concerns);
    free(concerns);
}

// The number of the delivery that goes out now; 0: none.
static int64_t take(struct bench *bench) {
    struct rf_utc wake;
    const struct rf_delivery *delivery = rf_outbox_take(&bench->outbox, bench->now, &wake);
    return delivery == NULL ? 0 : delivery->n;
}

// In how many seconds the outbox wants to be asked again, which must not be now.
static double wake_in(struct bench *bench) {
    struct rf_utc wake;
    assert_null(rf_outbox_take(&bench->outbox, bench->now, &wake));
    assert_true(wake.ns > bench->now.ns);
    return (double)(wake.ns - bench->now.ns) / (double)RF_NS_PER_S;
}

static struct rf_settlement settle(struct bench *bench, enum rf_outcome outcome) {
    return rf_outbox_settle(&bench->outbox, outcome, rf_ns(0), bench->now);
}

static void alerts_go_out_by_number_one_at_a_time(void **state) {
    struct bench *bench = *state;
    add(bench, 3, "c");
    add(bench, 1, "a");
    add(bench, 2, "b");
    assert_int_equal(take(bench), 1);
    assert_int_equal(take(bench), 0); // one is in flight
    struct rf_settlement done = settle(bench, RF_OUTCOME_OK);
    assert_true(done.done && done.tell);
    assert_int_equal(done.attempts, 1);
    assert_int_equal(take(bench), 2);
    settle(bench, RF_OUTCOME_OK);
    assert_int_equal(take(bench), 3);
    settle(bench, RF_OUTCOME_OK);
    assert_int_equal(take(bench), 0);
    assert_int_equal(bench->outbox.count, 0);
    assert_null(bench->outbox.last);
    add(bench, 4, "d");
    assert_int_equal(take(bench), 4);
}

static void an_empty_outbox_asks_for_no_wake(void **state) {
    struct bench *bench = *state;
    struct rf_utc wake;
    assert_null(rf_outbox_take(&bench->outbox, bench->now, &wake));
    assert_int_equal(wake.ns, INT64_MAX);
}

static void waits_are_the_policys_then_max_delay_without_end(void **state) {
    struct bench *bench = *state;
    const double waits[] = {5, 10, 20, 60, 60, 60, 60};
    add(bench, 1, "a");
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(take(bench), 1);
        struct rf_settlement again = settle(bench, RF_OUTCOME_TRANSIENT);
        assert_false(again.done);
        assert_int_equal(again.attempts, i + 1);
        assert_int_equal(again.due.ns - bench->now.ns, (int64_t)waits[i] * RF_NS_PER_S);
        assert_true(wake_in(bench) == waits[i]);
        assert_int_equal(again.final, i >= 3);
        // Told: each failure with a retry to come, the first beyond, and then no more.
        assert_int_equal(again.tell, i <= 3);
        bench->now.ns += (int64_t)waits[i] * RF_NS_PER_S - 1;
        assert_int_equal(take(bench), 0); // to the tick
        bench->now.ns += 1;
    }
    assert_int_equal(take(bench), 1);
    assert_int_equal(settle(bench, RF_OUTCOME_OK).attempts, 8);
}

static void one_that_waits_for_a_retry_holds_those_behind_it(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    add(bench, 2, "b");
    assert_int_equal(take(bench), 1);
    settle(bench, RF_OUTCOME_TRANSIENT);
    assert_true(wake_in(bench) == 5);
    bench->now = at(5);
    assert_int_equal(take(bench), 1);
    settle(bench, RF_OUTCOME_OK);
    assert_int_equal(take(bench), 2);
}

static void exhaust(struct bench *bench, int64_t n) {
    for (int i = 0; i < 4; i++) {
        struct rf_utc wake;
        const struct rf_delivery *delivery;
        while ((delivery = rf_outbox_take(&bench->outbox, bench->now, &wake)) == NULL)
            bench->now = wake;
        assert_int_equal(delivery->n, n);
        settle(bench, RF_OUTCOME_TRANSIENT);
    }
}

static void one_whose_retries_are_used_up_lets_others_pass(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    add(bench, 2, "b");
    exhaust(bench, 1);
    assert_int_equal(take(bench), 2);
    settle(bench, RF_OUTCOME_OK);
    // The channel works: the first is tried again after its initial delay, not after max_delay.
    assert_true(wake_in(bench) == 5);
    bench->now.ns += 5 * RF_NS_PER_S;
    assert_int_equal(take(bench), 1);
}

static void incident_22_a_resolve_never_overtakes_what_it_resolves(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "breaker/elevenlabs"); // opened
    exhaust(bench, 1);
    add(bench, 2, "breaker/elevenlabs"); // closed
    add(bench, 3, "breaker/openai");
    assert_int_equal(take(bench), 3);
    settle(bench, RF_OUTCOME_TRANSIENT);
    // Whatever comes and goes: number 2 waits for number 1.
    for (int64_t expected = 1; expected <= 2; expected++) {
        struct rf_utc wake;
        const struct rf_delivery *delivery;
        do {
            delivery = rf_outbox_take(&bench->outbox, bench->now, &wake);
            if (delivery == NULL)
                bench->now = wake;
            else if (delivery->n == 3)
                settle(bench, RF_OUTCOME_OK);
        } while (delivery == NULL || bench->outbox.in_flight == NULL);
        assert_int_equal(delivery->n, expected);
        settle(bench, RF_OUTCOME_OK);
    }
}

// The next delivery, whenever it is due.
static int64_t wait_take(struct bench *bench) {
    struct rf_utc wake;
    const struct rf_delivery *delivery;
    while ((delivery = rf_outbox_take(&bench->outbox, bench->now, &wake)) == NULL)
        bench->now = wake;
    return delivery->n;
}

static void incident_22_a_resolve_never_overtakes_the_digest_that_told_its_opening(void **state) {
    struct bench *bench = *state;
    add_digest(bench, 1, 3);
    exhaust(bench, 1);
    add(bench, 2, "i2"); // closed
    add(bench, 3, "i4"); // not told of by the digest
    assert_int_equal(take(bench), 3);
    settle(bench, RF_OUTCOME_OK);
    for (int64_t expected = 1; expected <= 2; expected++) {
        assert_int_equal(wait_take(bench), expected);
        settle(bench, RF_OUTCOME_OK);
    }
}

static void incident_22_a_digest_overtakes_no_notice_of_what_it_tells(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "i3");
    exhaust(bench, 1);
    add_digest(bench, 2, 3);
    add_digest(bench, 3, 0);
    add_digest(bench, 4, 2);
    assert_int_equal(wait_take(bench), 1);
    settle(bench, RF_OUTCOME_TRANSIENT);
    assert_int_equal(take(bench), 0); // 3 and 4 tell of what 2 tells of
    for (int64_t expected = 1; expected <= 4; expected++) {
        assert_int_equal(wait_take(bench), expected);
        settle(bench, RF_OUTCOME_OK);
    }
}

static void a_refused_message_rests_long_and_holds_nobody(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    add(bench, 2, "b");
    assert_int_equal(take(bench), 1);
    struct rf_settlement refused = settle(bench, RF_OUTCOME_REFUSED);
    assert_true(refused.refused && refused.final && refused.tell && !refused.done);
    assert_int_equal(refused.due.ns - bench->now.ns, RF_OUTBOX_LONG_DELAY.ns);
    assert_true(wake_in(bench) == 1); // no storm of refusals
    bench->now = at(1);
    assert_int_equal(take(bench), 2);
    settle(bench, RF_OUTCOME_OK);
    assert_true(wake_in(bench) == 899); // not given up
    bench->now = at(900);
    assert_int_equal(take(bench), 1);
    assert_false(settle(bench, RF_OUTCOME_REFUSED).tell); // nothing new
}

static void a_barred_channel_rests_as_a_whole_until_it_is_mended(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    add(bench, 2, "b");
    assert_int_equal(take(bench), 1);
    struct rf_settlement barred = settle(bench, RF_OUTCOME_BARRED);
    assert_true(barred.final && barred.tell && !barred.done && !barred.refused);
    assert_true(wake_in(bench) == 900);
    bench->now = at(3);
    rf_outbox_retry_now(&bench->outbox, bench->now);
    assert_int_equal(take(bench), 1); // in order
    settle(bench, RF_OUTCOME_OK);
    assert_int_equal(take(bench), 2);
}

static void incident_36_a_limited_channel_waits_what_it_was_told(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    add(bench, 2, "b");
    assert_int_equal(take(bench), 1);
    rf_outbox_settle(&bench->outbox, RF_OUTCOME_LIMITED, rf_seconds(37), bench->now);
    assert_true(wake_in(bench) == 37);
    bench->now = at(37);
    assert_int_equal(take(bench), 1);
    // A wish shorter than our own wait does not shorten it, an absurd one is bounded.
    rf_outbox_settle(&bench->outbox, RF_OUTCOME_LIMITED, rf_seconds(1), bench->now);
    assert_true(wake_in(bench) == 10);
    bench->now = at(47);
    assert_int_equal(take(bench), 1);
    rf_outbox_settle(&bench->outbox, RF_OUTCOME_LIMITED, rf_ns(INT64_MAX), bench->now);
    assert_true(wake_in(bench) == 3600);
}

static void a_wall_clock_that_was_put_back_does_not_hold_a_delivery_for_years(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    take(bench);
    settle(bench, RF_OUTCOME_TRANSIENT);
    bench->now.ns -= 24 * 3600 * RF_NS_PER_S;
    assert_int_equal(take(bench), 1);
}

static void a_delivery_given_back_is_due_as_told_and_burns_nothing(void **state) {
    struct bench *bench = *state;
    add(bench, 1, "a");
    assert_int_equal(take(bench), 1);
    rf_outbox_give_back(&bench->outbox, at(1));
    assert_true(wake_in(bench) == 1);
    bench->now = at(1);
    assert_int_equal(take(bench), 1);
    assert_int_equal(settle(bench, RF_OUTCOME_TRANSIENT).attempts, 1);
}

static void a_kept_delivery_goes_on_where_it_stood(void **state) {
    struct bench *bench = *state;
    struct rf_delivery kept = {.alert = (char *)"x",
                               .incident = (char *)"i",
                               .n = 9,
                               .attempts = 2,
                               .due = at(7),
                               .tried = at(-3)};
    struct rf_error error;
    assert_int_equal(rf_outbox_add(&bench->outbox, &kept, &error), RF_OK);
    assert_true(wake_in(bench) == 7);
    bench->now = at(7);
    assert_int_equal(take(bench), 9);
    struct rf_settlement again = settle(bench, RF_OUTCOME_TRANSIENT);
    assert_int_equal(again.attempts, 3);
    assert_int_equal(again.due.ns - bench->now.ns, 20 * RF_NS_PER_S);
}

// A long dead channel with a thousand alerts: each arrives once, in order, after it is back.
static void a_thousand_alerts_outlive_a_dead_channel(void **state) {
    struct bench *bench = *state;
    for (int64_t n = 1; n <= 1000; n++)
        add(bench, n, n % 2 ? "odd" : "even");
    struct rf_utc back = at(3600);
    int64_t last[2] = {0}, done = 0, sent = 0;
    while (bench->outbox.count > 0) {
        struct rf_utc wake;
        const struct rf_delivery *delivery = rf_outbox_take(&bench->outbox, bench->now, &wake);
        if (delivery == NULL) {
            assert_true(wake.ns > bench->now.ns && wake.ns != INT64_MAX);
            bench->now = wake;
            continue;
        }
        sent++;
        bench->now.ns += RF_NS_PER_MS;
        if (bench->now.ns < back.ns) {
            settle(bench, RF_OUTCOME_TRANSIENT);
            continue;
        }
        assert_true(delivery->n > last[delivery->n % 2]);
        last[delivery->n % 2] = delivery->n;
        settle(bench, RF_OUTCOME_OK);
        done++;
    }
    assert_int_equal(done, 1000);
    assert_true(sent < 1500);
    assert_true(bench->now.ns < at(3600 + 120).ns);
}

static void add_made(struct bench *bench, int64_t n, double made) {
    char id[32];
    snprintf(id, sizeof id, "alert-%d", (int)n);
    struct rf_delivery delivery = {
        .alert = id, .incident = id, .n = n, .due = bench->now, .made = at(made)};
    struct rf_error error;
    assert_int_equal(rf_outbox_add(&bench->outbox, &delivery, &error), RF_OK);
}

static void what_waits_too_long_is_found_in_order_but_not_in_flight(void **state) {
    struct bench *bench = *state;
    const struct rf_delivery *found[3];
    struct rf_utc next;
    for (int n = 1; n <= 5; n++)
        add_made(bench, n, n);
    assert_null(rf_outbox_old(&bench->outbox, at(0.5), &next));
    assert_int_equal(next.ns, at(1).ns);
    assert_int_equal(take(bench), 1);
    assert_null(rf_outbox_old(&bench->outbox, at(1), &next));
    assert_int_equal(next.ns, at(2).ns);
    assert_int_equal(rf_outbox_old(&bench->outbox, at(4), &next)->n, 2);
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(4), found, 3), 3);
    assert_int_equal(found[0]->n, 2);
    assert_int_equal(found[2]->n, 4);
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(4), found, 2), 2);
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(1), found, 3), 0);
}

static void what_is_dropped_is_never_sent(void **state) {
    struct bench *bench = *state;
    for (int n = 1; n <= 3; n++)
        add_made(bench, n, 0);
    assert_int_equal(take(bench), 1);
    assert_false(rf_outbox_drop(&bench->outbox, "alert-1")); // in flight
    assert_false(rf_outbox_drop(&bench->outbox, "alert-4"));
    assert_true(rf_outbox_drop(&bench->outbox, "alert-2"));
    settle(bench, RF_OUTCOME_OK);
    assert_int_equal(take(bench), 3);
    settle(bench, RF_OUTCOME_OK);
    assert_int_equal(bench->outbox.count, 0);
    assert_null(bench->outbox.first);
}

static void
incident_37_what_waits_for_long_is_found_in_its_order_but_for_what_is_on_its_way(void **state) {
    struct bench *bench = *state;
    const struct rf_delivery *found[8];
    struct rf_utc wake;
    for (int64_t n = 1; n <= 5; n++) {
        struct rf_delivery delivery = {.alert = (char[8]){(char)('0' + n)},
                                       .incident = (char *)(uintptr_t) "x",
                                       .n = n,
                                       .due = bench->now,
                                       .made = n == 3 ? at(100) : at(1)};
        struct rf_error error;
        assert_int_equal(rf_outbox_add(&bench->outbox, &delivery, &error), RF_OK);
    }
    assert_string_equal(rf_outbox_take(&bench->outbox, bench->now, &wake)->alert, "1");
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(0.5), found, 8), 0);
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(1), found, 8), 3);
    assert_string_equal(found[0]->alert, "2");
    assert_string_equal(found[1]->alert, "4");
    assert_string_equal(found[2]->alert, "5");
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(1), found, 2), 2);
    assert_false(rf_outbox_drop(&bench->outbox, "1"));
    assert_true(rf_outbox_drop(&bench->outbox, "2"));
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(1), found, 8), 2);
}

static void a_mail_that_some_have_holds_back_nothing_and_is_not_folded(void **state) {
    struct bench *bench = *state;
    const struct rf_delivery *found[8];
    struct rf_utc wake;
    add(bench, 1, "x");
    add(bench, 2, "x");
    assert_string_equal(rf_outbox_take(&bench->outbox, bench->now, &wake)->alert, "alert-1");
    struct rf_settlement settlement =
        rf_outbox_settle(&bench->outbox, RF_OUTCOME_PARTIAL, rf_ns(0), bench->now);
    assert_false(settlement.done || settlement.final || settlement.refused);
    assert_int_equal(settlement.due.ns, at(5).ns);
    assert_false(bench->outbox.failing);
    // Its incident's next one too.
    assert_string_equal(rf_outbox_take(&bench->outbox, bench->now, &wake)->alert, "alert-2");
    rf_outbox_settle(&bench->outbox, RF_OUTCOME_OK, rf_ns(0), bench->now);
    assert_int_equal(rf_outbox_stale(&bench->outbox, at(100), found, 8), 0);
    bench->now = at(5);
    assert_string_equal(rf_outbox_take(&bench->outbox, bench->now, &wake)->alert, "alert-1");
    rf_outbox_settle(&bench->outbox, RF_OUTCOME_TRANSIENT, rf_ns(0), bench->now);
    add(bench, 3, "y");
    assert_string_equal(rf_outbox_take(&bench->outbox, bench->now, &wake)->alert, "alert-3");
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(alerts_go_out_by_number_one_at_a_time),
        TEST(an_empty_outbox_asks_for_no_wake),
        TEST(what_waits_too_long_is_found_in_order_but_not_in_flight),
        TEST(what_is_dropped_is_never_sent),
        TEST(waits_are_the_policys_then_max_delay_without_end),
        TEST(one_that_waits_for_a_retry_holds_those_behind_it),
        TEST(one_whose_retries_are_used_up_lets_others_pass),
        TEST(incident_22_a_resolve_never_overtakes_what_it_resolves),
        TEST(incident_22_a_resolve_never_overtakes_the_digest_that_told_its_opening),
        TEST(incident_22_a_digest_overtakes_no_notice_of_what_it_tells),
        TEST(a_refused_message_rests_long_and_holds_nobody),
        TEST(a_barred_channel_rests_as_a_whole_until_it_is_mended),
        TEST(incident_36_a_limited_channel_waits_what_it_was_told),
        TEST(a_wall_clock_that_was_put_back_does_not_hold_a_delivery_for_years),
        TEST(a_delivery_given_back_is_due_as_told_and_burns_nothing),
        TEST(a_kept_delivery_goes_on_where_it_stood),
        TEST(a_thousand_alerts_outlive_a_dead_channel),
        TEST(a_mail_that_some_have_holds_back_nothing_and_is_not_folded),
        TEST(incident_37_what_waits_for_long_is_found_in_its_order_but_for_what_is_on_its_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
