// Ejections, without messages.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ejection.h"

#define S RF_NS_PER_S

static void the_time_grows_to_its_cap(void **state) {
    (void)state;
    struct rf_ejections ejections = {.policy = RF_EJECTION_POLICY_DEFAULT};
    static const int64_t seconds[] = {30, 60, 120, 240, 480, 600, 600};
    struct rf_instant now = {0};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        struct rf_ejection *ejection = rf_ejections_begin(&ejections, "g", now);
        assert_int_equal(ejection->times, (int64_t)i + 1);
        assert_int_equal(rf_instant_since(ejection->until, now).ns, seconds[i] * S);
        assert_null(rf_ejections_due(&ejections, (struct rf_instant){ejection->until.ns - 1}));
        assert_ptr_equal(rf_ejections_due(&ejections, ejection->until), ejection);
        now = ejection->until;
        rf_ejections_end(ejection, now);
        assert_null(rf_ejections_find(&ejections, "g"));
    }
}

static void a_full_table_gives_up_the_one_that_is_over_for_longest(void **state) {
    (void)state;
    static struct rf_ejections ejections;
    struct rf_instant when;
    ejections = (struct rf_ejections){.policy = RF_EJECTION_POLICY_DEFAULT};
    char name[16];
    for (int64_t i = 0; i < RF_EJECTIONS_MAX; i++) {
        snprintf(name, sizeof name, "g-%lld", (long long)i);
        assert_non_null(rf_ejections_begin(&ejections, name, (struct rf_instant){i}));
    }
    assert_null(rf_ejections_begin(&ejections, "one more", (struct rf_instant){0}));
    rf_ejections_end(rf_ejections_find(&ejections, "g-9"), (struct rf_instant){200});
    rf_ejections_end(rf_ejections_find(&ejections, "g-5"), (struct rf_instant){100});
    assert_non_null(rf_ejections_begin(&ejections, "one more", (struct rf_instant){300}));
    assert_int_equal(rf_ejections_begin(&ejections, "g-9", (struct rf_instant){300})->times, 2);
    assert_true(rf_ejections_wake(&ejections, &when));
    assert_int_equal(when.ns, 30 * S);
}

static void the_first_to_end_is_due_first_wherever_it_stands(void **state) {
    (void)state;
    struct rf_ejections ejections = {.policy = RF_EJECTION_POLICY_DEFAULT};
    struct rf_instant when, now = {0};
    assert_non_null(rf_ejections_restore(&ejections, "late", 1, rf_seconds(9), now));
    assert_non_null(rf_ejections_restore(&ejections, "early", 1, rf_seconds(3), now));
    assert_non_null(rf_ejections_restore(&ejections, "middle", 1, rf_seconds(6), now));
    static const char *const order[] = {"early", "middle", "late"};
    for (int i = 0; i < 3; i++) {
        assert_true(rf_ejections_wake(&ejections, &when));
        struct rf_ejection *due = rf_ejections_due(&ejections, when);
        assert_string_equal(due->instance, order[i]);
        rf_ejections_end(due, when);
    }
    assert_false(rf_ejections_wake(&ejections, &when));
}

static void a_name_that_does_not_fit_is_not_ejected(void **state) {
    (void)state;
    struct rf_ejections ejections = {.policy = RF_EJECTION_POLICY_DEFAULT};
    char name[65] = "";
    memset(name, 'x', 64);
    assert_null(rf_ejections_begin(&ejections, name, (struct rf_instant){0}));
    name[63] = '\0';
    assert_non_null(rf_ejections_begin(&ejections, name, (struct rf_instant){0}));
}

static void what_is_left_of_an_ejection_is_clamped(void **state) {
    (void)state;
    struct rf_ejections ejections = {.policy = RF_EJECTION_POLICY_DEFAULT};
    struct rf_instant now = {5};
    assert_null(rf_ejections_restore(&ejections, "g", 1, rf_ns(0), now));
    assert_int_equal(rf_ejections_restore(&ejections, "g", 3, rf_seconds(999999), now)->until.ns,
                     5 + 600 * S);
    assert_int_equal(rf_ejections_restore(&ejections, "h", 0, rf_seconds(7), now)->times, 1);
    rf_ejections_end(rf_ejections_find(&ejections, "g"), now);
    assert_int_equal(rf_ejections_begin(&ejections, "g", now)->times, 4);
}

static void there_is_room_for_half_and_never_for_the_last(void **state) {
    (void)state;
    static const int64_t most[] = {0, 0, 1, 1, 2, 2, 3, 3, 4};
    for (int64_t alive = 0; alive <= 8; alive++) {
        int64_t ejected = 0;
        while (rf_ejection_room(alive, ejected))
            ejected++;
        assert_int_equal(ejected, most[alive]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_grows_to_its_cap),
        cmocka_unit_test(a_full_table_gives_up_the_one_that_is_over_for_longest),
        cmocka_unit_test(the_first_to_end_is_due_first_wherever_it_stands),
        cmocka_unit_test(a_name_that_does_not_fit_is_not_ejected),
        cmocka_unit_test(what_is_left_of_an_ejection_is_clamped),
        cmocka_unit_test(there_is_room_for_half_and_never_for_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
