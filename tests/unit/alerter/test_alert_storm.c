#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "engine_bench.h"

static void ten_thousand_different_incidents_are_three_notices_with_right_counts(void **state) {
    struct bench *bench = *state;
    char campaign[24];
    bench->paged = true;
    for (int i = 0; i < 10000; i++) {
        snprintf(campaign, sizeof campaign, "p-%d", i);
        bench_event(bench, "key.set_aside", campaign, "{'key': 'ab'}");
        bench->now += 0.001;
    }
    bench_tick(bench);
    bench_wait(bench, 120);
    assert_int_equal(bench->told_count, 3);
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_DIGEST);
    assert_string_equal(bench_last(bench)->title, "9998 incidents: 9998 open, 0 over");
    bench_says(bench_last(bench)->text, "9998 key: 9998 open, 0 over");
    bench_says(bench_last(bench)->text, "and 9958 more");
    assert_true(strlen(bench_last(bench)->text) < 8000);
    for (int i = 0; i < 10000; i++) {
        snprintf(campaign, sizeof campaign, "p-%d", i);
        bench_event(bench, "key.cleared", campaign, "{'key': 'ab'}");
        bench->now += 0.001;
    }
    bench_tick(bench);
    bench_wait(bench, 120);
    assert_int_equal(bench->told_count, 6);
    assert_string_equal(bench_last(bench)->title, "9998 incidents: 0 open, 9998 over");
}

static void a_few_incidents_a_minute_are_told_each(void **state) {
    struct bench *bench = *state;
    char name[8];
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "breaker.opened", name, "{}");
        bench_wait(bench, i % 3 == 0 ? 1 : 15);
    }
    assert_int_equal(bench_count(bench, "opened", NULL), 12);
    assert_int_equal(bench->told_count, 12);
}

static void a_storm_that_goes_on_is_told_each_minute(void **state) {
    struct bench *bench = *state;
    char name[16];
    for (int i = 0; i < 180; i++) {
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "breaker.opened", name, "{}");
        bench_wait(bench, 1);
    }
    bench_wait(bench, 30);
    size_t digests = bench_count(bench, "digest", NULL);
    assert_in_range(digests, 2, 4);
    assert_true(bench->told_count < 20);
}

static void incident_35_a_digest_is_bounded_and_counts_what_it_leaves_out(void **state) {
    struct bench *bench = *state;
    char name[400];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "%d-%0300d", i, 0);
        bench_event(bench, "breaker.opened", name, "{}");
    }
    bench_wait(bench, 120);
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_DIGEST);
    assert_true(strlen(bench_last(bench)->text) < 16384);
    bench_says(bench_last(bench)->text, "498 breaker: 498 open");
    bench_says(bench_last(bench)->text, "and 458 more");
}

static void incident_22_a_digest_comes_before_what_is_told_later_of_what_it_tells(void **state) {
    struct bench *bench = *state;
    char name[16];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "breaker.opened", name, "{}");
    }
    bench_wait(bench, 60);
    size_t digest = bench->told_count - 1;
    assert_int_equal(bench->told[digest].kind, RF_NOTICE_DIGEST);
    bench_event(bench, "breaker.closed", "p-49", "{}"); // not among those that it names
    assert_int_equal(bench_last(bench)->kind, RF_NOTICE_RESOLVED);
    assert_true(rf_concern_shared(bench->told[digest].concerns, bench_last(bench)->concerns));
    assert_false(rf_concern_shared(bench->told[digest].concerns, bench->told[0].concerns));
}

// In one page an incident ended and began anew, so that its former course was forgotten.
static void what_is_held_is_told_in_time_beside_one_that_was_forgotten(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 600);
    bench->paged = true;
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.opened", "y", "{}");
    bench_tick(bench);
    bench_expect(bench, "opened breaker/x, resolved breaker/x, opened breaker/x");
    assert_true(bench->wake == bench->now + 10); // storm.within
    bench_wait(bench, 10);
    bench_expect(bench, "opened breaker/x, resolved breaker/x, opened breaker/x, opened breaker/y");
}

// ---- a storm on channel a alone ----

#define A       0
#define B       1
#define A_HEARD "opened keys/p-0, opened keys/p-1"

static const struct rf_config_alert_rule keys = {
    .name = "keys", .on = "key.set_aside", .channels = "a"};

// Twenty incidents of channel a, of which it is told two; five seconds later.
static void begin_storm_on_a(struct bench *bench) {
    bench->rules[0] = keys;
    bench->config.rules.count = bench->config.rules.count > 1 ? bench->config.rules.count : 1;
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "key.set_aside", name, "{}");
    }
    bench_wait(bench, 5);
}

static struct bench *with_storm_on_a(void **state) {
    begin_storm_on_a(*state);
    bench_expect_on(*state, A, A_HEARD);
    return *state;
}

static void a_storm_on_one_channel_keeps_no_other(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_expect_on(bench, B, "opened breaker/x");
    bench_expect_on(bench, A, A_HEARD);
    bench_wait(bench, 60);
    bench_expect_on(bench, B, "opened breaker/x");
    bench_expect_on(bench, A, A_HEARD ", digest digest");
    assert_string_equal(bench_last(bench)->title, "19 incidents: 19 open, 0 over");
    bench_says(bench_last(bench)->text, "1 breaker: 1 open, 0 over");
    assert_int_equal(bench_last(bench)->channels, 1U << A);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect_on(bench, B, "opened breaker/x, resolved breaker/x");
    bench_expect_on(bench, A, A_HEARD ", digest digest, resolved breaker/x");
}

