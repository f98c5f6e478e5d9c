#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "calendar/calling.h"
#include "calendar/zones.h"

// What a case is looked at with.
struct stage {
    struct rf_zone *zone;
    struct rf_hours windows[4], narrower[2];
    struct rf_holidays *holidays;
    char days[128];
    struct rf_calling calling;
};

static void set_window(const char *text, struct rf_hours *window) {
    struct rf_error error = {0};
    if (rf_hours_parse(text, window, &error) != RF_OK)
        fail_msg("%s", error.message);
}

// `windows` are separated by semicolons; any of the last three may be NULL.
static struct stage *stage_new(const char *zone, const char *windows, const char *narrower,
                               const char *holidays) {
    struct stage *stage = calloc(1, sizeof *stage);
    struct rf_error error = {0};
    if (rf_zone_new(zone, &stage->zone, &error) != RF_OK)
        fail_msg("%s", error.message);
    stage->calling = (struct rf_calling){
        .zone = stage->zone, .windows.items = stage->windows, .narrower.items = stage->narrower};
    char list[256], *rest = list, *one;
    snprintf(list, sizeof list, "%s", windows ? windows : "");
    while ((one = strsep(&rest, ";")) != NULL && one[0] != '\0')
        set_window(one, &stage->windows[stage->calling.windows.count++]);
    if (narrower)
        set_window(narrower, &stage->narrower[stage->calling.narrower.count++]);
    if (holidays) {
        snprintf(stage->days, sizeof stage->days, "%s", holidays);
        if (rf_holidays_parse(stage->days, "days", &stage->holidays, &error) != RF_OK)
            fail_msg("%s", error.message);
        stage->calling.holidays = stage->holidays;
    }
    return stage;
}

static void stage_destroy(struct stage *stage) {
    rf_holidays_destroy(&stage->holidays);
    rf_zone_destroy(&stage->zone);
    free(stage);
}

// "2026-11-28T09:30:00Z"
static struct rf_utc utc(const char *text) {
    struct tm date = {0};
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &date));
    return (struct rf_utc){timegm(&date) * RF_NS_PER_S};
}

static void assert_at(const struct stage *stage, const char *now, enum rf_calling_why why,
                      const char *until) {
    struct rf_calling_answer answer = rf_calling_at(&stage->calling, utc(now));
    char got[32] = "never";
    if (answer.until.ns != INT64_MAX) {
        time_t seconds = answer.until.ns / RF_NS_PER_S;
        struct tm date;
        strftime(got, sizeof got, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &date));
    }
    if (answer.why != why || strcmp(got, until) != 0)
        fail_msg("at %s: %s until %s, expected %s until %s", now, rf_calling_why_name(answer.why),
                 got, rf_calling_why_name(why), until);
    struct rf_utc next = rf_calling_next(&stage->calling, utc(now));
    assert_int_equal(next.ns, why == RF_CALLING_OPEN ? utc(now).ns : answer.until.ns);
}

static void office_hours_are_those_of_the_contacts_own_place(void **state) {
    (void)state;
    struct stage *berlin = stage_new("Europe/Berlin", "mon-fri 09:00-17:00", NULL, NULL);
    assert_at(berlin, "2026-11-27T07:59:59Z", RF_CALLING_HOUR, "2026-11-27T08:00:00Z");
    assert_at(berlin, "2026-11-27T08:00:00Z", RF_CALLING_OPEN, "2026-11-27T16:00:00Z");
    assert_at(berlin, "2026-11-27T15:59:59Z", RF_CALLING_OPEN, "2026-11-27T16:00:00Z");
    assert_at(berlin, "2026-11-27T16:00:00Z", RF_CALLING_HOUR, "2026-11-30T08:00:00Z");
    assert_at(berlin, "2026-11-28T11:00:00Z", RF_CALLING_WEEKDAY, "2026-11-30T08:00:00Z");
    stage_destroy(berlin);
    struct stage *kathmandu = stage_new("Asia/Kathmandu", "mon-fri 09:00-17:00", NULL, NULL);
    assert_at(kathmandu, "2026-11-27T03:15:00Z", RF_CALLING_OPEN, "2026-11-27T11:15:00Z");
    stage_destroy(kathmandu);
}

