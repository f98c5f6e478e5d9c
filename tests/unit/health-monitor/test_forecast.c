#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "forecast.h"

#define S      RF_NS_PER_S
#define MINUTE (60 * S)
#define HOUR   (60 * MINUTE)

// A provider's account, a campaign, and the time.
struct world {
    struct health_forecast forecast;
    struct health_credit credit;
    struct health_need need;
    struct health_outlook outlook;
    struct rf_instant now;
    struct rf_utc utc;
    int told;
    enum health_forecast_status from;
};

static struct world begin(double left, int64_t contacts) {
    return (struct world){.credit = {.left = left, .unit = "characters"},
                          .need = {.known = true, .contacts = contacts},
                          .now = {1000 * HOUR},
                          .utc = {INT64_C(1795518480) * S}};
}

static bool look(struct world *w) {
    health_forecast_look(&w->forecast, &w->need, w->now, w->utc, &w->outlook);
    bool changed = health_forecast_decide(&w->forecast, &w->need, &w->outlook, w->utc, &w->from);
    w->told += changed;
    return changed;
}

static bool read_and_look(struct world *w) {
    health_forecast_read(&w->forecast, &w->credit, w->now);
    return look(w);
}

static void pass(struct world *w, int64_t ns) {
    w->now = rf_instant_add(w->now, rf_ns(ns));
    w->utc = rf_utc_add(w->utc, rf_ns(ns));
}

// Contacts are served, each for so much, a minute goes by, and the account is asked.
static bool serve(struct world *w, int contacts, double each) {
    for (int i = 0; i < contacts; i++)
        health_forecast_served(&w->forecast);
    w->need.contacts -= contacts;
    w->credit.left -= contacts * each;
    w->credit.spent += contacts * each;
    pass(w, MINUTE);
    return read_and_look(w);
}

static void nothing_is_told_before_all_is_known(void **state) {
    (void)state;
    struct world w = begin(100, 50);
    assert_false(look(&w)); // no reading
    assert_int_equal(w.outlook.runs_out.ns, 0);
    w.need.known = false;
    assert_false(read_and_look(&w)); // no need
    w.need.known = true;
    assert_false(look(&w));                                 // not what one takes
    assert_false(serve(&w, HEALTH_FORECAST_LEAST - 1, 10)); // too few to measure it
    assert_false(w.forecast.measured);
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_UNKNOWN);
    assert_true(serve(&w, 1, 10)); // 40 are to be served, and nothing is left
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_SHORT);
    assert_int_equal(w.from, HEALTH_FORECAST_UNKNOWN);
    assert_int_equal(w.outlook.unserved, 40);
}

static void it_is_told_long_before_it_runs_out_with_when_and_whom(void **state) {
    (void)state;
    struct world w = begin(100000, 2000); // of 100 each: half are served
    assert_false(read_and_look(&w));
    assert_true(serve(&w, 10, 100));
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_SHORT);
    assert_int_equal(w.forecast.since.ns, w.utc.ns);
    assert_int_equal(w.outlook.contacts, 1990);
    assert_int_equal((int64_t)w.outlook.needed, 199000);
    assert_int_equal(w.outlook.unserved, 1000);
    // Ten a minute: 99,000 last for 99 minutes.
    assert_int_equal(rf_utc_since(w.outlook.runs_out, w.utc).ns / S, 99 * 60);
    for (int i = 0; i < 90; i++)
        (void)serve(&w, 10, 100);
    assert_int_equal(w.told, 1); // once
    assert_int_equal(w.outlook.unserved, 1000);
}

static void without_a_pace_it_has_no_end_and_is_short_all_the_same(void **state) {
    (void)state;
    struct world w = begin(500, 100); // loaded, and not begun
    health_forecast_restore(&w.forecast, HEALTH_FORECAST_UNKNOWN, (struct rf_utc){0}, true, 10);
    assert_true(read_and_look(&w));
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_SHORT);
    assert_int_equal(w.outlook.runs_out.ns, 0);
    assert_int_equal(w.outlook.unserved, 50);
    pass(&w, MINUTE);
    assert_false(read_and_look(&w));
    assert_int_equal(w.outlook.runs_out.ns, 0); // it is watched, and nothing is used
}

static void the_pace_is_that_of_the_latest_minutes_and_at_rest_that_of_the_day(void **state) {
    (void)state;
    struct world w = begin(1000000, 10);
    (void)read_and_look(&w);
    for (int i = 0; i < 60; i++)
        (void)serve(&w, 1, 100);
    double slow = (double)rf_utc_since(w.outlook.runs_out, w.utc).ns;
    for (int i = 0; i < 15; i++)
        (void)serve(&w, 4, 100);
    double fast = (double)rf_utc_since(w.outlook.runs_out, w.utc).ns;
    assert_true(fast < slow / 3.5);
    // An hour of rest: 75 minutes of work in 135.
    for (int i = 0; i < 60; i++)
        (void)serve(&w, 0, 0);
    double rest = (double)rf_utc_since(w.outlook.runs_out, w.utc).ns;
    assert_true(rest > 2 * fast && rest < 5 * fast);
    assert_int_equal((int64_t)w.outlook.used_day, 12000);
    assert_int_equal(w.outlook.within.ns, 135 * MINUTE);
    // A day later it is not of the latest day any more.
    pass(&w, 25 * HOUR);
    (void)look(&w);
    assert_int_equal((int64_t)w.outlook.used_day, 0);
}

