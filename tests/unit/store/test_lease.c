#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/lease.h"

#define TERM rf_seconds(12)

static struct rf_instant at(int64_t s) {
    return (struct rf_instant){s * RF_NS_PER_S};
}

static void a_lease_counts_from_when_it_was_asked_for_and_is_renewed_twice_in_it(void **state) {
    (void)state;
    assert_int_equal(rf_lease_end(at(100), TERM).ns, at(112).ns);
    assert_int_equal(rf_lease_renew_at(at(100), TERM).ns, at(104).ns);
}

static void who_was_cut_off_itself_does_not_judge_for_a_whole_term(void **state) {
    (void)state;
    assert_false(rf_lease_may_judge(at(100), at(100), TERM));
    assert_false(rf_lease_may_judge(at(100), at(111), TERM));
    assert_true(rf_lease_may_judge(at(100), at(112), TERM));
}

static void work_under_a_lease_ends_with_it(void **state) {
    (void)state;
    static const struct {
        int64_t now, margin, expected;
    } cases[] = {
        {100, 5, 5},                               // all is left
        {100, 12, 12},                             // to the last second
        {100, 30, 12},                             // no longer than the lease
        {105, 30, 7},  {109, 30, 3}, {110, 30, 0}, // less than a quarter: wait for the renewal
        {110, 1, 0},   {112, 1, 0},  {200, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            rf_lease_bound(at(112), at(cases[i].now), TERM, rf_seconds(cases[i].margin)).ns,
            rf_seconds(cases[i].expected).ns);
    assert_int_equal(
        rf_lease_bound((struct rf_instant){INT64_MAX}, at(100), rf_ns(0), rf_seconds(30)).ns,
        rf_seconds(30).ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_counts_from_when_it_was_asked_for_and_is_renewed_twice_in_it),
        cmocka_unit_test(who_was_cut_off_itself_does_not_judge_for_a_whole_term),
        cmocka_unit_test(work_under_a_lease_ends_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
