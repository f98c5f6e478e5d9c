#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "standing.h"

static struct health_probes shown(enum health_status status, int64_t since) {
    struct health_probes probes = {.status = status, .since = {since}};
    snprintf(probes.why, sizeof probes.why, "HTTP 1");
    return probes;
}

static struct health_passive heard(enum health_status status) {
    struct health_passive passive = {.status = status};
    snprintf(passive.why, sizeof passive.why, "3 of 4 failed");
    return passive;
}

static void the_status_is_by_probes_and_by_calls(void **state) {
    (void)state;
    // By row what probes show, by column what calls tell: ?(unknown), u(p), d(egraded), x (down).
    static const char letters[] = "?udx";
    static const char *const table[] = {"?udx", "uudx", "dddx", "xdxx"};
    for (int p = HEALTH_UNKNOWN; p <= HEALTH_DOWN; p++)
        for (int c = HEALTH_UNKNOWN; c <= HEALTH_DOWN; c++) {
            struct health_probes probes = shown((enum health_status)p, 1);
            struct health_passive passive = heard((enum health_status)c);
            struct health_standing standing = {0};
            enum health_status from;
            bool changed =
                health_standing_look(&standing, &probes, &passive, (struct rf_utc){9}, &from);
            assert_int_equal(letters[standing.status], table[p][c]);
            assert_int_equal(changed, table[p][c] != '?');
            assert_int_equal(from, HEALTH_UNKNOWN);
        }
}

static void it_says_why_and_by_what(void **state) {
    (void)state;
    const struct {
        enum health_status probes, calls;
        const char *cause, *why;
    } rows[] = {
        {HEALTH_UP, HEALTH_UNKNOWN, "probes", "HTTP 1"},
        {HEALTH_UNKNOWN, HEALTH_UP, "calls", "3 of 4 failed"},
        {HEALTH_DOWN, HEALTH_UP, "probes", "calls succeed, but its probes fail: HTTP 1"},
        {HEALTH_DOWN, HEALTH_DEGRADED, "probes", "HTTP 1"},
        {HEALTH_UP, HEALTH_DOWN, "calls", "3 of 4 failed, though it answers probes: HTTP 1"},
        {HEALTH_UNKNOWN, HEALTH_DOWN, "calls", "3 of 4 failed"},
        {HEALTH_DOWN, HEALTH_DOWN, "both", "HTTP 1; 3 of 4 failed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct health_probes probes = shown(rows[i].probes, 1);
        struct health_passive passive = heard(rows[i].calls);
        struct health_standing standing = {0};
        enum health_status from;
        health_standing_look(&standing, &probes, &passive, (struct rf_utc){9}, &from);
        assert_string_equal(standing.cause, rows[i].cause);
        assert_string_equal(standing.why, rows[i].why);
    }
}

static void it_is_so_since_the_probe_that_first_spoke_for_it_or_since_now(void **state) {
    (void)state;
    struct health_standing standing = {0};
    struct health_probes probes = shown(HEALTH_UP, 5);
    struct health_passive passive = heard(HEALTH_UNKNOWN);
    enum health_status from;
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){9}, &from));
    assert_int_equal(standing.since.ns, 5);
    passive = heard(HEALTH_DOWN);
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){20}, &from));
    assert_int_equal(standing.since.ns, 20);
    passive = heard(HEALTH_UNKNOWN);
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){30}, &from));
    assert_int_equal(from, HEALTH_DOWN);
    assert_int_equal(standing.since.ns, 30); // and not 5, before it was down
}

static void when_nothing_is_known_any_more_the_last_status_stays(void **state) {
    (void)state;
    struct health_standing standing = {0};
    struct health_probes probes = {.why = "it refuses our key (HTTP 401)"};
    struct health_passive passive = heard(HEALTH_DOWN);
    enum health_status from;
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){9}, &from));
    passive.status = HEALTH_UNKNOWN;
    assert_false(health_standing_look(&standing, &probes, &passive, (struct rf_utc){10}, &from));
    assert_int_equal(standing.status, HEALTH_DOWN);
    assert_string_equal(standing.why, probes.why);
}

static void incident_24_six_changes_in_ten_minutes_flap_until_five_without_one(void **state) {
    (void)state;
    const struct health_flap_rules rules = {6, {600 * RF_NS_PER_S}};
    struct health_standing standing = {0};
    struct health_passive passive = heard(HEALTH_UNKNOWN);
    enum health_status from;
    for (int64_t i = 0; i < 6; i++) {
        struct rf_utc now = {(1000 + i * 60) * RF_NS_PER_S};
        struct health_probes probes = shown(i % 2 == 0 ? HEALTH_UP : HEALTH_DOWN, now.ns);
        assert_true(health_standing_look(&standing, &probes, &passive, now, &from));
        assert_int_equal(health_standing_flaps(&standing, &rules, now), i == 5);
    }
    assert_true(standing.flapping);
    struct rf_utc calm = {(1300 + 299) * RF_NS_PER_S};
    assert_false(health_standing_flaps(&standing, &rules, calm));
    assert_true(standing.flapping);
    calm.ns += RF_NS_PER_S;
    assert_true(health_standing_flaps(&standing, &rules, calm));
    assert_false(standing.flapping);
}

