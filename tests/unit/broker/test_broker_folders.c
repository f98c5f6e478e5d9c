// The rim's folders and their locks.
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

#include "data_dir.h"

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

static void a_run_directory_of_another_user_is_refused(void **state) {
    (void)state;
    struct rf_data_dir dir;
    struct rf_error error;
    assert_int_equal(mkdir(run_dir, 0700), 0);
    if (chown(run_dir, 12345, (gid_t)-1) != 0)
        skip(); // only root can give one away
    assert_int_equal(rf_data_dir_open(&dir, state_dir, run_dir, &error), RF_ERR_CONFIG);
    assert_non_null(strstr(error.message, run_dir));
    assert_non_null(strstr(error.message, "another user (uid 12345)"));
    rf_data_dir_close(&dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(folders_are_private_and_one_brokers_alone),
        TEST(a_run_directory_in_which_everybody_may_write_is_refused),
        TEST(a_run_directory_of_another_user_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
