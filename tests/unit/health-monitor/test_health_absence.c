#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "absence.h"

#define AFTER rf_seconds(60)

static struct rf_instant at(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

static void see(struct health_absence *absence, bool there, int64_t seconds) {
    health_absence_seen(absence, there, at(seconds), (struct rf_utc){seconds * RF_NS_PER_S});
}

static enum health_absence_news due(const struct health_absence *absence, int64_t seconds) {
    struct rf_instant wake;
    return health_absence_due(absence, AFTER, at(seconds), &wake);
}

// When it wants to be asked again; -1: not by itself.
static int64_t wake(const struct health_absence *absence, int64_t seconds) {
    struct rf_instant when;
    assert_int_equal(health_absence_due(absence, AFTER, at(seconds), &when),
                     HEALTH_ABSENCE_NOTHING);
    return when.ns == INT64_MAX ? -1 : when.ns / RF_NS_PER_S;
}

static void one_that_was_never_there_is_away(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    assert_int_equal(wake(&absence, 10), 60);
    assert_int_equal(due(&absence, 60), HEALTH_ABSENCE_AWAY);
}

static void a_short_absence_is_not_told(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    see(&absence, true, 5);
    assert_int_equal(wake(&absence, 100), -1);
    see(&absence, false, 200);
    see(&absence, false, 210); // seen away again: still since 200
    assert_int_equal(wake(&absence, 230), 260);
    see(&absence, true, 259);
    assert_int_equal(wake(&absence, 300), -1);
}

static void each_is_told_once(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    see(&absence, true, 1);
    see(&absence, false, 100);
    assert_int_equal(due(&absence, 160), HEALTH_ABSENCE_AWAY);
    health_absence_told(&absence, HEALTH_ABSENCE_AWAY, true, at(161));
    assert_int_equal(wake(&absence, 1000), -1);
    see(&absence, true, 1001);
    assert_int_equal(due(&absence, 1001), HEALTH_ABSENCE_BACK);
    health_absence_told(&absence, HEALTH_ABSENCE_BACK, true, at(1002));
    assert_int_equal(wake(&absence, 5000), -1);
}

static void what_is_not_taken_is_told_again_at_growing_distances(void **state) {
    (void)state;
    static const int64_t waits[] = {5, 10, 20, 40, 80, 160, 300, 300};
    struct health_absence absence;
    int64_t now = 60;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(due(&absence, now), HEALTH_ABSENCE_AWAY);
        health_absence_told(&absence, HEALTH_ABSENCE_AWAY, false, at(now));
        assert_int_equal(wake(&absence, now), now + waits[i]);
        now += waits[i];
    }
}

static void an_absence_that_ended_before_it_was_taken_is_not_told(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    health_absence_told(&absence, HEALTH_ABSENCE_AWAY, false, at(60));
    see(&absence, true, 62);
    assert_int_equal(wake(&absence, 100), -1);
}

// The post was under way when it came back.
static void a_return_during_the_telling_is_told_after_it(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    assert_int_equal(due(&absence, 60), HEALTH_ABSENCE_AWAY);
    see(&absence, true, 61);
    health_absence_told(&absence, HEALTH_ABSENCE_AWAY, true, at(62));
    assert_int_equal(due(&absence, 62), HEALTH_ABSENCE_BACK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_never_there_is_away),
        cmocka_unit_test(a_short_absence_is_not_told),
        cmocka_unit_test(each_is_told_once),
        cmocka_unit_test(what_is_not_taken_is_told_again_at_growing_distances),
        cmocka_unit_test(an_absence_that_ended_before_it_was_taken_is_not_told),
        cmocka_unit_test(a_return_during_the_telling_is_told_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
