// Which audio goes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evict.h"

static const struct rf_utc now = {1000 * RF_NS_PER_S};

static struct evict_item item(const char *name, int64_t size, int64_t age_s) {
    struct evict_item made = {.size = size, .used = {now.ns - age_s * RF_NS_PER_S}};
    snprintf(made.name, sizeof made.name, "%s", name);
    return made;
}

static struct evict_rule rule(int64_t max_bytes) {
    return (struct evict_rule){.max_bytes = max_bytes, .keep = rf_seconds(60)};
}

// The names, of one letter each, of those that go, in order.
static const char *gone(const struct evict_item *items, size_t count) {
    static char names[16];
    size_t used = 0;
    for (size_t i = 0; i < count && used + 1 < sizeof names; i++)
        if (items[i].goes)
            names[used++] = items[i].name[0];
    names[used] = '\0';
    return names;
}

static void below_the_bound_nothing_goes(void **state) {
    (void)state;
    struct evict_item items[] = {item("a", 40, 500), item("b", 60, 400)};
    const struct evict_rule r = rule(100);
    assert_int_equal(evict_choose(items, 2, &r, now), 100);
    assert_string_equal(gone(items, 2), "");
    assert_int_equal(evict_choose(NULL, 0, &r, now), 0);
}

static void the_least_recently_used_go_until_there_is_room_again(void **state) {
    (void)state;
    struct evict_item items[] = {item("c", 20, 300), item("a", 20, 500), item("d", 20, 200),
                                 item("b", 20, 400), item("e", 21, 100)};
    const struct evict_rule r = rule(100);
    // 101 are there: down to 88 at most, which takes one, "a".
    assert_int_equal(evict_choose(items, 5, &r, now), 81);
    assert_string_equal(gone(items, 5), "a");
}

static void what_a_call_may_still_want_stays_beyond_the_bound(void **state) {
    (void)state;
    struct evict_item items[] = {item("a", 100, 61), item("b", 100, 60), item("c", 100, 59),
                                 item("d", 100, -30)};
    const struct evict_rule r = rule(100);
    assert_int_equal(evict_choose(items, 4, &r, now), 200);
    assert_string_equal(gone(items, 4), "ab");
}

static void gateways_that_share_a_folder_choose_the_same(void **state) {
    (void)state;
    struct evict_item one[] = {item("a", 50, 500), item("b", 50, 500), item("c", 50, 500)};
    struct evict_item two[] = {item("c", 50, 500), item("a", 50, 500), item("b", 50, 500)};
    const struct evict_rule r = rule(120);
    assert_int_equal(evict_choose(one, 3, &r, now), 100);
    assert_int_equal(evict_choose(two, 3, &r, now), 100);
    assert_string_equal(gone(one, 3), "a");
    assert_string_equal(gone(two, 3), "a");
}

static void a_sum_beyond_all_numbers_is_beyond_the_bound(void **state) {
    (void)state;
    struct evict_item items[] = {item("a", INT64_MAX, 500), item("b", INT64_MAX, 400)};
    const struct evict_rule r = rule(1000);
    (void)evict_choose(items, 2, &r, now);
    assert_true(items[0].goes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_the_bound_nothing_goes),
        cmocka_unit_test(the_least_recently_used_go_until_there_is_room_again),
        cmocka_unit_test(what_a_call_may_still_want_stays_beyond_the_bound),
        cmocka_unit_test(gateways_that_share_a_folder_choose_the_same),
        cmocka_unit_test(a_sum_beyond_all_numbers_is_beyond_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