static void a_contact_takes_what_was_measured_of_late(void **state) {
    (void)state;
    struct world w = begin(1000000, 1000);
    (void)read_and_look(&w);
    (void)serve(&w, 20, 100);
    assert_int_equal((int64_t)w.forecast.each, 100);
    (void)serve(&w, 20, 0); // from the cache
    assert_int_equal((int64_t)w.forecast.each, 50);
    pass(&w, HOUR);
    (void)read_and_look(&w);
    w.credit.left -= 7777; // by others, while nobody is served
    w.credit.spent += 7777;
    pass(&w, MINUTE);
    (void)read_and_look(&w);
    assert_int_equal((int64_t)w.forecast.each, 50);
    pass(&w, 48 * HOUR); // long ago, but all that is known
    (void)read_and_look(&w);
    assert_int_equal((int64_t)w.forecast.each, 50);
}

// So many times five minutes with some contacts, each for so much.
static void serve_slots(struct world *w, int slots, int contacts, double each) {
    for (int i = 0; i < slots; i++) {
        (void)serve(w, contacts, each);
        pass(w, 4 * MINUTE);
        (void)read_and_look(w);
    }
}

static void charge(struct world *w, double amount) {
    w->credit.left -= amount;
    w->credit.spent += amount;
}

static void a_charge_that_comes_once_while_contacts_are_served_is_not_what_one_takes(void **state) {
    (void)state;
    static const struct {
        int before, behind;
    } cases[] = {{20, 20}, {0, 3}, {3, 0}, {1, 2}, {200, 1}, {1, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = begin(1e6, 10000);
        (void)read_and_look(&w);
        serve_slots(&w, cases[i].before, 12, 100);
        charge(&w, 500000);
        serve_slots(&w, cases[i].behind, 12, 100);
        assert_true(fabs(w.forecast.each - 100) < 1e-6);
    }
    // Four of nine groups may be spoilt.
    struct world w = begin(1e6, 10000);
    (void)read_and_look(&w);
    for (int i = 0; i < 9; i++) {
        charge(&w, i < 4 ? 70000 : 0);
        serve_slots(&w, 4, 25, 100);
    }
    assert_true(fabs(w.forecast.each - 100) < 1e-6);
}

static void few_contacts_do_not_tell_a_charge_from_what_they_take(void **state) {
    (void)state;
    struct world w = begin(1e6, 10000);
    (void)read_and_look(&w);
    charge(&w, 2000);
    serve_slots(&w, 2, 10, 100);
    assert_int_equal((int64_t)w.forecast.each, 200);
}

static void what_few_contacts_take_and_most_do_not_is_measured_all_the_same(void **state) {
    (void)state;
    struct world w = begin(1e6, 10000);
    (void)read_and_look(&w);
    for (int i = 0; i < 280; i++) // three of ten are answered, and take 100
        serve_slots(&w, 1, 1, i % 10 < 3 ? 100 : 0);
    assert_true(fabs(w.forecast.each - 30) < 3);
}

static void another_price_counts_when_most_of_the_day_has_it(void **state) {
    (void)state;
    struct world w = begin(1e6, 10000);
    (void)read_and_look(&w);
    serve_slots(&w, 100, 12, 100);
    serve_slots(&w, 40, 12, 300);
    assert_int_equal((int64_t)w.forecast.each, 100);
    serve_slots(&w, 180, 12, 300);
    assert_int_equal((int64_t)w.forecast.each, 300);
    serve_slots(&w, 288, 12, 200); // a day later nothing of that is left
    assert_int_equal((int64_t)w.forecast.each, 200);
}

static void a_reset_before_it_runs_out_is_no_trouble_and_too_late_a_one_is(void **state) {
    (void)state;
    static const struct {
        int64_t resets_min;
        enum health_forecast_status status;
    } cases[] = {{60, HEALTH_FORECAST_ENOUGH},
                 {98, HEALTH_FORECAST_ENOUGH},
                 {101, HEALTH_FORECAST_SHORT},
                 {-5, HEALTH_FORECAST_SHORT}}; // past: nobody knows of the next one
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = begin(100000, 2000);
        w.credit.resets = rf_utc_add(w.utc, rf_ns((cases[i].resets_min + 1) * MINUTE));
        (void)read_and_look(&w);
        assert_true(serve(&w, 10, 100)); // lasts for 99 minutes
        assert_int_equal(w.forecast.status, cases[i].status);
    }
}

