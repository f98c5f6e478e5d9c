#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "calendar/hours.h"

#define MON 0x01u
#define FRI 0x10u
#define SAT 0x20u
#define SUN 0x40u

static struct rf_hours window(const char *text) {
    struct rf_hours parsed;
    struct rf_error error = {0};
    if (rf_hours_parse(text, &parsed, &error) != RF_OK)
        fail_msg("%s: %s", text, error.message);
    return parsed;
}

static bool open_at(const char *text, int weekday, int hour, int minute) {
    struct rf_hours one = window(text);
    const struct rf_hours_list windows = {&one, 1};
    return rf_hours_open(&windows, weekday, hour * 60 + minute);
}

static void windows_are_read(void **state) {
    (void)state;
    static const struct {
        const char *text;
        struct rf_hours expected;
    } cases[] = {
        {"mon-fri 09:00-17:00", {0x1F, 540, 1020}},
        {"daily 00:00-24:00", {0x7F, 0, 1440}},
        {"sat,sun 10:00-14:30", {SAT | SUN, 600, 870}},
        {"mon,wed-fri 9:05-9:06", {0x1D, 545, 546}},
        {"fri-mon 08:00-09:00", {FRI | SAT | SUN | MON, 480, 540}},
        {"Sun 22:00-02:00", {SUN, 1320, 1560}},
        {"sun 22:00-00:00", {SUN, 1320, 1440}},
        {"MON  09:00-10:00 ", {MON, 540, 600}},
        {"mon-mon 09:00-10:00", {MON, 540, 600}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_hours read = window(cases[i].text);
        assert_int_equal(read.days, cases[i].expected.days);
        assert_int_equal(read.from, cases[i].expected.from);
        assert_int_equal(read.to, cases[i].expected.to);
    }
}

static void what_is_no_window_is_told_with_what_was_expected(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "mon",
        "mon-fri",
        "09:00-17:00",
        "monday 09:00-17:00",
        "mo 09:00-17:00",
        "mon- 09:00-17:00",
        "mon-xyz 09:00-17:00",
        "mon, 09:00-17:00",
        ",mon 09:00-17:00",
        "mon09:00-17:00",
        "mon 09:00",
        "mon 09:00-",
        "mon 09-17",
        "mon 9:0-17:00",
        "mon 09:60-17:00",
        "mon 25:00-26:00",
        "mon 24:00-25:00",
        "mon 24:01-17:00",
        "mon 09:00-24:01",
        "mon 009:00-17:00",
        "mon 09:000-17:00",
        "mon 09:00-17:00h",
        "mon 09:00-17:00,18:00-19:00",
        "mon -9:00-17:00",
        "mon 09:00 - 17:00",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct rf_hours untouched = {7, 7, 7};
        struct rf_error error = {0};
        assert_int_equal(rf_hours_parse(texts[i], &untouched, &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, "expected days and hours such as mon-fri"));
        assert_int_equal(untouched.days, 7);
    }
}

static void an_empty_window_and_one_that_begins_at_24_are_refused_with_the_mend(void **state) {
    (void)state;
    struct rf_hours read;
    struct rf_error error = {0};
    assert_int_equal(rf_hours_parse("mon 09:00-09:00", &read, &error), RF_ERR_INVALID);
    assert_string_equal(error.message, "'mon 09:00-09:00' ends as it begins; expected 00:00-24:00 "
                                       "for the whole day");
    assert_int_equal(rf_hours_parse("mon 24:00-02:00", &read, &error), RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "expected 00:00 of the day that follows"));
}

static void a_window_is_open_from_its_first_minute_to_before_its_end(void **state) {
    (void)state;
    assert_false(open_at("mon 09:00-17:00", 0, 8, 59));
    assert_true(open_at("mon 09:00-17:00", 0, 9, 0));
    assert_true(open_at("mon 09:00-17:00", 0, 16, 59));
    assert_false(open_at("mon 09:00-17:00", 0, 17, 0));
    assert_false(open_at("mon 09:00-17:00", 1, 12, 0));
}

