#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recent.h"

static struct rf_instant at_s(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static void heard(struct health_recent *recent, int64_t second, int count, int64_t ms) {
    struct rf_histogram took = {0};
    for (int i = 0; i < count; i++)
        rf_histogram_record(&took, rf_ms(ms));
    health_recent_heard(recent, &took, at_s(second));
}

// A percentile is at most a thirty-second too high.
static void assert_about(struct rf_duration told, int64_t ms) {
    assert_in_range(told.ns, rf_ms(ms).ns, rf_ms(ms).ns * 33 / 32 + 1);
}

static void percentiles_are_of_the_latest_minutes(void **state) {
    (void)state;
    struct health_recent recent = {0};
    assert_int_equal(health_recent_latency(&recent, at_s(10)).attempts, 0);
    heard(&recent, 610, 90, 100);
    heard(&recent, 700, 9, 400);
    heard(&recent, 700, 1, 9000);
    struct health_latency latency = health_recent_latency(&recent, at_s(700));
    assert_int_equal(latency.attempts, 100);
    assert_about(latency.p50, 100);
    assert_about(latency.p90, 100);
    assert_about(latency.p99, 400);
    // The first of them are older than that, then all.
    latency = health_recent_latency(&recent, at_s(900));
    assert_int_equal(latency.attempts, 10);
    assert_about(latency.p50, 400);
    assert_int_equal(health_recent_latency(&recent, at_s(961)).attempts, 0);
}

static void a_minute_takes_the_place_of_the_one_five_before(void **state) {
    (void)state;
    struct health_recent recent = {0};
    heard(&recent, 600, 5, 100);
    heard(&recent, 900, 1, 200);
    struct health_latency latency = health_recent_latency(&recent, at_s(900));
    assert_int_equal(latency.attempts, 1);
    assert_about(latency.p50, 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_of_the_latest_minutes),
        cmocka_unit_test(a_minute_takes_the_place_of_the_one_five_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
