#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "calendar/holidays.h"

// Days since 1970-01-01.
static int64_t day(int year, int month, int mday) {
    struct tm date = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = mday};
    return timegm(&date) / 86400;
}

static enum rf_err parse(const char *text, struct rf_holidays **holidays, struct rf_error *error) {
    static char copy[4096]; // the names are in it
    snprintf(copy, sizeof copy, "%s", text);
    return rf_holidays_parse(copy, "days.txt", holidays, error);
}

static void days_of_one_year_and_of_each_are_found_by_name(void **state) {
    (void)state;
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_int_equal(parse("\xEF\xBB\xBF# Berlin\n"
                           "12-25 Christmas Day\r\n"
                           "\n"
                           "  2026-04-03\tGood Friday # moves\n"
                           "02-29\n"
                           "2028-01-01",
                           &days, &error),
                     RF_OK);
    assert_string_equal(rf_holidays_on(days, day(2026, 12, 25)), "Christmas Day");
    assert_string_equal(rf_holidays_on(days, day(1969, 12, 25)), "Christmas Day");
    assert_string_equal(rf_holidays_on(days, day(2026, 4, 3)), "Good Friday");
    assert_string_equal(rf_holidays_on(days, day(2028, 2, 29)), "");
    assert_string_equal(rf_holidays_on(days, day(2028, 1, 1)), "");
    assert_null(rf_holidays_on(days, day(2027, 4, 3)));
    assert_null(rf_holidays_on(days, day(2027, 1, 1)));
    assert_null(rf_holidays_on(days, day(2027, 3, 1)));
    assert_null(rf_holidays_on(days, day(2026, 12, 24)));
    rf_holidays_destroy(&days);
    assert_null(days);
    rf_holidays_destroy(&days);
}

static void each_day_of_four_centuries_is_known_as_its_own_date(void **state) {
    (void)state;
    for (int64_t at = day(1899, 12, 31); at <= day(2300, 1, 1); at++) {
        time_t seconds = at * 86400;
        struct tm date;
        char text[64];
        gmtime_r(&seconds, &date);
        snprintf(text, sizeof text, "%04d-%02d-%02d", date.tm_year + 1900, date.tm_mon + 1,
                 date.tm_mday);
        struct rf_holidays *days;
        struct rf_error error = {0};
        assert_int_equal(rf_holidays_parse(text, "t", &days, &error), RF_OK);
        assert_null(rf_holidays_on(days, at - 1));
        assert_non_null(rf_holidays_on(days, at));
        assert_null(rf_holidays_on(days, at + 1));
        rf_holidays_destroy(&days);
    }
}

static struct rf_holidays *parsed(char *text) {
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_int_equal(rf_holidays_parse(text, "t", &days, &error), RF_OK);
    return days;
}

static void another_day_or_name_is_a_change(void **state) {
    (void)state;
    char texts[][40] = {"12-25 Christmas\n01-01", "12-25 Christmas\n\n01-01 # new year",
                        "12-25 Noel\n01-01",      "12-25 Christmas\n01-02",
                        "12-25 Christmas\n02-01", "12-25 Christmas\n2027-01-01",
                        "12-25 Christmas",        "# none"};
    struct rf_holidays *first = parsed(texts[0]);
    char digest[RF_SHA256_HEX_SIZE], wanted[RF_SHA256_HEX_SIZE];
    for (size_t i = 1; i < sizeof texts / sizeof texts[0]; i++) {
        struct rf_holidays *other = parsed(texts[i]);
        rf_holidays_digest(other, digest);
        assert_int_equal(strcmp(digest, rf_holidays_digest(first, wanted)) == 0, i == 1);
        rf_holidays_destroy(&other);
    }
    rf_holidays_destroy(&first);
}

static void no_holidays_are_no_day(void **state) {
    (void)state;
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_null(rf_holidays_on(NULL, day(2026, 12, 25)));
    assert_int_equal(parse("# nothing\n\n", &days, &error), RF_OK);
    assert_null(rf_holidays_on(days, day(2026, 12, 25)));
    rf_holidays_destroy(&days);
}

