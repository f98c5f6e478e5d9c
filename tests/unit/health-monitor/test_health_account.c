#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "account.h"

#define BEGIN (INT64_C(20000) * 24 * 3600)

static struct rf_utc utc_s(int64_t seconds) {
    return (struct rf_utc){(BEGIN + seconds) * RF_NS_PER_S};
}

struct seen {
    unsigned news;
    struct health_change change;
};

// A look at `second`; the monotonic clock began elsewhere.
static struct seen look(struct health_account *account, int64_t second, enum health_status status,
                        int64_t since) {
    const struct health_sight sight = {status, utc_s(since), "probes", "HTTP 503"};
    struct seen seen = {0};
    seen.news =
        health_account_look(account, &sight, (struct rf_instant){(77 + second) * RF_NS_PER_S},
                            utc_s(second), &seen.change);
    return seen;
}

static void watch(struct health_account *account, int64_t from, int64_t until,
                  enum health_status status) {
    for (int64_t second = from; second <= until; second += 10)
        assert_int_equal(look(account, second, status, 0).news, 0);
}

static struct health_spent hour(const struct health_account *account, int64_t now) {
    return health_availability_between(&account->availability, utc_s(now - 3600), utc_s(now),
                                       utc_s(now));
}

static struct health_account *make(void) {
    struct health_account *account = calloc(1, sizeof *account);
    assert_non_null(account);
    return account;
}

static void time_belongs_to_the_status_that_was_seen_before(void **state) {
    (void)state;
    struct health_account *account = make();
    assert_int_equal(look(account, 0, HEALTH_UNKNOWN, 0).news, 0);
    assert_int_equal(look(account, 10, HEALTH_UP, 9).news, HEALTH_NEWS_CHANGE);
    watch(account, 20, 100, HEALTH_UP);
    struct seen down = look(account, 105, HEALTH_DOWN, 101);
    assert_int_equal(down.news, HEALTH_NEWS_CHANGE | HEALTH_NEWS_OUTAGE);
    assert_int_equal(down.change.at.ns, utc_s(101).ns);
    assert_int_equal(down.change.from, HEALTH_UP);
    assert_int_equal(down.change.to, HEALTH_DOWN);
    look(account, 115, HEALTH_DOWN, 101);
    struct health_spent spent = hour(account, 115);
    assert_int_equal(spent.up_ns, 95 * RF_NS_PER_S);
    assert_int_equal(spent.down_ns, 10 * RF_NS_PER_S);
    free(account);
}

static void incident_38_time_that_is_not_its_own_is_not_charged(void **state) {
    (void)state;
    struct health_account *account = make();
    look(account, 0, HEALTH_UP, 0);
    watch(account, 10, 100, HEALTH_UP);
    assert_int_equal(look(account, 100, HEALTH_UNKNOWN, 100).news, HEALTH_NEWS_CHANGE);
    watch(account, 110, 900, HEALTH_UNKNOWN);
    struct seen back = look(account, 900, HEALTH_UP, 0);
    assert_int_equal(back.news, HEALTH_NEWS_CHANGE); // and no outage
    assert_int_equal(back.change.at.ns, utc_s(900).ns);
    look(account, 910, HEALTH_UP, 0);
    struct health_spent spent = hour(account, 910);
    assert_int_equal(health_spent_known(&spent), 110 * RF_NS_PER_S);
    assert_true(health_spent_share(&spent) == 1.0);
    free(account);
}

static void time_in_which_we_stood_still_is_unknown(void **state) {
    (void)state;
    struct health_account *account = make();
    look(account, 0, HEALTH_UP, 0);
    look(account, 30, HEALTH_UP, 0); // the longest that counts
    look(account, 61, HEALTH_UP, 0);
    look(account, 70, HEALTH_UP, 0);
    struct health_spent spent = hour(account, 70);
    assert_int_equal(spent.up_ns, 39 * RF_NS_PER_S);
    free(account);
}

static void an_outage_is_one_from_its_beginning_to_the_first_up(void **state) {
    (void)state;
    struct health_account *account = make();
    const struct health_outage *outage = &account->outage;
    look(account, 0, HEALTH_UP, 0);
    look(account, 10, HEALTH_DEGRADED, 8);
    assert_int_equal(outage->began.ns, utc_s(8).ns);
    assert_int_equal(outage->worst, HEALTH_DEGRADED);
    look(account, 20, HEALTH_DOWN, 15);
    assert_int_equal(look(account, 30, HEALTH_UNKNOWN, 30).news, HEALTH_NEWS_CHANGE);
    assert_int_equal(outage->ended.ns, 0);
    look(account, 40, HEALTH_DOWN, 15);
    look(account, 50, HEALTH_DEGRADED, 48);
    assert_int_equal(outage->worst, HEALTH_DOWN);
    assert_int_equal(outage->changes, 4);
    assert_int_equal(outage->ended.ns, 0);
    assert_int_equal(look(account, 60, HEALTH_UP, 57).news,
                     HEALTH_NEWS_CHANGE | HEALTH_NEWS_OUTAGE);
    assert_int_equal(outage->began.ns, utc_s(8).ns);
    assert_int_equal(outage->ended.ns, utc_s(57).ns);
    look(account, 70, HEALTH_DOWN, 69);
    assert_int_equal(outage->began.ns, utc_s(69).ns);
    assert_int_equal(outage->ended.ns, 0);
    assert_int_equal(outage->changes, 1);
    free(account);
}

static void a_restart_is_told_and_goes_on_with_the_outage(void **state) {
    (void)state;
    struct health_account *account = make();
    const struct health_outage open = {
        .began = utc_s(5), .worst = HEALTH_DOWN, .changes = 1, .cause = "calls", .why = "all"};
    struct health_change change;
    assert_true(health_account_restore(account, HEALTH_DOWN, utc_s(40), &open, &change));
    assert_int_equal(change.at.ns, utc_s(40).ns);
    assert_int_equal(change.from, HEALTH_DOWN);
    assert_int_equal(change.to, HEALTH_UNKNOWN);
    assert_string_equal(change.cause, "monitor");
    look(account, 100, HEALTH_UNKNOWN, 0);
    struct seen down = look(account, 110, HEALTH_DOWN, 5);
    assert_int_equal(down.change.at.ns, utc_s(110).ns);
    assert_int_equal(account->outage.began.ns, utc_s(5).ns);
    look(account, 120, HEALTH_UP, 119);
    assert_int_equal(account->outage.ended.ns, utc_s(119).ns);
    struct health_spent spent = hour(account, 120);
    assert_int_equal(health_spent_known(&spent), 10 * RF_NS_PER_S);
    free(account);
}

static void what_nobody_saw_is_no_news_after_a_restart(void **state) {
    (void)state;
    struct health_account *account = make();
    struct health_change change;
    assert_false(health_account_restore(account, HEALTH_UNKNOWN, utc_s(40),
                                        &(struct health_outage){0}, &change));
    free(account);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_belongs_to_the_status_that_was_seen_before),
        cmocka_unit_test(incident_38_time_that_is_not_its_own_is_not_charged),
        cmocka_unit_test(time_in_which_we_stood_still_is_unknown),
        cmocka_unit_test(an_outage_is_one_from_its_beginning_to_the_first_up),
        cmocka_unit_test(a_restart_is_told_and_goes_on_with_the_outage),
        cmocka_unit_test(what_nobody_saw_is_no_news_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