static void parts_of_a_second_are_of_the_second_that_they_are_in(void **state) {
    (void)state;
    struct stage *stage = stage_new("UTC", "daily 09:00-17:00", NULL, NULL);
    struct rf_utc before = {utc("2026-11-27T09:00:00Z").ns - 1};
    assert_int_equal(rf_calling_at(&stage->calling, before).why, RF_CALLING_HOUR);
    struct rf_utc last = {utc("2026-11-27T17:00:00Z").ns - 1};
    assert_int_equal(rf_calling_at(&stage->calling, last).why, RF_CALLING_OPEN);
    struct rf_utc old = {-1}; // 1969-12-31, a Wednesday, 23:59:59
    assert_int_equal(rf_calling_at(&stage->calling, old).why, RF_CALLING_HOUR);
    assert_int_equal(rf_calling_at(&stage->calling, old).until.ns, 9 * 3600 * RF_NS_PER_S);
    stage_destroy(stage);
}

static void what_came_before_1970_is_of_the_day_that_it_was(void **state) {
    (void)state;
    struct stage *stage = stage_new("UTC", "wed 23:00-24:00", NULL, NULL);
    struct rf_calling_answer answer = rf_calling_at(&stage->calling, (struct rf_utc){-1});
    assert_int_equal(answer.why, RF_CALLING_OPEN);
    assert_int_equal(answer.until.ns, 0);
    assert_string_equal(rf_calling_why_name(answer.why), "open");
    answer = rf_calling_at(&stage->calling, (struct rf_utc){0});
    assert_string_equal(rf_calling_why_name(answer.why), "weekday");
    assert_string_equal(rf_calling_why_name(RF_CALLING_HOUR), "hour");
    assert_string_equal(rf_calling_why_name(RF_CALLING_HOLIDAY), "holiday");
    stage_destroy(stage);
}

static void a_window_in_the_hour_that_spring_leaves_out_does_not_open_that_day(void **state) {
    (void)state;
    struct stage *stage = stage_new("Europe/Berlin", "daily 02:15-02:45", NULL, NULL);
    assert_at(stage, "2026-03-28T01:30:00Z", RF_CALLING_OPEN, "2026-03-28T01:45:00Z");
    // 2026-03-29: 02:00 to 03:00 is not there.
    assert_at(stage, "2026-03-28T01:45:00Z", RF_CALLING_HOUR, "2026-03-30T00:15:00Z");
    stage_destroy(stage);
    // One that reaches over it is shorter by an hour.
    struct stage *over = stage_new("Europe/Berlin", "daily 01:30-03:30", NULL, NULL);
    assert_at(over, "2026-03-29T00:30:00Z", RF_CALLING_OPEN, "2026-03-29T01:30:00Z");
    stage_destroy(over);
    // One that ends in it ends as the clock jumps; one that begins in it begins then.
    struct stage *ends = stage_new("Europe/Berlin", "daily 01:30-02:30", NULL, NULL);
    assert_at(ends, "2026-03-29T00:30:00Z", RF_CALLING_OPEN, "2026-03-29T01:00:00Z");
    stage_destroy(ends);
    struct stage *begins = stage_new("Europe/Berlin", "daily 02:30-04:00", NULL, NULL);
    assert_at(begins, "2026-03-29T00:59:59Z", RF_CALLING_HOUR, "2026-03-29T01:00:00Z");
    assert_at(begins, "2026-03-29T01:00:00Z", RF_CALLING_OPEN, "2026-03-29T02:00:00Z");
    stage_destroy(begins);
}

static void a_window_in_the_hour_that_autumn_brings_twice_opens_twice(void **state) {
    (void)state;
    struct stage *stage = stage_new("Europe/Berlin", "daily 02:15-02:45", NULL, NULL);
    assert_at(stage, "2026-10-25T00:14:59Z", RF_CALLING_HOUR, "2026-10-25T00:15:00Z");
    assert_at(stage, "2026-10-25T00:15:00Z", RF_CALLING_OPEN, "2026-10-25T00:45:00Z");
    assert_at(stage, "2026-10-25T00:45:00Z", RF_CALLING_HOUR, "2026-10-25T01:15:00Z");
    assert_at(stage, "2026-10-25T01:15:00Z", RF_CALLING_OPEN, "2026-10-25T01:45:00Z");
    assert_at(stage, "2026-10-25T01:45:00Z", RF_CALLING_HOUR, "2026-10-26T01:15:00Z");
    stage_destroy(stage);
    // One that ends with the hour shuts, and opens again as the clock goes back.
    struct stage *ends = stage_new("Europe/Berlin", "daily 01:00-02:30", NULL, NULL);
    assert_at(ends, "2026-10-25T00:29:00Z", RF_CALLING_OPEN, "2026-10-25T00:30:00Z");
    assert_at(ends, "2026-10-25T00:30:00Z", RF_CALLING_HOUR, "2026-10-25T01:00:00Z");
    assert_at(ends, "2026-10-25T01:00:00Z", RF_CALLING_OPEN, "2026-10-25T01:30:00Z");
    stage_destroy(ends);
}