static void a_window_over_midnight_belongs_to_the_day_on_which_it_opens(void **state) {
    (void)state;
    assert_true(open_at("fri 22:00-02:00", 4, 22, 0));
    assert_true(open_at("fri 22:00-02:00", 5, 1, 59));
    assert_false(open_at("fri 22:00-02:00", 5, 2, 0));
    assert_false(open_at("fri 22:00-02:00", 4, 1, 0));
    assert_false(open_at("fri 22:00-02:00", 5, 22, 0));
    // From Sunday into Monday.
    assert_true(open_at("sun 22:00-02:00", 0, 1, 0));
    // As long as a day, but for a minute.
    assert_true(open_at("mon 12:00-11:59", 1, 11, 58));
    assert_false(open_at("mon 12:00-11:59", 1, 11, 59));
    assert_true(open_at("mon 00:00-24:00", 0, 23, 59));
    assert_false(open_at("mon 00:00-24:00", 1, 0, 0));
}

static void one_of_several_windows_is_enough(void **state) {
    (void)state;
    const struct rf_hours items[] = {window("mon 09:00-12:00"), window("mon 13:00-02:00"),
                                     window("wed 09:00-10:00")};
    const struct rf_hours_list windows = {items, 3};
    assert_true(rf_hours_open_today(&windows, 0, 13 * 60));
    assert_true(rf_hours_open_since_yesterday(&windows, 1, 119));
    assert_false(rf_hours_open(&windows, 0, 12 * 60));
    assert_true(rf_hours_touch(&windows, 0));
    assert_true(rf_hours_touch(&windows, 1)); // by what Monday left over
    assert_true(rf_hours_touch(&windows, 2));
    assert_false(rf_hours_touch(&windows, 3));
    const struct rf_hours_list last = {&items[2], 1};
    assert_true(rf_hours_touch(&last, 2));
}

static void no_windows_are_always_open(void **state) {
    (void)state;
    const struct rf_hours_list none = {NULL, 0};
    assert_true(rf_hours_open(&none, 6, 180));
    assert_true(rf_hours_touch(&none, 6));
    assert_int_equal(rf_hours_next(&none, 600), RF_DAY_MINUTES);
}

static void the_next_end_of_a_window_is_found(void **state) {
    (void)state;
    const struct rf_hours items[] = {window("mon 09:00-12:00"), window("mon 13:00-02:00")};
    const struct rf_hours_list windows = {items, 2};
    assert_int_equal(rf_hours_next(&windows, 0), 120);
    assert_int_equal(rf_hours_next(&windows, 120), 540);
    assert_int_equal(rf_hours_next(&windows, 539), 540);
    assert_int_equal(rf_hours_next(&windows, 540), 720);
    assert_int_equal(rf_hours_next(&windows, 720), 780);
    assert_int_equal(rf_hours_next(&windows, 780), RF_DAY_MINUTES);
}

static void windows_that_are_never_open_together_are_found_out(void **state) {
    (void)state;
    const struct rf_hours day = window("mon-fri 09:00-17:00"),
                          evening = window("daily 17:00-20:00"), late = window("daily 16:59-17:30"),
                          night = window("sun 23:00-09:01");
    const struct rf_hours_list a = {&day, 1}, b = {&evening, 1}, c = {&late, 1}, d = {&night, 1},
                               none = {NULL, 0};
    assert_false(rf_hours_meet(&a, &b));
    assert_true(rf_hours_meet(&a, &c));
    assert_true(rf_hours_meet(&a, &d)); // Monday 09:00
    assert_true(rf_hours_meet(&a, &none));
    const struct rf_hours first = window("sun 00:00-00:01");
    const struct rf_hours_list minute = {&first, 1};
    assert_true(rf_hours_meet(&minute, &minute));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_read),
        cmocka_unit_test(what_is_no_window_is_told_with_what_was_expected),
        cmocka_unit_test(an_empty_window_and_one_that_begins_at_24_are_refused_with_the_mend),
        cmocka_unit_test(a_window_is_open_from_its_first_minute_to_before_its_end),
        cmocka_unit_test(a_window_over_midnight_belongs_to_the_day_on_which_it_opens),
        cmocka_unit_test(one_of_several_windows_is_enough),
        cmocka_unit_test(no_windows_are_always_open),
        cmocka_unit_test(the_next_end_of_a_window_is_found),
        cmocka_unit_test(windows_that_are_never_open_together_are_found_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
