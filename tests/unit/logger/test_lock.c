#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"

struct bench {
    char folder[32];
    char path[64];
};

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    strcpy(bench->folder, "/tmp/rf-XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    snprintf(bench->path, sizeof bench->path, "%s/lock", bench->folder);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    unlink(bench->path);
    rmdir(bench->path);
    rmdir(bench->folder);
    free(bench);
    return 0;
}

static void one_has_it_and_is_named_to_the_other(void **state) {
    struct bench *bench = *state;
    struct rf_logger_lock one = RF_LOGGER_LOCK_NONE, other = RF_LOGGER_LOCK_NONE;
    struct rf_error error = {0};
    char words[128];
    snprintf(words, sizeof words, "%s: another logger (pid %ld) has it", bench->path,
             (long)getpid());
    assert_int_equal(rf_logger_lock_take(&one, bench->path, &error), RF_OK);
    assert_int_equal(rf_logger_lock_take(&other, bench->path, &error), RF_ERR_CONFLICT);
    assert_string_equal(error.message, words);
    assert_int_equal(other.fd, -1);
    rf_logger_lock_release(&other); // fine for one that was not taken
    rf_logger_lock_release(&one);
    assert_int_equal(rf_logger_lock_take(&other, bench->path, &error), RF_OK);
    rf_logger_lock_release(&other);
}

static void a_file_that_names_nobody_is_refused_all_the_same(void **state) {
    struct bench *bench = *state;
    struct rf_logger_lock one = RF_LOGGER_LOCK_NONE, other = RF_LOGGER_LOCK_NONE;
    struct rf_error error = {0};
    char words[128];
    snprintf(words, sizeof words, "%s: another logger has it", bench->path);
    assert_int_equal(rf_logger_lock_take(&one, bench->path, &error), RF_OK);
    assert_int_equal(truncate(bench->path, 0), 0);
    assert_int_equal(rf_logger_lock_take(&other, bench->path, &error), RF_ERR_CONFLICT);
    assert_string_equal(error.message, words);
    rf_logger_lock_release(&one);
}

static void it_ends_with_the_process_and_no_program_inherits_it(void **state) {
    struct bench *bench = *state;
    struct rf_logger_lock lock = RF_LOGGER_LOCK_NONE;
    struct rf_error error = {0};
    int taken[2];
    char byte = 0;
    assert_int_equal(pipe(taken), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); // also if an assertion fails
        bool good = rf_logger_lock_take(&lock, bench->path, &error) == RF_OK &&
                    (fcntl(lock.fd, F_GETFD) & FD_CLOEXEC) != 0 && write(taken[1], "y", 1) == 1;
        while (good)
            pause();
        _exit(1);
    }
    close(taken[1]);
    assert_int_equal(read(taken[0], &byte, 1), 1);
    assert_int_equal(rf_logger_lock_take(&lock, bench->path, &error), RF_ERR_CONFLICT);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(rf_logger_lock_take(&lock, bench->path, &error), RF_OK);
    rf_logger_lock_release(&lock);
    close(taken[0]);
}

static void what_is_no_file_is_an_error(void **state) {
    struct bench *bench = *state;
    struct rf_logger_lock lock = RF_LOGGER_LOCK_NONE;
    struct rf_error error = {0};
    assert_int_equal(mkdir(bench->path, 0700), 0);
    assert_int_equal(rf_logger_lock_take(&lock, bench->path, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, bench->path));
    assert_int_equal(lock.fd, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_has_it_and_is_named_to_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_names_nobody_is_refused_all_the_same, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(it_ends_with_the_process_and_no_program_inherits_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_file_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