static void lord_howe_moves_its_clock_by_half_an_hour(void **state) {
    (void)state;
    struct stage *stage = stage_new("Australia/Lord_Howe", "daily 01:40-02:10", NULL, NULL);
    // 2026-04-05: 02:00 +11:00 becomes 01:30 +10:30.
    assert_at(stage, "2026-04-04T14:40:00Z", RF_CALLING_OPEN, "2026-04-04T15:00:00Z");
    assert_at(stage, "2026-04-04T15:00:00Z", RF_CALLING_HOUR, "2026-04-04T15:10:00Z");
    assert_at(stage, "2026-04-04T15:10:00Z", RF_CALLING_OPEN, "2026-04-04T15:40:00Z");
    // 2026-10-04: 02:00 +10:30 becomes 02:30 +11:00.
    assert_at(stage, "2026-10-03T15:10:00Z", RF_CALLING_OPEN, "2026-10-03T15:30:00Z");
    stage_destroy(stage);
}

static void samoa_had_no_friday_before_new_year_2012(void **state) {
    (void)state;
    struct stage *stage = stage_new("Pacific/Apia", "fri 00:00-24:00", NULL, NULL);
    // From Thursday the 29th 24:00 to Saturday the 31st 00:00: no 30th.
    assert_at(stage, "2011-12-30T09:59:59Z", RF_CALLING_WEEKDAY, "2012-01-05T10:00:00Z");
    stage_destroy(stage);
}

static void midnight_need_not_be_there(void **state) {
    (void)state;
    // Cairo 2026-04-24, a Friday: 00:00 becomes 01:00.
    struct stage *stage = stage_new("Africa/Cairo", "fri 00:00-00:30", NULL, NULL);
    assert_at(stage, "2026-04-23T12:00:00Z", RF_CALLING_WEEKDAY, "2026-04-30T21:00:00Z");
    stage_destroy(stage);
    struct stage *day = stage_new("Africa/Cairo", "fri 00:00-12:00", NULL, NULL);
    assert_at(day, "2026-04-23T21:59:59Z", RF_CALLING_WEEKDAY, "2026-04-23T22:00:00Z");
    stage_destroy(day);
}

static void several_windows_a_day_and_over_midnight(void **state) {
    (void)state;
    struct stage *stage =
        stage_new("UTC", "mon-fri 09:00-12:00;mon-fri 13:00-17:00;fri 22:00-02:00", NULL, NULL);
    assert_at(stage, "2026-11-27T12:00:00Z", RF_CALLING_HOUR, "2026-11-27T13:00:00Z");
    assert_at(stage, "2026-11-27T17:00:00Z", RF_CALLING_HOUR, "2026-11-27T22:00:00Z");
    assert_at(stage, "2026-11-27T22:00:00Z", RF_CALLING_OPEN, "2026-11-28T02:00:00Z");
    assert_at(stage, "2026-11-28T01:59:59Z", RF_CALLING_OPEN, "2026-11-28T02:00:00Z");
    assert_at(stage, "2026-11-28T02:00:00Z", RF_CALLING_HOUR, "2026-11-30T09:00:00Z");
    stage_destroy(stage);
    // Two that touch are one.
    struct stage *touch = stage_new("UTC", "daily 09:00-12:00;daily 12:00-13:00", NULL, NULL);
    assert_at(touch, "2026-11-27T09:00:00Z", RF_CALLING_OPEN, "2026-11-27T13:00:00Z");
    stage_destroy(touch);
}

