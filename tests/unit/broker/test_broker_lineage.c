// Which journal a place belongs to, as a pure function of what is known of the starts.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "lineage.h"

#define NEWEST    500
#define BEGINNING 50

static void a_place_is_found_by_its_journal_its_start_and_how_far_that_came(void **state) {
    (void)state;
    static const struct {
        const char *id;
        int64_t after, expected;
        bool other;
    } cases[] = {
        {"J.now", 500, 500, false},
        {"J.now", 501, 50, true},
        {NULL, 500, 500, false},
        {NULL, 501, 50, true},
        {"J.first", 100, 100, false},
        {"J.first", 101, 100, true},
        {"J.first", 999, 100, true},
        {"J.second", 7, 7, false},
        {"J.second", 300, 300, false},
        {"J.second", 301, 300, true},
        {"J.later", 1, 50, true},
        {"J.later", 499, 50, true},
        {"K.first", 1, 50, true},
        {"K.now", 99, 50, true},
        {"J", 9, 50, true},
        {"J.", 9, 50, true},
        {"", 9, 50, true},
        {"Jfirst", 9, 50, true},
        {"K.first", 0, 0, false},
        {"J.now", 0, 0, false},
    };
    struct rf_lineage lineage;
    rf_lineage_init(&lineage, "J", "now");
    assert_string_equal(lineage.id, "J.now");
    assert_int_equal(rf_lineage_add(&lineage, "first", 100), RF_OK);
    assert_int_equal(rf_lineage_add(&lineage, "second", 300), RF_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_reading_place place =
            rf_lineage_place(&lineage, cases[i].id, cases[i].after, NEWEST, BEGINNING);
        if (place.after != cases[i].expected || place.other != cases[i].other)
            fail_msg("%s %lld: after %lld, other %d", cases[i].id, (long long)cases[i].after,
                     (long long)place.after, place.other);
    }
    rf_lineage_fini(&lineage);
}

static void thousands_of_starts_are_known(void **state) {
    (void)state;
    struct rf_lineage lineage;
    char id[32];
    rf_lineage_init(&lineage, "J", "now");
    for (int i = 0; i < 10000; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_int_equal(rf_lineage_add(&lineage, id, i * 10), RF_OK);
    }
    assert_int_equal(rf_lineage_place(&lineage, "J.7777", 77771, 200000, 0).after, 77770);
    assert_true(rf_lineage_place(&lineage, "J.10000", 5, 200000, 0).other);
    rf_lineage_fini(&lineage);
}

// A crash loop drops them all within hours.
static void a_start_that_was_dropped_is_ours_as_far_as_the_oldest_that_is_kept(void **state) {
    (void)state;
    struct rf_lineage lineage;
    rf_lineage_init(&lineage, "J", "07");
    assert_true(rf_lineage_place(&lineage, "J.03", 100, NEWEST, BEGINNING).other);
    assert_int_equal(rf_lineage_add(&lineage, "05", 200), RF_OK);
    assert_int_equal(rf_lineage_add(&lineage, "04", 100), RF_OK);
    assert_int_equal(rf_lineage_add(&lineage, "06", 300), RF_OK);
    struct rf_reading_place place = rf_lineage_place(&lineage, "J.03", 100, NEWEST, BEGINNING);
    assert_false(place.other);
    assert_int_equal(place.after, 100);
    assert_true(rf_lineage_place(&lineage, "J.03", 101, NEWEST, BEGINNING).other);
    assert_true(rf_lineage_place(&lineage, "K.03", 100, NEWEST, BEGINNING).other);
    // A copy that was brought back lacks the starts after it.
    place = rf_lineage_place(&lineage, "J.08", 100, NEWEST, BEGINNING);
    assert_true(place.other);
    assert_int_equal(place.after, BEGINNING);
    rf_lineage_fini(&lineage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_found_by_its_journal_its_start_and_how_far_that_came),
        cmocka_unit_test(a_start_that_was_dropped_is_ours_as_far_as_the_oldest_that_is_kept),
        cmocka_unit_test(thousands_of_starts_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
