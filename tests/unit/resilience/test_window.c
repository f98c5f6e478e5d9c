#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ringfence/window.h>

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){ns};
}

static void a_count_based_window_holds_exactly_its_latest_calls(void **state) {
    (void)state;
    const int64_t sizes[] = {1, 2, 63, 64, 65, 1000, RF_WINDOW_MAX_CALLS};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct rf_window window;
        rf_window_init(&window, RF_WINDOW_CALLS, sizes[s], rf_ns(1), at(0));
        for (int64_t i = 0; i < sizes[s]; i++) {
            assert_int_equal(window.total, i);
            rf_window_add(&window, true, at(0));
        }
        assert_int_equal(window.total, sizes[s]);
        assert_int_equal(window.bad, sizes[s]);
        // Each good one takes the place of a bad one, and the other way round.
        for (int64_t i = 1; i <= sizes[s]; i++) {
            rf_window_add(&window, false, at(0));
            assert_int_equal(window.bad, sizes[s] - i);
        }
        rf_window_add(&window, true, at(0));
        assert_int_equal(window.total, sizes[s]);
        assert_int_equal(window.bad, 1);
        // Time alone changes nothing.
        rf_window_expire(&window, at(INT64_MAX));
        assert_int_equal(window.bad, 1);
        rf_window_clear(&window, at(0));
        assert_int_equal(window.total, 0);
        rf_window_add(&window, false, at(0));
        assert_int_equal(window.bad, 0);
    }
}

static void a_time_based_window_forgets_by_steps(void **state) {
    (void)state;
    struct rf_window window;
    rf_window_init(&window, RF_WINDOW_TIME, 1, rf_ns(3200), at(1000));
    assert_int_equal(window.width.ns, 100);
    rf_window_add(&window, true, at(1000));
    rf_window_add(&window, false, at(1099));
    rf_window_add(&window, true, at(1100));
    assert_int_equal(window.total, 3);
    rf_window_expire(&window, at(1000 + 3199));
    assert_int_equal(window.total, 3);
    rf_window_expire(&window, at(1000 + 3200)); // the first step is over
    assert_int_equal(window.total, 1);
    assert_int_equal(window.bad, 1);
    rf_window_expire(&window, at(1000 + 3299));
    assert_int_equal(window.total, 1);
    rf_window_expire(&window, at(1000 + 3300));
    assert_int_equal(window.total, 0);
    assert_int_equal(window.bad, 0);
}

static void a_pause_of_any_length_empties_it_and_keeps_the_steps(void **state) {
    (void)state;
    const int64_t pauses[] = {3200, 3201, 6400, 1000000007, INT64_MAX / 2};
    for (size_t i = 0; i < sizeof pauses / sizeof pauses[0]; i++) {
        struct rf_window window;
        rf_window_init(&window, RF_WINDOW_TIME, 1, rf_ns(3200), at(0));
        for (int64_t t = 0; t < 3200; t += 50)
            rf_window_add(&window, t % 100 == 0, at(t));
        assert_int_equal(window.total, 64);
        rf_window_expire(&window, at(3199 + pauses[i]));
        assert_int_equal(window.total, 0);
        assert_int_equal(window.bad, 0);
        assert_true(window.end.ns > 3199 + pauses[i]);
        assert_true(window.end.ns <= 3199 + pauses[i] + 100);
        assert_int_equal(window.end.ns % 100, 0);
    }
}

static void its_size_is_clamped(void **state) {
    (void)state;
    struct rf_window window;
    rf_window_init(&window, RF_WINDOW_CALLS, 0, rf_ns(0), at(0));
    assert_int_equal(window.calls, 1);
    assert_int_equal(window.width.ns, 1);
    rf_window_init(&window, RF_WINDOW_CALLS, RF_WINDOW_MAX_CALLS + 1, rf_ns(33), at(0));
    assert_int_equal(window.calls, RF_WINDOW_MAX_CALLS);
    assert_int_equal(window.width.ns, 2);
}

static void a_rate_is_reached_at_exactly_its_share(void **state) {
    (void)state;
    struct rf_window window;
    rf_window_init(&window, RF_WINDOW_CALLS, 100, rf_ns(1), at(0));
    assert_true(rf_window_rate(&window) < 0.001);
    for (int i = 0; i < 100; i++)
        rf_window_add(&window, i < 7, at(0));
    assert_true(rf_window_reaches(&window, 100, 70000));
    assert_false(rf_window_reaches(&window, 100, 70001));
    assert_false(rf_window_reaches(&window, 101, 70000));
    assert_true(rf_window_rate(&window) > 0.0699 && rf_window_rate(&window) < 0.0701);
}

static void names_and_kinds_are_one_to_one(void **state) {
    (void)state;
    enum rf_window_kind kind;
    assert_string_equal(rf_window_kind_name(RF_WINDOW_CALLS), "count");
    assert_string_equal(rf_window_kind_name(RF_WINDOW_TIME), "time");
    assert_string_equal(rf_window_kind_name((enum rf_window_kind)2), "unknown");
    assert_true(rf_window_kind_parse("time", &kind));
    assert_int_equal(kind, RF_WINDOW_TIME);
    assert_true(rf_window_kind_parse("count", &kind));
    assert_int_equal(kind, RF_WINDOW_CALLS);
    assert_false(rf_window_kind_parse("calls", &kind));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_count_based_window_holds_exactly_its_latest_calls),
        cmocka_unit_test(a_time_based_window_forgets_by_steps),
        cmocka_unit_test(a_pause_of_any_length_empties_it_and_keeps_the_steps),
        cmocka_unit_test(its_size_is_clamped),
        cmocka_unit_test(a_rate_is_reached_at_exactly_its_share),
        cmocka_unit_test(names_and_kinds_are_one_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
