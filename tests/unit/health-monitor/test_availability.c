#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "availability.h"

#define S   RF_NS_PER_S
#define DAY (24 * 3600)

// A whole day since 1970, so that minutes, hours and days begin here.
#define BEGIN (INT64_C(20000) * DAY)

static struct rf_utc at_s(int64_t seconds) {
    return (struct rf_utc){(BEGIN + seconds) * S};
}

static void spent(struct health_availability *availability, enum health_status status, int64_t from,
                  int64_t until) {
    health_availability_add(availability, status, at_s(from), at_s(until));
}

// In seconds.
static void assert_spent(const struct health_availability *availability, int64_t from,
                         int64_t until, int64_t now, int64_t up, int64_t degraded, int64_t down) {
    struct health_spent sum =
        health_availability_between(availability, at_s(from), at_s(until), at_s(now));
    assert_int_equal(sum.up_ns, up * S);
    assert_int_equal(sum.degraded_ns, degraded * S);
    assert_int_equal(sum.down_ns, down * S);
}

static struct health_availability *make(void) {
    struct health_availability *availability = calloc(1, sizeof *availability);
    assert_non_null(availability);
    return availability;
}

static void time_is_summed_over_minutes_and_hours(void **state) {
    (void)state;
    struct health_availability *a = make();
    spent(a, HEALTH_UP, 0, 5000);
    spent(a, HEALTH_DEGRADED, 5000, 5030);
    spent(a, HEALTH_DOWN, 5030, 5200);
    spent(a, HEALTH_UP, 5200, 7200);
    assert_spent(a, 3600, 7200, 7200, 3400, 30, 170);
    assert_spent(a, 0, 7200, 7200, 7000, 30, 170);
    // By the hour, as it began more than a day ago.
    assert_spent(a, 0, 7200, 2 * DAY, 7000, 30, 170);
    assert_spent(a, 3600, 7200, 2 * DAY, 3400, 30, 170);
    free(a);
}

static void unknown_time_is_in_nothing(void **state) {
    (void)state;
    struct health_availability *a = make();
    struct health_spent none = health_availability_between(a, at_s(0), at_s(3600), at_s(3600));
    assert_int_equal(health_spent_known(&none), 0);
    assert_true(health_spent_share(&none) < 0);
    spent(a, HEALTH_UP, 0, 60);
    spent(a, HEALTH_UNKNOWN, 60, 3000);
    spent(a, HEALTH_DOWN, 3000, 3020);
    assert_spent(a, 0, 3600, 3600, 60, 0, 20);
    struct health_spent sum = health_availability_between(a, at_s(0), at_s(3600), at_s(3600));
    assert_true(health_spent_share(&sum) == 0.75);
    free(a);
}

static void the_minute_under_way_counts_for_what_it_had(void **state) {
    (void)state;
    struct health_availability *a = make();
    spent(a, HEALTH_UP, 0, 90);
    assert_spent(a, 90 - 3600, 90, 90, 90, 0, 0);
    spent(a, HEALTH_DOWN, 90, 100);
    assert_spent(a, 100 - 3600, 100, 100, 90, 0, 10);
    // And the hour under way, of a window that is told by hours.
    assert_spent(a, 100 - 2 * DAY, 100, 100, 90, 0, 10);
    free(a);
}

static void of_the_minute_at_the_edge_a_part_counts(void **state) {
    (void)state;
    struct health_availability *a = make();
    spent(a, HEALTH_DOWN, 0, 60);
    spent(a, HEALTH_UP, 60, 3600 + 30);
    assert_spent(a, 30, 3600 + 30, 3600 + 30, 3570, 0, 30);
    free(a);
}

static void what_is_older_than_ninety_days_is_gone(void **state) {
    (void)state;
    struct health_availability *a = make();
    spent(a, HEALTH_DOWN, 0, 3600);
    for (int64_t hour = 1; hour <= 91 * 24; hour++)
        spent(a, HEALTH_UP, hour * 3600, (hour + 1) * 3600);
    int64_t now = 92 * DAY - 23 * 3600;
    assert_spent(a, now - 90 * DAY, now, now, 90 * DAY, 0, 0);
    assert_spent(a, 0, 3600, now, 0, 0, 0);
    free(a);
}

static void no_minute_gets_longer_than_it_is(void **state) {
    (void)state;
    struct health_availability *a = make();
    spent(a, HEALTH_UP, 0, 60);
    spent(a, HEALTH_DOWN, 30, 60); // the clock was set back
    assert_spent(a, 0, 60, 60, 60, 0, 0);
    free(a);
}

static void a_year_at_once_fills_the_ring_once(void **state) {
    (void)state;
    struct health_availability *a = make();
    spent(a, HEALTH_UP, 0, 365 * DAY);
    assert_spent(a, 275 * DAY, 365 * DAY, 365 * DAY, 90 * DAY, 0, 0);
    assert_spent(a, 364 * DAY, 365 * DAY, 365 * DAY, DAY, 0, 0);
    free(a);
}

static void what_was_kept_is_put_back(void **state) {
    (void)state;
    struct health_availability *a = make(), *b = make();
    spent(a, HEALTH_UP, 0, 7000);
    for (size_t i = 0; i < HEALTH_MINUTES; i++)
        assert_true(health_availability_put(b, HEALTH_MINUTE, &a->minutes[i]));
    for (size_t i = 0; i < HEALTH_HOURS; i++)
        assert_true(health_availability_put(b, HEALTH_HOUR, &a->hours[i]));
    assert_memory_equal(a, b, sizeof *a);
    const struct health_bucket wrong = {.number = -1};
    assert_false(health_availability_put(b, HEALTH_MINUTE, &wrong));
    assert_false(health_availability_put(b, HEALTH_DAY, &a->hours[0]));
    free(a);
    free(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_summed_over_minutes_and_hours),
        cmocka_unit_test(unknown_time_is_in_nothing),
        cmocka_unit_test(the_minute_under_way_counts_for_what_it_had),
        cmocka_unit_test(of_the_minute_at_the_edge_a_part_counts),
        cmocka_unit_test(what_is_older_than_ninety_days_is_gone),
        cmocka_unit_test(no_minute_gets_longer_than_it_is),
        cmocka_unit_test(a_year_at_once_fills_the_ring_once),
        cmocka_unit_test(what_was_kept_is_put_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