static void around_its_bounds_it_does_not_flap(void **state) {
    (void)state;
    struct world w = begin(2000, 200);
    (void)read_and_look(&w);
    (void)serve(&w, 100, 10);
    w.told = 0;
    // 1,000 are needed, and what is there goes up and down around that.
    static const double left[] = {1000, 999, 1001, 998, 1050, 1099};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        w.credit.left = left[i];
        (void)read_and_look(&w);
    }
    assert_int_equal(w.told, 1);
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_SHORT);
    w.credit.left = 1101;
    assert_true(read_and_look(&w));
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_ENOUGH);
    w.credit.left = 1000;
    assert_false(read_and_look(&w));
    // So with a reset that is about as far away as the end.
    struct world r = begin(100000, 2000);
    r.credit.resets = rf_utc_add(r.utc, rf_ns(101 * MINUTE));
    (void)read_and_look(&r);
    (void)serve(&r, 10, 100); // 99 minutes, and 100
    assert_int_equal(r.forecast.status, HEALTH_FORECAST_SHORT);
    r.forecast.credit.resets = rf_utc_add(r.utc, rf_ns(95 * MINUTE));
    assert_false(look(&r));
    r.forecast.credit.resets = rf_utc_add(r.utc, rf_ns(85 * MINUTE));
    assert_true(look(&r));
    assert_int_equal(r.forecast.status, HEALTH_FORECAST_ENOUGH);
}

static void more_credit_or_the_campaigns_end_ends_it(void **state) {
    (void)state;
    struct world w = begin(1000, 200);
    (void)read_and_look(&w);
    assert_true(serve(&w, 10, 10));
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_SHORT);
    w.credit.left += 5000;
    assert_true(read_and_look(&w));
    assert_int_equal(w.from, HEALTH_FORECAST_SHORT);
    w.credit.left -= 5000;
    assert_true(read_and_look(&w));
    w.need.contacts = 0;
    assert_true(look(&w));
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_ENOUGH);
    assert_int_equal(w.outlook.unserved, 0);
}

static void what_was_used_over_a_reset_is_not_known_and_not_guessed(void **state) {
    (void)state;
    struct world w = begin(1000, 500);
    (void)read_and_look(&w);
    (void)serve(&w, 20, 10);
    for (int i = 0; i < 20; i++)
        health_forecast_served(&w.forecast);
    w.credit = (struct health_credit){.left = 9900, .spent = 100, .unit = "characters"};
    (void)read_and_look(&w);
    assert_int_equal((int64_t)w.forecast.each, 10);
    assert_int_equal((int64_t)w.outlook.used_day, 200);
}

static void a_plan_without_an_end_is_never_short(void **state) {
    (void)state;
    struct world w = begin(0, 500);
    w.credit.endless = true;
    (void)read_and_look(&w);
    (void)serve(&w, 20, 10);
    assert_int_equal(w.forecast.status, HEALTH_FORECAST_ENOUGH);
    assert_int_equal(w.outlook.runs_out.ns, 0);
    assert_int_equal(w.outlook.unserved, 0);
}

static void a_debt_is_no_more_than_nothing(void **state) {
    (void)state;
    struct world w = begin(-50, 30);
    (void)read_and_look(&w);
    assert_true(serve(&w, 10, 10));
    assert_int_equal(w.outlook.unserved, 20);
    assert_int_equal(w.outlook.runs_out.ns, w.utc.ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_told_before_all_is_known),
        cmocka_unit_test(it_is_told_long_before_it_runs_out_with_when_and_whom),
        cmocka_unit_test(without_a_pace_it_has_no_end_and_is_short_all_the_same),
        cmocka_unit_test(the_pace_is_that_of_the_latest_minutes_and_at_rest_that_of_the_day),
        cmocka_unit_test(a_contact_takes_what_was_measured_of_late),
        cmocka_unit_test(a_charge_that_comes_once_while_contacts_are_served_is_not_what_one_takes),
        cmocka_unit_test(few_contacts_do_not_tell_a_charge_from_what_they_take),
        cmocka_unit_test(what_few_contacts_take_and_most_do_not_is_measured_all_the_same),
        cmocka_unit_test(another_price_counts_when_most_of_the_day_has_it),
        cmocka_unit_test(a_reset_before_it_runs_out_is_no_trouble_and_too_late_a_one_is),
        cmocka_unit_test(around_its_bounds_it_does_not_flap),
        cmocka_unit_test(more_credit_or_the_campaigns_end_ends_it),
        cmocka_unit_test(what_was_used_over_a_reset_is_not_known_and_not_guessed),
        cmocka_unit_test(a_plan_without_an_end_is_never_short),
        cmocka_unit_test(a_debt_is_no_more_than_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
