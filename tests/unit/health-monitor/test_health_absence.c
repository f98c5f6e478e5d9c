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

// ---- over a restart ----

// Another monitor, at `seconds`, that knows what this one kept.
static struct health_absence restarted(const struct health_absence *absence, int64_t seconds) {
    struct health_absence_kept kept = health_absence_keep(absence);
    struct health_absence next;
    health_absence_init(&next, at(seconds), (struct rf_utc){seconds * RF_NS_PER_S});
    health_absence_restore(&next, &kept);
    return next;
}

static void tell(struct health_absence *absence, enum health_absence_news news, int64_t seconds) {
    health_absence_begin(absence, news);
    health_absence_told(absence, news, true, at(seconds));
}

static void what_was_told_is_neither_forgotten_nor_told_again(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    see(&absence, true, 1);
    see(&absence, false, 100);
    tell(&absence, HEALTH_ABSENCE_AWAY, 160);
    absence = restarted(&absence, 200);
    assert_int_equal(wake(&absence, 100000), -1);
    absence = restarted(&absence, 100000);
    assert_int_equal(absence.outage.ns, 100 * RF_NS_PER_S);
    see(&absence, true, 100001);
    assert_int_equal(due(&absence, 100001), HEALTH_ABSENCE_BACK);
    absence = restarted(&absence, 100002); // killed before that was taken
    assert_int_equal(wake(&absence, 100002), -1);
    see(&absence, true, 100003);
    assert_int_equal(due(&absence, 100003), HEALTH_ABSENCE_BACK);
    assert_int_equal(absence.outage.ns, 100 * RF_NS_PER_S);
    tell(&absence, HEALTH_ABSENCE_BACK, 100003);
    absence = restarted(&absence, 100100);
    see(&absence, true, 100101);
    assert_int_equal(wake(&absence, 100101), -1);
}

static void what_may_have_been_taken_is_told_by_the_same_name(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    see(&absence, true, 1);
    see(&absence, false, 100);
    health_absence_begin(&absence, HEALTH_ABSENCE_AWAY);
    absence = restarted(&absence, 200);
    assert_int_equal(wake(&absence, 210), 260); // it has to be there for a while to be seen
    assert_int_equal(due(&absence, 260), HEALTH_ABSENCE_AWAY);
    assert_int_equal(absence.outage.ns, 100 * RF_NS_PER_S);
    absence = restarted(&absence, 261); // and over a second kill
    assert_int_equal(absence.outage.ns, 100 * RF_NS_PER_S);
    assert_int_equal(absence.since_utc.ns, 100 * RF_NS_PER_S);
}

static void an_absence_that_nobody_began_to_tell_leaves_no_trace(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    see(&absence, true, 1);
    see(&absence, false, 100);
    assert_int_equal(health_absence_keep(&absence).since.ns, 0);
    health_absence_begin(&absence, HEALTH_ABSENCE_AWAY);
    health_absence_told(&absence, HEALTH_ABSENCE_AWAY, false, at(160));
    see(&absence, true, 161); // it ended before it was taken
    assert_int_equal(health_absence_keep(&absence).since.ns, 0);
    see(&absence, false, 200);
    assert_int_equal(absence.outage.ns, 200 * RF_NS_PER_S);
}

static void while_its_return_is_not_told_one_absence_goes_on(void **state) {
    (void)state;
    struct health_absence absence;
    health_absence_init(&absence, at(0), (struct rf_utc){0});
    see(&absence, true, 1);
    see(&absence, false, 100);
    tell(&absence, HEALTH_ABSENCE_AWAY, 160);
    see(&absence, true, 170);
    see(&absence, false, 180);
    assert_int_equal(wake(&absence, 1000), -1);
    assert_int_equal(absence.outage.ns, 100 * RF_NS_PER_S);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_never_there_is_away),
        cmocka_unit_test(a_short_absence_is_not_told),
        cmocka_unit_test(each_is_told_once),
        cmocka_unit_test(what_is_not_taken_is_told_again_at_growing_distances),
        cmocka_unit_test(an_absence_that_ended_before_it_was_taken_is_not_told),
        cmocka_unit_test(a_return_during_the_telling_is_told_after_it),
        cmocka_unit_test(what_was_told_is_neither_forgotten_nor_told_again),
        cmocka_unit_test(what_may_have_been_taken_is_told_by_the_same_name),
        cmocka_unit_test(an_absence_that_nobody_began_to_tell_leaves_no_trace),
        cmocka_unit_test(while_its_return_is_not_told_one_absence_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