static void nobody_is_called_on_a_holiday_nor_in_what_is_left_of_its_evening(void **state) {
    (void)state;
    struct stage *stage = stage_new("UTC", "daily 09:00-17:00;daily 22:00-02:00", NULL,
                                    "12-25 Christmas Day\n2026-12-28\n");
    assert_at(stage, "2026-12-24T23:00:00Z", RF_CALLING_OPEN, "2026-12-25T00:00:00Z");
    assert_at(stage, "2026-12-25T00:00:00Z", RF_CALLING_HOLIDAY, "2026-12-26T09:00:00Z");
    assert_at(stage, "2026-12-25T12:00:00Z", RF_CALLING_HOLIDAY, "2026-12-26T09:00:00Z");
    assert_at(stage, "2026-12-26T01:00:00Z", RF_CALLING_HOLIDAY, "2026-12-26T09:00:00Z");
    assert_at(stage, "2026-12-26T03:00:00Z", RF_CALLING_HOUR, "2026-12-26T09:00:00Z");
    struct rf_calling_answer answer = rf_calling_at(&stage->calling, utc("2026-12-26T01:00:00Z"));
    assert_string_equal(answer.holiday, "Christmas Day");
    answer = rf_calling_at(&stage->calling, utc("2026-12-27T01:00:00Z"));
    assert_null(answer.holiday);
    stage_destroy(stage);
    // Holidays alone.
    struct stage *alone = stage_new("Asia/Tokyo", NULL, NULL, "01-01");
    assert_at(alone, "2026-11-28T00:00:00Z", RF_CALLING_OPEN, "2026-12-31T15:00:00Z");
    assert_at(alone, "2026-12-31T15:00:00Z", RF_CALLING_HOLIDAY, "2027-01-01T15:00:00Z");
    stage_destroy(alone);
}

static void the_window_of_an_outcome_only_narrows_the_campaigns(void **state) {
    (void)state;
    struct stage *stage = stage_new("UTC", "mon-fri 09:00-18:00", "daily 17:00-20:00", NULL);
    assert_at(stage, "2026-11-26T10:00:00Z", RF_CALLING_HOUR, "2026-11-26T17:00:00Z");
    assert_at(stage, "2026-11-26T17:00:00Z", RF_CALLING_OPEN, "2026-11-26T18:00:00Z");
    assert_at(stage, "2026-11-27T18:00:00Z", RF_CALLING_HOUR, "2026-11-30T17:00:00Z");
    assert_at(stage, "2026-11-28T18:00:00Z", RF_CALLING_WEEKDAY, "2026-11-30T17:00:00Z");
    stage_destroy(stage);
    struct stage *alone = stage_new("UTC", NULL, "daily 17:00-20:00", NULL);
    assert_at(alone, "2026-11-28T16:00:00Z", RF_CALLING_HOUR, "2026-11-28T17:00:00Z");
    stage_destroy(alone);
}

static void what_never_opens_or_never_shuts_is_told_as_never(void **state) {
    (void)state;
    struct stage *apart = stage_new("Europe/Berlin", "mon 09:00-12:00", "tue 09:00-12:00", NULL);
    assert_at(apart, "2026-11-26T10:00:00Z", RF_CALLING_WEEKDAY, "never");
    stage_destroy(apart);
    struct stage *always = stage_new("Europe/Berlin", "daily 00:00-24:00", NULL, NULL);
    assert_at(always, "2026-11-26T10:00:00Z", RF_CALLING_OPEN, "never");
    stage_destroy(always);
    struct stage *unbound = stage_new("Europe/Berlin", NULL, NULL, NULL);
    assert_at(unbound, "2026-11-26T10:00:00Z", RF_CALLING_OPEN, "never");
    stage_destroy(unbound);
}

static void only_a_zone_of_the_system_is_one(void **state) {
    (void)state;
    static const char *const names[] = {
        "",
        "Europe/Berln",
        "europe/berlin",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "+02:00",
        "Foo5",
        "../passwd",
        "/usr/share/zoneinfo/Europe/Berlin",
        "Europe",
        "Europe/",
        ":Europe/Paris",
        "Europe/../Europe/Berlin",
        "posixrules\n",
        "tzdata.zi",
    };
    struct rf_zone *zone;
    struct rf_error error = {0};
    assert_int_equal(rf_zone_new(NULL, &zone, &error), RF_ERR_NOT_FOUND);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rf_zone_new(names[i], &zone, &error) != RF_ERR_NOT_FOUND)
            fail_msg("%s was taken", names[i]);
        assert_null(zone);
        assert_non_null(strstr(error.message, "expected a name such as Europe/Berlin"));
    }
    static const char *const good[] = {
        "UTC",          "Etc/GMT+5", "America/Argentina/Buenos_Aires",
        "Asia/Kolkata", "EST5EDT",   "America/Port-au-Prince"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(rf_zone_new(good[i], &zone, &error), RF_OK);
        rf_zone_destroy(&zone);
        assert_null(zone);
    }
    rf_zone_destroy(&zone);
}