static void changes_that_are_slower_do_not_flap(void **state) {
    (void)state;
    const struct health_flap_rules rules = {6, {600 * RF_NS_PER_S}};
    struct health_standing standing = {0};
    struct health_passive passive = heard(HEALTH_UNKNOWN);
    enum health_status from;
    for (int64_t i = 0; i < 200; i++) {
        struct rf_utc now = {(1000 + i * 120) * RF_NS_PER_S};
        struct health_probes probes = shown(i % 2 == 0 ? HEALTH_UP : HEALTH_DOWN, now.ns);
        assert_true(health_standing_look(&standing, &probes, &passive, now, &from));
        assert_false(health_standing_flaps(&standing, &rules, now));
    }
}

static void a_restored_standing_tells_no_change_that_is_none(void **state) {
    (void)state;
    struct health_standing standing;
    struct health_probes probes = shown(HEALTH_DOWN, 5);
    struct health_passive passive = heard(HEALTH_UNKNOWN);
    enum health_status from;
    health_standing_restore(&standing, HEALTH_DOWN, (struct rf_utc){5}, "HTTP 503");
    assert_false(health_standing_look(&standing, &probes, &passive, (struct rf_utc){9}, &from));
    assert_int_equal(standing.since.ns, 5);
}

static void what_our_own_side_hides_and_shows_again_is_no_change(void **state) {
    (void)state;
    struct health_probes probes = shown(HEALTH_UP, 1);
    struct health_passive passive = {0};
    struct health_standing standing = {0};
    enum health_status from;
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){1}, &from));
    assert_true(health_standing_cover(&standing, "network", &passive, (struct rf_utc){5}, &from));
    assert_int_equal(standing.status, HEALTH_UNKNOWN);
    assert_int_equal(standing.told, HEALTH_UP);
    assert_string_equal(standing.why, "our own side: no provider answers");
    assert_string_equal(standing.cause, "own_side");
    assert_false(health_standing_cover(&standing, "network", &passive, (struct rf_utc){6}, &from));
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){9}, &from));
    assert_int_equal(standing.status, HEALTH_UP);
    assert_int_equal(from, HEALTH_UP);
    assert_int_equal(standing.change_count, 1);
    // What is found to be down behind it has changed since it was told.
    assert_true(health_standing_cover(&standing, "dns", &passive, (struct rf_utc){10}, &from));
    assert_string_equal(standing.why, "our own side: no provider's name is found");
    probes = shown(HEALTH_DOWN, 12);
    assert_true(health_standing_look(&standing, &probes, &passive, (struct rf_utc){13}, &from));
    assert_int_equal(from, HEALTH_UP);
    assert_int_equal(standing.status, HEALTH_DOWN);
    assert_int_equal(standing.since.ns, 12);
    assert_int_equal(standing.change_count, 2);
}

static void calls_that_succeed_from_elsewhere_say_that_it_is_up(void **state) {
    (void)state;
    struct health_passive passive = heard(HEALTH_UP);
    struct health_standing standing = {0};
    enum health_status from;
    assert_true(health_standing_cover(&standing, "network", &passive, (struct rf_utc){5}, &from));
    assert_int_equal(standing.status, HEALTH_UP);
    assert_string_equal(standing.cause, "calls");
    assert_string_equal(standing.why, "3 of 4 failed, though we reach no provider from here");
    passive = heard(HEALTH_DOWN);
    assert_true(health_standing_cover(&standing, "network", &passive, (struct rf_utc){6}, &from));
    assert_int_equal(standing.status, HEALTH_UNKNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_by_probes_and_by_calls),
        cmocka_unit_test(it_says_why_and_by_what),
        cmocka_unit_test(it_is_so_since_the_probe_that_first_spoke_for_it_or_since_now),
        cmocka_unit_test(when_nothing_is_known_any_more_the_last_status_stays),
        cmocka_unit_test(incident_24_six_changes_in_ten_minutes_flap_until_five_without_one),
        cmocka_unit_test(changes_that_are_slower_do_not_flap),
        cmocka_unit_test(a_restored_standing_tells_no_change_that_is_none),
        cmocka_unit_test(what_our_own_side_hides_and_shows_again_is_no_change),
        cmocka_unit_test(calls_that_succeed_from_elsewhere_say_that_it_is_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
