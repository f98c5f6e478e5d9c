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

static void a_storm_on_some_channels_is_none_on_the_others(void **state) {
    struct bench *bench = *state;
    bench->rules[0] =
        (struct rf_config_alert_rule){.name = "keys", .on = "key.set_aside", .channels = "a"};
    bench->config.rules.count = 1;
    for (int i = 0; i < 20; i++) {
        char name[8];
        snprintf(name, sizeof name, "p-%d", i);
        bench_event(bench, "key.set_aside", name, "{}");
    }
    bench_wait(bench, 5);
    bench_event(bench, "breaker.opened", "x", "{}"); // of all channels: waits for channel a
    bench_wait(bench, 60);
    assert_int_equal(bench_count(bench, "digest", NULL), 2);
    unsigned channels = 0;
    for (size_t i = 0; i < bench->told_count; i++)
        if (bench->told[i].kind == RF_NOTICE_DIGEST)
            channels |= bench->told[i].channels;
    assert_int_equal(channels, 7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        BENCH_TEST(ten_thousand_different_incidents_are_three_notices_with_right_counts),
        BENCH_TEST(a_few_incidents_a_minute_are_told_each),
        BENCH_TEST(a_storm_that_goes_on_is_told_each_minute),
        BENCH_TEST(incident_35_a_digest_is_bounded_and_counts_what_it_leaves_out),
        BENCH_TEST(incident_22_a_digest_comes_before_what_is_told_later_of_what_it_tells),
        BENCH_TEST(a_storm_on_some_channels_is_none_on_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
