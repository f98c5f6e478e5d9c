#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/share.h>

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){ns};
}

static void without_an_authority_there_is_no_limit(void **state) {
    (void)state;
    struct rf_share share = {0};
    assert_int_equal(rf_share_free(&share, 1000, at(5)), INT64_MAX);
    assert_false(rf_share_trim(&share, 0));
    rf_share_use(&share);
    assert_int_equal(share.used, 0);
    rf_share_grant(&share, 7, 7, at(100), at(0)); // a word from a term that is over
    assert_int_equal(share.mode, RF_SHARE_LOCAL);
}

static void nothing_is_begun_before_the_authority_spoke(void **state) {
    (void)state;
    struct rf_share share = {0};
    rf_share_begin(&share, 2);
    assert_int_equal(rf_share_free(&share, 0, at(0)), 0);
    rf_share_grant(&share, 5, 0, at(100), at(0));
    assert_int_equal(rf_share_free(&share, 2, at(0)), 3);
    rf_share_open(&share);
    assert_int_equal(rf_share_free(&share, 2, at(0)), INT64_MAX);
}

static void a_grant_that_is_repeated_or_overtaken_changes_nothing(void **state) {
    (void)state;
    struct rf_share share = {0};
    rf_share_begin(&share, 0);
    rf_share_grant(&share, 5, 5, at(100), at(0));
    rf_share_grant(&share, 3, 5, at(50), at(0));
    rf_share_grant(&share, 5, 5, at(100), at(0));
    assert_int_equal(rf_share_free(&share, 0, at(99)), 5);
}

static void after_the_end_of_the_lease_nothing_is_begun(void **state) {
    (void)state;
    struct rf_share share = {0};
    rf_share_begin(&share, 0);
    rf_share_grant(&share, 4, 4, at(100), at(0));
    assert_int_equal(rf_share_free(&share, 1, at(99)), 3);
    assert_int_equal(rf_share_free(&share, 1, at(100)), 0);
    rf_share_grant(&share, 4, 4, at(200), at(0));
    assert_int_equal(rf_share_free(&share, 1, at(100)), 3);
}

static void what_is_neither_in_use_nor_to_be_kept_goes_back(void **state) {
    (void)state;
    const struct {
        int64_t granted, keep, in_use, returned;
    } rows[] = {{5, 5, 0, 0}, {5, 3, 0, 2}, {5, 3, 4, 1}, {5, 0, 5, 0}, {5, 0, 2, 3}, {5, 9, 2, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rf_share share = {0};
        rf_share_begin(&share, 0);
        rf_share_grant(&share, rows[i].granted, rows[i].keep, at(100), at(0));
        assert_int_equal(rf_share_trim(&share, rows[i].in_use), rows[i].returned > 0);
        assert_int_equal(share.returned, rows[i].returned);
        assert_false(rf_share_trim(&share, rows[i].in_use));
    }
}

static void what_is_used_up_is_not_given_back(void **state) {
    (void)state;
    struct rf_share share = {0};
    rf_share_begin(&share, 0);
    rf_share_grant(&share, 2, 0, at(100), at(0));
    rf_share_use(&share);
    assert_int_equal(rf_share_has(&share), 1);
    assert_true(rf_share_trim(&share, 0));
    assert_int_equal(share.returned, 1);
    rf_share_use(&share);
    assert_int_equal(share.used, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_authority_there_is_no_limit),
        cmocka_unit_test(nothing_is_begun_before_the_authority_spoke),
        cmocka_unit_test(a_grant_that_is_repeated_or_overtaken_changes_nothing),
        cmocka_unit_test(after_the_end_of_the_lease_nothing_is_begun),
        cmocka_unit_test(what_is_neither_in_use_nor_to_be_kept_goes_back),
        cmocka_unit_test(what_is_used_up_is_not_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