static void a_bad_line_is_told_with_its_number_and_the_mend(void **state) {
    (void)state;
    static const char *const lines[] = {
        "Christmas 12-25", "25.12.2026", "2026-13-01", "2026-00-01",  "2026-02-29", "2026-04-31",
        "2026-4-3",        "02-30",      "13-01",      "2026-12-250", "2026/12/25", "0000-12-25",
        "12-25x",          "2026-12",    "20261225",   "12-00",       "-12-25",     "2026-12-25-1",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[128], place[64];
        struct rf_holidays *days;
        struct rf_error error = {0};
        snprintf(text, sizeof text, "12-25\n# a comment\n%s\n12-26\n", lines[i]);
        if (parse(text, &days, &error) != RF_ERR_INVALID)
            fail_msg("%s was taken", lines[i]);
        assert_null(days);
        snprintf(place, sizeof place, "days.txt:3: '%s' ", lines[i]);
        assert_memory_equal(error.message, place, strlen(place));
        assert_non_null(strstr(error.message, "expected YYYY-MM-DD, or MM-DD for each year"));
    }
}

// A database of UTF-8 takes neither such a name nor a message that has it.
static void a_line_that_is_not_utf8_is_told_with_its_number(void **state) {
    (void)state;
    static const char *const lines[] = {"12-25 F\xEAte de No\xEBl", "12-25 cut \xC3",
                                        "12-25 \xED\xA0\x80 surrogate", "12-25 \xC0\xAF overlong",
                                        "\xFF\xFE"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char text[64];
        struct rf_holidays *days;
        struct rf_error error = {0};
        snprintf(text, sizeof text, "12-26\n%s", lines[i]);
        if (parse(text, &days, &error) != RF_ERR_INVALID)
            fail_msg("line %zu was taken", i);
        assert_memory_equal(error.message, "days.txt:2: '", 13);
        assert_non_null(strstr(error.message, " is not UTF-8; expected UTF-8 text"));
    }
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_int_equal(parse("12-25 F\xC3\xAAte de No\xC3\xABl", &days, &error), RF_OK);
    rf_holidays_destroy(&days);
}

static void a_name_has_a_bound(void **state) {
    (void)state;
    char text[RF_HOLIDAYS_NAME_MAX + 16] = "12-25 ";
    struct rf_holidays *days;
    struct rf_error error = {0};
    memset(text + 6, 'x', RF_HOLIDAYS_NAME_MAX);
    assert_int_equal(parse(text, &days, &error), RF_OK);
    rf_holidays_destroy(&days);
    text[6 + RF_HOLIDAYS_NAME_MAX] = 'x';
    assert_int_equal(parse(text, &days, &error), RF_ERR_INVALID);
    assert_memory_equal(error.message, "days.txt:1: '12-25 xxx", 22);
    assert_non_null(strstr(error.message, " has a name of 101 bytes; expected at most 100"));
}

static void there_are_only_so_many(void **state) {
    (void)state;
    char *text = malloc((size_t)(RF_HOLIDAYS_MAX + 1) * 6 + 1);
    for (int i = 0; i <= RF_HOLIDAYS_MAX; i++)
        memcpy(text + (size_t)i * 6, "12-25\n", 7);
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_int_equal(rf_holidays_parse(text, "many.txt", &days, &error), RF_ERR_INVALID);
    assert_string_equal(error.message, "many.txt:10001: expected at most 10000 holidays");
    free(text);
}

static void a_file_is_read_and_one_that_is_not_there_is_told(void **state) {
    (void)state;
    char path[] = "/tmp/rf_holidays_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "01-06 Epiphany\n", 15), 15);
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_int_equal(rf_holidays_read(path, &days, &error), RF_OK);
    assert_string_equal(rf_holidays_on(days, day(2031, 1, 6)), "Epiphany");
    rf_holidays_destroy(&days);
    assert_int_equal(write(fd, "01-07\0x", 7), 7);
    assert_int_equal(rf_holidays_read(path, &days, &error), RF_ERR_INVALID);
    assert_non_null(strstr(error.message, path));
    close(fd);
    unlink(path);
    assert_int_not_equal(rf_holidays_read(path, &days, &error), RF_OK);
    assert_non_null(strstr(error.message, path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_of_one_year_and_of_each_are_found_by_name),
        cmocka_unit_test(each_day_of_four_centuries_is_known_as_its_own_date),
        cmocka_unit_test(another_day_or_name_is_a_change),
        cmocka_unit_test(no_holidays_are_no_day),
        cmocka_unit_test(a_bad_line_is_told_with_its_number_and_the_mend),
        cmocka_unit_test(a_line_that_is_not_utf8_is_told_with_its_number),
        cmocka_unit_test(a_name_has_a_bound),
        cmocka_unit_test(there_are_only_so_many),
        cmocka_unit_test(a_file_is_read_and_one_that_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