static void what_is_over_before_the_digest_is_told_so_there_and_not_again(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect_on(bench, B, "opened breaker/x, resolved breaker/x");
    bench_wait(bench, 3600);
    bench_expect_on(bench, A, A_HEARD ", digest digest");
    bench_says(bench_last(bench)->text, "1 breaker: 0 open, 1 over");
}

static void the_end_is_owed_to_who_heard_of_the_beginning(void **state) {
    struct bench *bench = *state;
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 60);
    begin_storm_on_a(bench);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect_on(bench, B, "opened breaker/x, resolved breaker/x");
    bench_wait(bench, 60);
    bench_expect_on(bench, A, "opened breaker/x, " A_HEARD ", digest digest");
    bench_says(bench_last(bench)->text, "1 breaker: 0 open, 1 over");
}

static void what_begins_again_before_the_digest_is_told_with_its_former_end(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 1);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_kill(bench);
    bench_wait(bench, 60);
    bench_says(bench_last_on(bench, A)->text, "2 breaker: 1 open, 1 over");
    bench_wait(bench, 400); // longer than flapping is looked for
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect_on(bench, A, A_HEARD ", digest digest, resolved breaker/x");
}

// What began behind it was over before it was told, and is forgotten.
static void what_begins_again_goes_on_with_the_one_whose_end_was_owed(void **state) {
    struct bench *bench = *state;
    bench->rules[0] = keys;
    bench->rules[1] = (struct rf_config_alert_rule){.name = "long",
                                                    .on = "breaker.opened",
                                                    .resolve = "breaker.closed",
                                                    .lasting = rf_seconds(120)};
    bench->config.rules.count = 2;
    bench->config.flap_changes = 9; // more than there are
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 150);
    begin_storm_on_a(bench);
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_wait(bench, 60);
    bench_expect_on(bench, A, "opened long/x, " A_HEARD ", digest digest");
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_wait(bench, 120);
    bench_expect_on(bench, B, "opened long/x, resolved long/x, opened long/x");
    assert_string_equal(bench_last(bench)->thread, bench->told[0].thread);
}

static void what_a_channel_is_owed_survives_a_kill(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_kill(bench);
    bench_event(bench, "breaker.opened", "y", "{}");
    bench_expect_on(bench, B, "opened breaker/x, opened breaker/y");
    bench_wait(bench, 60);
    bench_expect_on(bench, A, A_HEARD ", digest digest");
    bench_says(bench_last(bench)->text, "2 breaker: 2 open, 0 over");
}

static void a_silence_keeps_what_is_owed_until_its_end(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench_silence(bench, "s1", "{'match': {'subject': 'x'}, 'from': 5, 'until': 300}");
    bench_wait(bench, 60);
    bench_expect_on(bench, A, A_HEARD ", digest digest");
    bench_says(bench_last(bench)->title, "18 incidents");
    bench_wait(bench, 300);
    bench_expect_on(bench, A, A_HEARD ", digest digest, opened breaker/x");
    bench_expect_on(bench, B, "opened breaker/x");
}

static void a_channel_that_takes_the_place_of_one_that_is_gone_is_owed_nothing(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench_event(bench, "breaker.opened", "x", "{}");
    bench->names[A] = "d";
    bench_reload(bench);
    bench_event(bench, "breaker.opened", "y", "{}"); // at once: d has no storm
    bench_wait(bench, 60);
    bench_expect_on(bench, A, A_HEARD ", opened breaker/y");
    bench_event(bench, "breaker.closed", "x", "{}");
    bench_expect_on(bench, B, "opened breaker/x, opened breaker/y, resolved breaker/x");
    bench_expect_on(bench, A, A_HEARD ", opened breaker/y");
}

static void an_acknowledgement_waits_until_its_receiver_heard_of_it(void **state) {
    struct bench *bench = with_storm_on_a(state);
    bench->engine.setup.acks = 1U << A;
    bench_event(bench, "breaker.opened", "x", "{}");
    rf_engine_ack(&bench->engine, "E21", "Ada", "seen", (struct rf_utc){START + RF_NS_PER_S});
    bench_tick(bench);
    bench_expect_on(bench, A, A_HEARD);
    bench_wait(bench, 60);
    bench_expect_on(bench, A, A_HEARD ", digest digest, acknowledged breaker/x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(ten_thousand_different_incidents_are_three_notices_with_right_counts),
        BENCH_TEST(a_few_incidents_a_minute_are_told_each),
        BENCH_TEST(a_storm_that_goes_on_is_told_each_minute),
        BENCH_TEST(incident_35_a_digest_is_bounded_and_counts_what_it_leaves_out),
        BENCH_TEST(incident_22_a_digest_comes_before_what_is_told_later_of_what_it_tells),
        BENCH_TEST(what_is_held_is_told_in_time_beside_one_that_was_forgotten),
        BENCH_TEST(a_storm_on_one_channel_keeps_no_other),
        BENCH_TEST(what_is_over_before_the_digest_is_told_so_there_and_not_again),
        BENCH_TEST(the_end_is_owed_to_who_heard_of_the_beginning),
        BENCH_TEST(what_begins_again_before_the_digest_is_told_with_its_former_end),
        BENCH_TEST(what_begins_again_goes_on_with_the_one_whose_end_was_owed),
        BENCH_TEST(what_a_channel_is_owed_survives_a_kill),
        BENCH_TEST(a_silence_keeps_what_is_owed_until_its_end),
        BENCH_TEST(a_channel_that_takes_the_place_of_one_that_is_gone_is_owed_nothing),
        BENCH_TEST(an_acknowledgement_waits_until_its_receiver_heard_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