static void zones_are_read_once_and_again_after_they_were_forgotten(void **state) {
    (void)state;
    struct rf_zones zones = {0};
    const struct rf_zone *berlin, *again, *kathmandu;
    struct rf_error error = {0};
    assert_int_equal(rf_zones_find(&zones, "Europe/Berlin", &berlin, &error), RF_OK);
    assert_int_equal(rf_zones_find(&zones, "Europe/Berlin", &again, &error), RF_OK);
    assert_ptr_equal(again, berlin);
    assert_int_equal(rf_zones_find(&zones, "Asia/Kathmandu", &kathmandu, &error), RF_OK);
    assert_int_equal(rf_zone_span(kathmandu, 1800000000, 1800000001).offset_s, 20700);
    assert_int_equal(rf_zone_span(berlin, 1800000000, 1800000001).offset_s, 3600);
    assert_int_equal(rf_zones_find(&zones, "Berlin", &again, &error), RF_ERR_NOT_FOUND);
    assert_null(again);
    assert_int_equal(rf_zones_find(&zones, NULL, &again, &error), RF_ERR_NOT_FOUND);
    assert_int_equal(zones.map.count, 2);
    rf_zones_fini(&zones);
    assert_int_equal(rf_zones_find(&zones, "Europe/Berlin", &berlin, &error), RF_OK);
    rf_zones_fini(&zones);
}

static void a_zone_that_cannot_be_read_now_is_none_that_is_not_there(void **state) {
    (void)state;
    struct rf_zones zones = {0};
    const struct rf_zone *zone;
    struct rf_error error = {0};
    struct rlimit limit, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum rf_err err = rf_zones_find(&zones, "Europe/Berlin", &zone, &error);
    enum rf_err invalid = rf_zones_find(&zones, "../passwd", &zone, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(err, RF_ERR_IO);
    assert_null(zone);
    assert_non_null(strstr(error.message, "time zone Europe/Berlin in"));
    assert_non_null(strstr(error.message, "cannot be read: Too many open files"));
    assert_int_equal(invalid, RF_ERR_NOT_FOUND); // no file was needed to know it
    // Without the folder nobody knows either; and what was not read is read once it can be.
    assert_int_equal(setenv("TZDIR", "/nowhere", 1), 0);
    assert_int_equal(rf_zones_find(&zones, "Europe/Berlin", &zone, &error), RF_ERR_IO);
    assert_int_equal(unsetenv("TZDIR"), 0);
    assert_int_equal(rf_zones_find(&zones, "Europe/Berlin", &zone, &error), RF_OK);
    assert_non_null(zone);
    rf_zones_fini(&zones);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(office_hours_are_those_of_the_contacts_own_place),
        cmocka_unit_test(parts_of_a_second_are_of_the_second_that_they_are_in),
        cmocka_unit_test(what_came_before_1970_is_of_the_day_that_it_was),
        cmocka_unit_test(a_window_in_the_hour_that_spring_leaves_out_does_not_open_that_day),
        cmocka_unit_test(a_window_in_the_hour_that_autumn_brings_twice_opens_twice),
        cmocka_unit_test(lord_howe_moves_its_clock_by_half_an_hour),
        cmocka_unit_test(samoa_had_no_friday_before_new_year_2012),
        cmocka_unit_test(midnight_need_not_be_there),
        cmocka_unit_test(several_windows_a_day_and_over_midnight),
        cmocka_unit_test(nobody_is_called_on_a_holiday_nor_in_what_is_left_of_its_evening),
        cmocka_unit_test(the_window_of_an_outcome_only_narrows_the_campaigns),
        cmocka_unit_test(what_never_opens_or_never_shuts_is_told_as_never),
        cmocka_unit_test(zones_are_read_once_and_again_after_they_were_forgotten),
        cmocka_unit_test(a_zone_that_cannot_be_read_now_is_none_that_is_not_there),
        cmocka_unit_test(only_a_zone_of_the_system_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
