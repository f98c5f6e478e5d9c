// The rim's folders and files: the lock, and numbers that outlive kill -9.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "data_dir.h"
#include "keeper.h"

static char folder[] = "/tmp/rf-folders-XXXXXX";
static char state_dir[64], run_dir[64], other_dir[64];

static int make_folder(void **state) {
    (void)state;
    strcpy(folder, "/tmp/rf-folders-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(state_dir, sizeof state_dir, "%s/state", folder);
    snprintf(run_dir, sizeof run_dir, "%s/run", folder);
    snprintf(other_dir, sizeof other_dir, "%s/other", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command); // NOLINT(bugprone-command-processor,cert-env33-c): our own path
}

static void folders_are_private_and_one_brokers_alone(void **state) {
    (void)state;
    struct rf_data_dir dir, second;
    struct rf_error error;
    struct stat info;
    assert_int_equal(rf_data_dir_open(&dir, state_dir, run_dir, &error), RF_OK);
    assert_int_equal(stat(dir.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    assert_int_equal(stat(run_dir, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0700);
    // flock(2) belongs to the open file, so that a second open in this process meets it as well.
    assert_int_equal(rf_data_dir_open(&second, state_dir, run_dir, &error), RF_ERR_CONFLICT);
    char pid[32];
    snprintf(pid, sizeof pid, "pid %ld", (long)getpid());
    assert_non_null(strstr(error.message, pid));
    rf_data_dir_close(&second);
    // Another state directory would still take the same sockets over.
    assert_int_equal(rf_data_dir_open(&second, other_dir, run_dir, &error), RF_ERR_CONFLICT);
    rf_data_dir_close(&second);
    rf_data_dir_close(&dir);
    assert_int_equal(rf_data_dir_open(&dir, state_dir, run_dir, &error), RF_OK);
    rf_data_dir_close(&dir);
}

static void a_run_directory_in_which_everybody_may_write_is_refused(void **state) {
    (void)state;
    struct rf_data_dir dir;
    struct rf_error error;
    assert_int_equal(mkdir(run_dir, 0700), 0);
    assert_int_equal(chmod(run_dir, 0777), 0);
    assert_int_equal(rf_data_dir_open(&dir, state_dir, run_dir, &error), RF_ERR_CONFIG);
    assert_non_null(strstr(error.message, run_dir));
    rf_data_dir_close(&dir);
    assert_int_equal(chmod(run_dir, 0770), 0);
    assert_int_equal(rf_data_dir_open(&dir, state_dir, run_dir, &error), RF_OK);
    rf_data_dir_close(&dir);
}

static void numbers_go_on_above_the_block_of_a_killed_broker(void **state) {
    (void)state;
    struct rf_keeper keeper;
    struct rf_error error;
    assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_OK);
    assert_int_equal(keeper.lines[RF_LINE_JOURNAL].first, 1);
    assert_int_equal(keeper.lines[RF_LINE_JOURNAL].reserved, 1 + RF_NUMBERS_BLOCK);
    rf_keeper_close(&keeper, NULL); // as kill -9 leaves the file
    assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_OK);
    for (int line = 0; line < RF_LINE_COUNT; line++)
        assert_int_equal(keeper.lines[line].first, 1 + RF_NUMBERS_BLOCK);
    rf_keeper_close(&keeper, NULL);
}

static void after_a_clean_end_numbers_go_on_where_they_stood(void **state) {
    (void)state;
    struct rf_keeper keeper;
    struct rf_error error;
    assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_OK);
    const int64_t next[RF_LINE_COUNT] = {42, 7};
    rf_keeper_close(&keeper, next);
    assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_OK);
    assert_int_equal(keeper.lines[RF_LINE_JOURNAL].first, 42);
    assert_int_equal(keeper.lines[RF_LINE_VERSIONS].first, 7);
    rf_keeper_close(&keeper, NULL);
}

static bool told(const struct rf_keeper *keeper) {
    struct pollfd item = {.fd = keeper->event_fd, .events = POLLIN};
    uint64_t count;
    return poll(&item, 1, 10000) == 1 && read(keeper->event_fd, &count, sizeof count) > 0;
}

static void a_block_asked_for_stands_on_disk_when_it_is_told(void **state) {
    (void)state;
    struct rf_keeper keeper;
    struct rf_error error;
    bool failed;
    assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_OK);
    rf_keeper_ask(&keeper, RF_LINE_JOURNAL);
    assert_true(told(&keeper));
    int64_t reserved = rf_keeper_reserved(&keeper, RF_LINE_JOURNAL, &failed);
    assert_false(failed);
    assert_int_equal(reserved, 1 + 2 * RF_NUMBERS_BLOCK);
    char *text;
    assert_int_equal(rf_file_read(keeper.lines[RF_LINE_JOURNAL].path, 100, &text, NULL, &error),
                     RF_OK);
    assert_int_equal(strtoll(text, NULL, 10), reserved);
    free(text);
    rf_keeper_close(&keeper, NULL);
}

static void a_disk_that_refuses_is_told_and_gives_no_numbers(void **state) {
    (void)state;
    struct rf_keeper keeper;
    struct rf_error error;
    bool failed;
    char path[128];
    assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_OK);
    // A folder in its place cannot be replaced by a file, not even by root.
    snprintf(path, sizeof path, "%s", keeper.lines[RF_LINE_JOURNAL].path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    rf_keeper_ask(&keeper, RF_LINE_JOURNAL);
    assert_true(told(&keeper));
    assert_int_equal(rf_keeper_reserved(&keeper, RF_LINE_JOURNAL, &failed), 1 + RF_NUMBERS_BLOCK);
    assert_true(failed);
    rf_keeper_close(&keeper, NULL); // does not wait for the next attempt
}

static void a_file_without_a_number_is_refused_and_not_guessed(void **state) {
    (void)state;
    static const char *const texts[] = {"",         "\n",   "x\n", "12",
                                        "12\n13\n", "-5\n", "0\n", "99999999999999999999\n"};
    struct rf_keeper keeper;
    struct rf_error error;
    char path[128];
    snprintf(path, sizeof path, "%s/journal.numbers", folder);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(rf_file_replace(path, texts[i], strlen(texts[i]), &error), RF_OK);
        assert_int_equal(rf_keeper_open(&keeper, folder, &error), RF_ERR_INVALID);
        assert_non_null(strstr(error.message, path));
        rf_keeper_close(&keeper, NULL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(folders_are_private_and_one_brokers_alone),
        TEST(a_run_directory_in_which_everybody_may_write_is_refused),
        TEST(numbers_go_on_above_the_block_of_a_killed_broker),
        TEST(after_a_clean_end_numbers_go_on_where_they_stood),
        TEST(a_block_asked_for_stands_on_disk_when_it_is_told),
        TEST(a_disk_that_refuses_is_told_and_gives_no_numbers),
        TEST(a_file_without_a_number_is_refused_and_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
