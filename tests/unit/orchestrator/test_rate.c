#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rate.h"

#define S   RF_NS_PER_S
#define NOW ((struct rf_utc){100000 * S})

static struct rf_utc ago(int64_t seconds) {
    return (struct rf_utc){NOW.ns - seconds * S};
}

static void the_rate_is_that_of_the_last_minutes_not_since_the_start(void **state) {
    (void)state;
    const struct {
        struct rf_rate rate;
        bool told;
        double per_minute;
    } cases[] = {
        {{.ended = 50, .oldest = ago(299), .since = ago(86400)}, true, 10},
        {{.ended = 50, .oldest = ago(40), .since = ago(60)}, true, 50},
        {{.ended = 0, .since = ago(86400)}, true, 0},
        {{.ended = 3, .oldest = ago(1), .since = ago(2)}, false, 0},       // too early to tell
        {{.ended = 3, .oldest = ago(1), .since = {NOW.ns + S}}, false, 0}, // the clock was set
        // More than are looked at: the time in which these ended.
        {{.ended = RF_RATE_MOST, .oldest = ago(50), .since = ago(86400)}, true, 6000},
        {{.ended = RF_RATE_MOST, .oldest = ago(1), .since = ago(86400)}, true, 300000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double per_minute = -1;
        assert_int_equal(rf_rate_per_minute(&cases[i].rate, NOW, &per_minute), cases[i].told);
        if (cases[i].told)
            assert_true(per_minute == cases[i].per_minute);
    }
}

static void what_ended_before_the_last_start_does_not_count(void **state) {
    (void)state;
    assert_int_equal(rf_rate_from(ago(60), NOW).ns, ago(60).ns);
    assert_int_equal(rf_rate_from(ago(600), NOW).ns, ago(300).ns);
}

static void the_time_left_is_told_or_not_at_all(void **state) {
    (void)state;
    struct rf_duration time;
    assert_true(rf_rate_left(10, 120, &time));
    assert_int_equal(time.ns, 720 * S);
    assert_true(rf_rate_left(10, 0, &time));
    assert_int_equal(time.ns, 0);
    assert_false(rf_rate_left(0, 120, &time));
    assert_false(rf_rate_left(0.000001, 1000000, &time)); // longer than a year
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rate_is_that_of_the_last_minutes_not_since_the_start),
        cmocka_unit_test(what_ended_before_the_last_start_does_not_count),
        cmocka_unit_test(the_time_left_is_told_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
