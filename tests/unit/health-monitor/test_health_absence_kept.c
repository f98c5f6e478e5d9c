#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absence_kept.h"

static char folder[64], inner[80], file[96];

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/rf-absence-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(inner, sizeof inner, "%s/monitor", folder);
    snprintf(file, sizeof file, "%s/alerter.json", inner);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    unlink(file);
    rmdir(inner);
    return rmdir(folder);
}

static void write_file(const char *text) {
    mkdir(inner, 0700);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void what_is_saved_is_read_back(void **state) {
    (void)state;
    struct health_absence_kept kept = {.told = true, .since = {INT64_C(1764000000123456789)}}, read;
    struct rf_error error;
    assert_int_equal(health_absence_save(file, &kept, &error), RF_OK); // and its folder made
    assert_int_equal(health_absence_load(file, &read, &error), RF_OK);
    assert_true(read.told);
    assert_int_equal(read.since.ns, kept.since.ns);
    kept = (struct health_absence_kept){0};
    assert_int_equal(health_absence_save(file, &kept, &error), RF_OK);
    assert_int_equal(health_absence_load(file, &read, &error), RF_OK);
    assert_false(read.told);
    assert_int_equal(read.since.ns, 0);
}

static void without_a_file_nothing_was_told(void **state) {
    (void)state;
    struct health_absence_kept read = {.told = true};
    struct rf_error error;
    assert_int_equal(health_absence_load(file, &read, &error), RF_OK);
    assert_false(read.told);
}

static void a_file_that_is_not_ours_is_named_and_taken_for_none(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "{}",
                                        "[1]",
                                        "{\"told\": 1, \"since\": 2}",
                                        "{\"told\": true, \"since\": -2}",
                                        "{\"told\": tr"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct health_absence_kept read = {.told = true, .since = {1}};
        struct rf_error error;
        write_file(texts[i]);
        assert_int_equal(health_absence_load(file, &read, &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, file));
        assert_false(read.told);
        assert_int_equal(read.since.ns, 0);
    }
}

static void a_place_that_takes_nothing_is_an_error(void **state) {
    (void)state;
    struct health_absence_kept kept = {0};
    struct rf_error error;
    assert_int_not_equal(health_absence_save("/proc/none/alerter.json", &kept, &error), RF_OK);
    assert_int_equal(health_absence_save("alerter.json", &kept, &error), RF_ERR_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_is_saved_is_read_back),
        TEST(without_a_file_nothing_was_told),
        TEST(a_file_that_is_not_ours_is_named_and_taken_for_none),
        TEST(a_place_that_takes_nothing_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
